"""Checked trees into closures over facts. An unknown number is NaN, an unknown truth is None.

Closures nest as deep as parentheses do: chains are loops, so their length costs time only.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeAlias, TypeVar

from monitor.rules.facts import Counted, Facts, count_reader, health_reader
from monitor.rules.functions import history
from monitor.rules.names import AGGREGATES, COUNTS, HEALTH
from monitor.rules.printing import written
from monitor.rules.quantity import Quantity
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

It = TypeVar("It")
Truth: TypeAlias = Callable[[Facts], bool | None]
Value: TypeAlias = Callable[[Facts], float]
Thresholds: TypeAlias = Mapping[str, Quantity]

_Part: TypeAlias = float | Callable[[It], float]
"""A constant, or what has to be asked each time."""


def compile_truth(node: Node, thresholds: Thresholds) -> Truth:
    """The condition `node` as a function of facts. `node` has passed `dimensions.check_condition`."""
    match node:
        case Comparison():
            return _compared(node, thresholds)
        case Not():
            return _negated(compile_truth(node.operand, thresholds))
        case All():
            return _all(tuple(compile_truth(term, thresholds) for term in node.terms))
        case Some():
            return _some(tuple(compile_truth(term, thresholds) for term in node.terms))
        case _:
            raise TypeError(f"not a condition: {type(node).__name__}")


def compile_value(node: Node, thresholds: Thresholds) -> Value:
    """The number or duration (in seconds) `node` as a function of facts. `node` has passed `dimensions.dimension`."""
    return _function(_value_part(node, thresholds))


def reach_of(call: Call, thresholds: Thresholds) -> timedelta:
    """How far a checked call of a history function looks back."""
    length = call.arguments[1]
    if isinstance(length, Duration):
        return length.length
    if isinstance(length, Name):
        return timedelta(seconds=thresholds[length.text].value)
    raise TypeError(f"not a duration: {type(length).__name__}")


def _value_part(node: Node, thresholds: Thresholds) -> _Part[Facts]:
    def leaf(node: Name | Call) -> _Part[Facts]:
        if isinstance(node, Call) and node.function in AGGREGATES:
            return _aggregated(written(node))
        if isinstance(node, Call):
            measure = _function(_numeric(node.arguments[0], count_or_threshold))
            return history(node.function, measure=measure, reach=reach_of(node, thresholds))
        return health_reader(node.text) if node.text in HEALTH else count_or_threshold(node)

    def count_or_threshold(node: Name | Call) -> _Part[Counted]:
        if isinstance(node, Call):
            raise TypeError("history does not nest")
        return count_reader(node.text) if node.text in COUNTS else thresholds[node.text].value

    return _numeric(node, leaf)


def _aggregated(writing: str) -> _Part[Facts]:
    return lambda it: it.aggregates[writing]


def _numeric(node: Node, leaf: Callable[[Name | Call], _Part[It]]) -> _Part[It]:
    def combine(node: Node, below: list[_Part[It]]) -> _Part[It]:
        match node:
            case Number() | Duration():
                return node.value
            case Name() | Call():
                return leaf(node)
            case Negative():
                return _minus(below[0])
            case Sum() | Product():
                return _chain(
                    below[0], [(_STEPS[op], part) for (op, _), part in zip(node.rest, below[1:], strict=True)]
                )
            case _:
                raise TypeError(f"not a number: {type(node).__name__}")

    return fold(node, combine)


def _function(part: _Part[It]) -> Callable[[It], float]:
    return part if callable(part) else lambda _: part


def _minus(part: _Part[It]) -> _Part[It]:
    if callable(part):
        return lambda it: -part(it)
    return -part


def _chain(first: _Part[It], rest: list[tuple[Callable[[float, float], float], _Part[It]]]) -> _Part[It]:
    start = _function(first)
    steps = tuple((apply, _function(part)) for apply, part in rest)
    if len(steps) == 1:
        ((combine, second),) = steps
        return lambda it: combine(start(it), second(it))

    def value(it: It) -> float:
        result = start(it)
        for apply, part in steps:
            result = apply(result, part(it))
        return result

    return value


def _times(left: float, right: float) -> float:
    # As floats: a long product of whole numbers would grow without bound.
    return float(left) * right


def _over(left: float, right: float) -> float:
    """IEEE division, but a zero has no sign: a count of 0 and -0.0 are the same to an operator."""
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left)


_STEPS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": _times,
    "/": _over,
}


def _compared(node: Comparison, thresholds: Thresholds) -> Truth:
    left, right = _value_part(node.left, thresholds), _value_part(node.right, thresholds)
    if callable(left) and not callable(right):
        return _WITH_CONSTANT[node.op](left, right)
    return _BETWEEN[node.op](_function(left), _function(right))


def _equal(left: Value, right: Value) -> Truth:
    def truth(it: Facts) -> bool | None:
        a, b = left(it), right(it)
        return True if a == b else False if a < b or a > b else None

    return truth


def _negated(inner: Truth) -> Truth:
    def truth(it: Facts) -> bool | None:
        found = inner(it)
        return None if found is None else not found

    return truth


# Each asks the comparison and then its opposite: where neither holds, one side is NaN and the truth unknown.
_WITH_CONSTANT: dict[str, Callable[[Value, float], Truth]] = {
    ">": lambda left, c: lambda it: True if (a := left(it)) > c else False if a <= c else None,
    ">=": lambda left, c: lambda it: True if (a := left(it)) >= c else False if a < c else None,
    "<": lambda left, c: lambda it: True if (a := left(it)) < c else False if a >= c else None,
    "<=": lambda left, c: lambda it: True if (a := left(it)) <= c else False if a > c else None,
    "==": lambda left, c: lambda it: True if (a := left(it)) == c else False if a < c or a > c else None,
    "!=": lambda left, c: lambda it: False if (a := left(it)) == c else True if a < c or a > c else None,
}
_BETWEEN: dict[str, Callable[[Value, Value], Truth]] = {
    ">": lambda left, right: lambda it: True if (a := left(it)) > (b := right(it)) else False if a <= b else None,
    ">=": lambda left, right: lambda it: True if (a := left(it)) >= (b := right(it)) else False if a < b else None,
    "<": lambda left, right: lambda it: True if (a := left(it)) < (b := right(it)) else False if a >= b else None,
    "<=": lambda left, right: lambda it: True if (a := left(it)) <= (b := right(it)) else False if a > b else None,
    "==": _equal,
    "!=": lambda left, right: _negated(_equal(left, right)),
}


def _all(terms: tuple[Truth, ...]) -> Truth:
    def truth(it: Facts) -> bool | None:
        result: bool | None = True
        for term in terms:
            found = term(it)
            if found is False:
                return False
            if found is None:
                result = None
        return result

    return truth


def _some(terms: tuple[Truth, ...]) -> Truth:
    def truth(it: Facts) -> bool | None:
        result: bool | None = False
        for term in terms:
            found = term(it)
            if found:
                return True
            if found is None:
                result = None
        return result

    return truth
