"""The check of a tree before it runs: every name known, every operation between what fits together."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.model import KINDS
from monitor.rules.calls import check_call, not_called, of_one
from monitor.rules.names import AGGREGATES, COUNTS, HEALTH, HISTORY, unknown_name
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
)
from monitor.textfault import TextFault

NUMBER, DURATION, TRUTH = Dimension.NUMBER, Dimension.DURATION, Dimension.TRUTH

Thresholds = Mapping[str, Quantity]


def check_condition(node: Node, thresholds: Thresholds, *, by: bool = False) -> None:
    """TextFault unless `node` is sound and either true or false; with `by` it is about several instances."""
    _want_truth(node, dimension(node, thresholds, by=by))


def dimension(node: Node, thresholds: Thresholds, *, by: bool = False) -> Dimension:
    """What `node` measures; TextFault where it is not sound. With `by` instances are seen through aggregates alone."""

    def combine(node: Node, below: list[Dimension]) -> Dimension:
        match node:
            case Number():
                return NUMBER
            case Duration():
                return DURATION
            case Name():
                return _name(node, thresholds, by=by)
            case Call():
                return check_call(node, thresholds, by=by, measure=lambda inner: dimension(inner, thresholds))
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


def _name(node: Name, thresholds: Thresholds, *, by: bool) -> Dimension:
    name = node.text
    if by and (name in COUNTS or name in HEALTH):
        raise _fault(node, of_one(name))
    if name in COUNTS:
        return NUMBER
    if name in HEALTH:
        return HEALTH[name]
    if name in thresholds:
        return thresholds[name].dimension
    if name in HISTORY or name in AGGREGATES:
        raise _fault(node, not_called(name, by=by))
    if name in KINDS:
        raise _fault(node, f"{name} is a kind of task, not a count: write {name}.abnormal or the like")
    raise _fault(node, unknown_name(name, (*COUNTS, *HEALTH, *thresholds, "and", "or", "not")))


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


def _is(node: Node, found: Dimension) -> str:
    return f"{_short(node)} is {found.value}"


def _short(node: Node) -> str:
    text = written(node)
    return text if len(text) <= 40 else "this expression"


def _fault(node: Node, message: str) -> TextFault:
    return TextFault(message, column=node.span.column, width=node.span.width)
