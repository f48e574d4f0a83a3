"""The check of one call: history looks at the past of one instance, aggregates at several instances."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.rules.names import AGGREGATES, COUNTS, HEALTH, HISTORY, RESERVED, nearest
from monitor.rules.printing import written
from monitor.rules.quantity import Dimension, Quantity
from monitor.rules.syntax import Call, Comparison, Duration, Name, Node, walk
from monitor.textfault import TextFault, quoted

NUMBER, DURATION, TRUTH = Dimension.NUMBER, Dimension.DURATION, Dimension.TRUTH

Thresholds = Mapping[str, Quantity]
Measured = Callable[[Node], Dimension]
"""What a part measures, seen as of one instance."""

_HEALTH_OVER = {
    "up": "count(up == 0)",
    "suspicious": "count(suspicious == 1)",
    "failures": "max(failures) or count(failures > 3)",
    "age": "max(age) or count(age > 5m)",
    "latency": "max(latency) or count(latency > 5s)",
}


def check_call(node: Call, thresholds: Thresholds, *, by: bool, measure: Measured) -> Dimension:
    """What `node` gives; TextFault unless it is a function of the language that can do with what it is given."""
    name = node.function
    if name in AGGREGATES:
        if not by:
            raise _fault(node, _needs_by(name))
        return _aggregate(node, measure)
    if name not in HISTORY:
        raise _fault(node, _no_function(name, thresholds, by=by))
    if by:
        shown = f"{name}(abnormal, 5m)" if _has_aggregate(node) else _short(node, f"{name}(abnormal, 5m)")
        raise _fault(node, f"{name} looks at one instance, `by` at several: write sum({shown}) or max({shown})")
    if len(node.arguments) != 2:
        raise _fault(node, f"{name} takes a count and a duration: write {name}(abnormal, 5m)")
    _past(node, node.arguments[0], measure)
    _reach(node, node.arguments[1], thresholds, measure)
    return NUMBER


def not_called(name: str, *, by: bool) -> str:
    """What to say where the name of a function stands alone."""
    if name in HISTORY:
        return f"{name} is a function: write {name}(abnormal, 5m)"
    return f"{name} is a function: write {_example(name)}" if by else _needs_by(name)


def of_one(name: str) -> str:
    """What to say where a count or a poll-health name stands outside an aggregate in a rule with `by`."""
    instead = _HEALTH_OVER.get(name, f"sum({name}), max({name}) or count({name} > 0)")
    return f"{name} is of one instance, `by` looks at several: write {instead}"


def _no_function(name: str, thresholds: Thresholds, *, by: bool) -> str:
    if name in RESERVED or name in thresholds:
        return f"{name} is not a function: an operator is missing before ("
    known = (*AGGREGATES, *HISTORY) if by else HISTORY
    close = nearest(name, known)
    advice = f"did you mean {close}?" if close else f"there are {', '.join(known)}"
    return f"there is no function {quoted(name)}: {advice}"


def _needs_by(name: str) -> str:
    over_time = f"; over time write {name}_over_time(abnormal, 5m)" if f"{name}_over_time" in HISTORY else ""
    return f"{name} looks at several instances: give the rule a `by`, such as by: [account]{over_time}"


def _aggregate(call: Call, measure: Measured) -> Dimension:
    """An aggregate takes one thing of each instance: a condition to count, a number or a duration otherwise."""
    name = call.function
    if len(call.arguments) != 1:
        over_time = f"{name}_over_time"
        past = f"; over time as well: {name}({over_time}(abnormal, 5m))" if over_time in HISTORY else ""
        raise _fault(call, f"{name} takes one {_taken(name)}: write {_example(name)}{past}")
    [argument] = call.arguments
    if _has_aggregate(argument):
        raise _fault(argument, f"aggregates do not nest: {name} takes what one instance shows, as in {_example(name)}")
    found = measure(argument)
    if (found is TRUTH) is not (name == "count"):
        counts = "; to count instances write count(abnormal > 0)" if found is TRUTH else ""
        raise _fault(argument, f"{name} takes a {_taken(name)}: write {_example(name)}{counts}")
    if not any(isinstance(each, Name) and (each.text in COUNTS or each.text in HEALTH) for each in walk(argument)):
        raise _fault(argument, f"nothing of an instance stands here: write {_example(name)}")
    _ages(call, argument)
    return NUMBER if name == "count" else found


def _ages(call: Call, argument: Node) -> None:
    """`age` moves by itself, so what it moves has to be told without asking every instance all the time: alone, or
    alone on one side of a comparison."""
    if call.function != "count":
        if _reads_age(argument) and not _is_age(argument):
            raise _fault(argument, f"age stands alone here: write {call.function}(age)")
        return
    for each in walk(argument):
        if isinstance(each, Comparison):
            sides = (each.left, each.right)
            if any(_reads_age(side) and not _is_age(side) for side in sides) or all(map(_is_age, sides)):
                raise _fault(each, "age stands alone on one side of a comparison here, as in count(age > 5m)")


def _past(call: Call, counted: Node, measure: Measured) -> None:
    """What a history function looks at: a count, or arithmetic on counts."""
    for each in walk(counted):
        if isinstance(each, Call) and each.function in HISTORY:
            raise _fault(
                each, f"history does not nest: {call.function} takes counts, such as {call.function}(abnormal, 5m)"
            )
        if isinstance(each, Name) and each.text in HEALTH:
            raise _fault(each, f"{each.text} has no history: {call.function} takes counts, such as abnormal")
    if measure(counted) is not NUMBER:
        raise _fault(counted, f"{call.function} takes a count first: write {call.function}(abnormal, 5m)")
    if not any(isinstance(each, Name) and each.text in COUNTS for each in walk(counted)):
        raise _fault(counted, f"no count stands here: write {call.function}(abnormal, 5m)")


def _reach(call: Call, length: Node, thresholds: Thresholds, measure: Measured) -> None:
    """How far a history function looks back: a duration, or a threshold that is one."""
    if isinstance(length, Duration):
        positive = length.value > 0
    elif isinstance(length, Name) and length.text in thresholds and thresholds[length.text].dimension is DURATION:
        positive = thresholds[length.text].value > 0
    else:
        measure(length)
        raise _fault(length, f"{call.function} takes a duration second, such as 5m, or a threshold that is one")
    if not positive:
        raise _fault(length, f"{call.function} looks back over more than 0s: write a duration such as 5m")


def _has_aggregate(node: Node) -> bool:
    return any(isinstance(each, Call) and each.function in AGGREGATES for each in walk(node))


def _is_age(node: Node) -> bool:
    return isinstance(node, Name) and node.text == "age"


def _reads_age(node: Node) -> bool:
    return any(_is_age(each) for each in walk(node))


def _taken(name: str) -> str:
    return "condition" if name == "count" else "number"


def _example(name: str) -> str:
    return "count(abnormal > 0)" if name == "count" else f"{name}(abnormal)"


def _short(node: Node, otherwise: str) -> str:
    text = written(node)
    return text if len(text) <= 40 else otherwise


def _fault(node: Node, message: str) -> TextFault:
    return TextFault(message, column=node.span.column, width=node.span.width)
