"""What an aggregate asks of one instance: a number, or a truth that it counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitor.rules.compile import Thresholds, Truth, Value, compile_truth, compile_value
from monitor.rules.facts import Facts
from monitor.rules.syntax import Call, Comparison, Name, Node, walk

_MOVING = ("age", "failures", "latency")
"""What differs from poll to poll although the counts are the same."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One aggregate as one instance sees it.

    `value` is what the instance brings: NaN where it is unknown; a condition gives 1 or 0. `turns` are the ages (in
    seconds) at which a condition may turn although nothing is sampled. Where `is_age`, what counts is the age itself,
    which grows alike for all. Where it is `steady`, a poll that saw the same as the one before brings the same.
    """

    function: str
    value: Value
    turns: tuple[Value, ...] = ()
    is_age: bool = False
    steady: bool = False


def measure_of(call: Call, thresholds: Thresholds) -> Measure:
    """What `call` asks under these thresholds. It has passed `dimensions.check_condition`."""
    [argument] = call.arguments
    steady = not any(
        isinstance(each, Call) or (isinstance(each, Name) and each.text in _MOVING) for each in walk(argument)
    )
    if call.function == "count":
        truth = _counted(compile_truth(argument, thresholds))
        turns = tuple(compile_value(side, thresholds) for side in _beside_age(argument))
        return Measure(call.function, truth, turns, steady=steady)
    is_age = isinstance(argument, Name) and argument.text == "age"
    return Measure(call.function, compile_value(argument, thresholds), is_age=is_age, steady=steady)


def _counted(truth: Truth) -> Value:
    def value(facts: Facts) -> float:
        found = truth(facts)
        return math.nan if found is None else int(found)

    return value


def _beside_age(condition: Node) -> list[Node]:
    """What age is compared with."""
    found: list[Node] = []
    for each in walk(condition):
        if isinstance(each, Comparison):
            sides = (each.left, each.right)
            for side, other in (sides, sides[::-1]):
                if isinstance(side, Name) and side.text == "age":
                    found.append(other)
    return found
