"""The check of a tree before it runs: every name known, every operation between what fits together."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.rules.names import AGGREGATES, COUNTS, HEALTH, HISTORY, RESERVED, nearest, unknown_name
from monitor.rules.printing import figure, written
from monitor.rules.quantity import Dimension, Quantity
from monitor.rules.syntax import (
    All,
    Call,
    Comparison,
    Duration,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Product,
    Some,
    Sum,
    fold,
    walk,
)
from monitor.textfault import TextFault, quoted

NUMBER, DURATION, TRUTH = Dimension.NUMBER, Dimension.DURATION, Dimension.TRUTH

Thresholds = Mapping[str, Quantity]


def check_condition(node: Node, thresholds: Thresholds) -> None:
    """TextFault unless `node` is sound and either true or false."""
    _want_truth(node, dimension(node, thresholds))


def dimension(node: Node, thresholds: Thresholds) -> Dimension:
    """What `node` measures; TextFault where it is not sound."""

    def combine(node: Node, below: list[Dimension]) -> Dimension:
        match node:
            case Number():
                return NUMBER
            case Duration():
                return DURATION
            case Name():
                return _name(node, thresholds)
            case Call():
                return _call(node, thresholds)
            case Negative():
                return _measured(node.operand, below[0], "-")
            case Sum() | Product():
                return _chain(node, below)
            case Comparison():
                return _comparison(node, below)
            case Not():
                return _want_truth(node.operand, below[0])
            case All() | Some():
                for term, found in zip(node.terms, below, strict=True):
                    _want_truth(term, found)
                return TRUTH

    return fold(node, combine)


def _name(node: Name, thresholds: Thresholds) -> Dimension:
    name = node.text
    if name in COUNTS:
        return NUMBER
    if name in HEALTH:
        return HEALTH[name]
    if name in thresholds:
        return thresholds[name].dimension
    if name in HISTORY:
        raise _fault(node, f"{name} is a function: write {name}(abnormal, 5m)")
    if name in AGGREGATES:
        raise _fault(node, _no_aggregate(name))
    raise _fault(node, unknown_name(name, (*COUNTS, *HEALTH, *thresholds, "and", "or", "not")))


def _call(node: Call, thresholds: Thresholds) -> Dimension:
    name = node.function
    if name in AGGREGATES:
        raise _fault(node, _no_aggregate(name))
    if name not in HISTORY:
        if name in RESERVED or name in thresholds:
            raise _fault(node, f"{name} is not a function: an operator is missing before (")
        close = nearest(name, HISTORY)
        raise _fault(
            node, f"there is no function {quoted(name)}: " + (f"did you mean {close}?" if close else _functions())
        )
    if len(node.arguments) != 2:
        raise _fault(node, f"{name} takes a count and a duration: write {name}(abnormal, 5m)")
    _past(node, node.arguments[0], thresholds)
    _reach(node, node.arguments[1], thresholds)
    return NUMBER


def _past(call: Call, measure: Node, thresholds: Thresholds) -> None:
    """What a history function looks at: a count, or arithmetic on counts."""
    for each in walk(measure):
        if isinstance(each, Call) and each.function in HISTORY:
            raise _fault(
                each, f"history does not nest: {call.function} takes counts, such as {call.function}(abnormal, 5m)"
            )
        if isinstance(each, Name) and each.text in HEALTH:
            raise _fault(each, f"{each.text} has no history: {call.function} takes counts, such as abnormal")
    if dimension(measure, thresholds) is not NUMBER:
        raise _fault(measure, f"{call.function} takes a count first: write {call.function}(abnormal, 5m)")
    if not any(isinstance(each, Name) and each.text in COUNTS for each in walk(measure)):
        raise _fault(measure, f"no count stands here: write {call.function}(abnormal, 5m)")


def _reach(call: Call, length: Node, thresholds: Thresholds) -> None:
    """How far a history function looks back: a duration, or a threshold that is one."""
    if isinstance(length, Duration):
        positive = length.value > 0
    elif isinstance(length, Name) and length.text in thresholds and thresholds[length.text].dimension is DURATION:
        positive = thresholds[length.text].value > 0
    else:
        dimension(length, thresholds)
        raise _fault(length, f"{call.function} takes a duration second, such as 5m, or a threshold that is one")
    if not positive:
        raise _fault(length, f"{call.function} looks back over more than 0s: write a duration such as 5m")


def _chain(node: Sum | Product, below: list[Dimension]) -> Dimension:
    found = _measured(node.first, below[0], node.rest[0][0])
    for (op, term), following in zip(node.rest, below[1:], strict=True):
        _measured(term, following, op)
        if op in "+-":
            if found is not following:
                raise _fault(node, f"{_is(node.first, found)}, {_is(term, following)}: {op} takes two of a kind")
        elif op == "*":
            if found is following is DURATION:
                raise _fault(term, "a duration times a duration means nothing: multiply it with a number")
            found = DURATION if DURATION in (found, following) else NUMBER
        elif following is DURATION:
            if found is NUMBER:
                raise _fault(term, f"{_is(term, following)}: a number cannot be divided by it")
            found = NUMBER
    return found


def _comparison(node: Comparison, below: list[Dimension]) -> Dimension:
    left, right = below
    _measured(node.left, left, node.op)
    _measured(node.right, right, node.op)
    if left is right:
        return TRUTH
    number, duration = (node.right, node.left) if left is DURATION else (node.left, node.right)
    apart = f"{_is(duration, DURATION)}, {_is(number, NUMBER)}"
    if isinstance(number, Number) and not number.percent and float(number.written).is_integer():
        seconds = figure(number.written)
        raise _fault(number, f"{apart}: write {seconds}s or {seconds}m")
    raise _fault(node, f"{apart}: compare durations with durations, such as age > 5m")


def _measured(node: Node, found: Dimension, op: str) -> Dimension:
    if found is TRUTH:
        raise _fault(node, f"{_is(node, TRUTH)}: {op} takes numbers or durations; join conditions with and, or, not")
    return found


def _want_truth(node: Node, found: Dimension) -> Dimension:
    if found is not TRUTH:
        sample = "0" if found is NUMBER else "5m"
        raise _fault(
            node, f"{_is(node, found)}, not a condition: write a comparison, such as {_short(node)} > {sample}"
        )
    return TRUTH


def _no_aggregate(name: str) -> str:
    if name in ("avg", "min", "max"):
        return f"a rule sees one instance, there is no {name} over several; over time: {name}_over_time(abnormal, 5m)"
    return f"a rule sees one instance, there is no {name} over several: write a condition on its own counts"


def _functions() -> str:
    return f"there are {', '.join(HISTORY)}"


def _is(node: Node, found: Dimension) -> str:
    return f"{_short(node)} is {found.value}"


def _short(node: Node) -> str:
    text = written(node)
    return text if len(text) <= 40 else "this expression"


def _fault(node: Node, message: str) -> TextFault:
    return TextFault(message, column=node.span.column, width=node.span.width)
