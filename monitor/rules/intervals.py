"""Between which values an expression lies, whatever the samples say: interval arithmetic on the syntax tree.

The ends go through the same operations in the same order as the values would, and rounding never changes an order, so
a bound holds to the last bit. What is unknown (NaN) lies nowhere: no comparison with it is true.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from monitor.rules.names import COUNTS, HEALTH
from monitor.rules.syntax import Call, Duration, Name, Negative, Node, Number, Product, Sum, fold


class Interval(NamedTuple):
    """All values from `low` to `high`, both included."""

    low: float = -math.inf
    high: float = math.inf

    @property
    def single(self) -> bool:
        """Whether there is but one value."""
        return self.low == self.high

    def meet(self, other: Interval) -> Interval:
        """The values in both; there are none where `low` is above `high`."""
        return Interval(max(self.low, other.low), min(self.high, other.high))


ANYTHING = Interval()
POSITIVE = Interval(0.0, math.inf)
"""Zero is among them."""

Named = Mapping[str, Interval]
"""What is known of names beyond what always holds: thresholds, and what other conditions leave of counts."""

_YES_NO = Interval(0.0, 1.0)
_WHOLE_HEALTH = ("up", "failures", "suspicious")
_WHOLE_IF_MEASURE_IS = ("delta", "increase", "min_over_time", "max_over_time", "ago")


def natural(name: str) -> Interval:
    """Where the values of a count or a poll-health name always lie."""
    if name in ("up", "suspicious"):
        return _YES_NO
    return POSITIVE if name in COUNTS or name in HEALTH else ANYTHING


def interval_of(node: Node, named: Named) -> Interval:
    """Where the values of a checked number or duration lie."""

    def combine(node: Node, below: list[Interval]) -> Interval:
        match node:
            case Number() | Duration():
                return Interval(node.value, node.value)
            case Name():
                return named.get(node.text) or natural(node.text)
            case Call():
                return _past(node, named)
            case Negative():
                return _minus(below[0])
            case Sum() | Product():
                result = below[0]
                for (op, _), other in zip(node.rest, below[1:], strict=True):
                    result = _STEPS[op](result, other)
                return result
            case _:
                return ANYTHING

    return fold(node, combine)


def whole(node: Node, named: Named) -> bool:
    """Whether the values of `node` are whole numbers, and finite."""

    def combine(node: Node, below: list[bool]) -> bool:
        match node:
            case Number():
                return float(node.value).is_integer()
            case Name():
                if node.text in COUNTS or node.text in _WHOLE_HEALTH:
                    return True
                given = named.get(node.text, ANYTHING)
                return given.single and float(given.low).is_integer()
            case Call():
                if node.function in _WHOLE_IF_MEASURE_IS and node.arguments:
                    return whole(node.arguments[0], _thresholds(named))
                return node.function in ("changes", "count")
            case Negative():
                return below[0]
            case Sum() | Product():
                return all(below) and all(op != "/" for op, _ in node.rest)
            case _:
                return False

    return fold(node, combine)


def _past(call: Call, named: Named) -> Interval:
    """What a function over the past, or over instances, can give."""
    if call.function in ("increase", "rate", "changes", "count"):
        return POSITIVE
    if call.function in ("min_over_time", "max_over_time", "ago", "avg_over_time") and call.arguments:
        measured = interval_of(call.arguments[0], _thresholds(named))
        if call.function != "avg_over_time":
            return measured
        # The sum of an average is rounded, so it may lie a hair beyond what was averaged; its sign stays.
        return POSITIVE if measured.low >= 0 else ANYTHING
    return ANYTHING


def _thresholds(named: Named) -> Named:
    """What of `named` holds for the past as well: what is said of a count is said of its present value."""
    return {name: known for name, known in named.items() if name not in COUNTS}


def _minus(one: Interval) -> Interval:
    return Interval(-one.high, -one.low)


def _plus(one: Interval, other: Interval) -> Interval:
    return _hull(one.low + other.low, one.high + other.high)


def _less(one: Interval, other: Interval) -> Interval:
    return _plus(one, _minus(other))


def _times(one: Interval, other: Interval) -> Interval:
    # Zero times infinity: an end that is never reached, and all that is before it gives zero.
    corners = [0.0 if math.isnan(corner := x * y) else corner for x in one for y in other]
    return Interval(min(corners), max(corners))


def _over(one: Interval, other: Interval) -> Interval:
    if other.low > 0 or other.high < 0:
        corners = [corner for x in one for y in other if not math.isnan(corner := x / y)]
        return Interval(min(corners), max(corners)) if corners else ANYTHING
    if other.low == 0 and one.low >= 0:
        return Interval(one.low / other.high if 0 < other.high < math.inf else 0.0, math.inf)
    return ANYTHING


def _hull(low: float, high: float) -> Interval:
    return Interval(-math.inf if math.isnan(low) else low, math.inf if math.isnan(high) else high)


_STEPS: dict[str, Callable[[Interval, Interval], Interval]] = {"+": _plus, "-": _less, "*": _times, "/": _over}
