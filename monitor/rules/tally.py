"""Sums and extremes over the members of a group, kept up to date one member at a time.

A change costs the same however many members there are (the logarithm for an extreme), and no error adds up: sums are
exact, and rounded once when they are asked for.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable
from typing import Protocol

_SCALE = 1074
"""Every finite float is a whole number of times 2 to the power of minus this."""
_UNIT = 1 << _SCALE


class Tally(Protocol):
    """One number for each member that is known, and one for all of them. An unknown one (NaN) is left out."""

    known: int

    def put(self, member: Hashable, value: float) -> None:
        """The member's number from now on."""

    def drop(self, member: Hashable) -> None:
        """The member is gone."""

    def value(self) -> float:
        """The number for all of them, NaN where none is known."""


def tally(function: str) -> Tally:
    """An empty tally for one of AGGREGATES."""
    return Extreme(function) if function in ("min", "max") else Total(function)


class Total:
    """`sum`, `avg`, or `count`, which is the sum of ones and zeros."""

    __slots__ = ("_average", "_exact", "_infinite", "_values", "known")

    def __init__(self, function: str) -> None:
        self.known = 0
        self._average = function == "avg"
        self._values: dict[Hashable, float] = {}
        self._exact = 0
        self._infinite = {math.inf: 0, -math.inf: 0}

    def put(self, member: Hashable, value: float) -> None:
        """The member's number from now on."""
        if self._values.get(member) == value:
            return
        self.drop(member)
        if value == value:  # NaN is not itself
            self._values[member] = value
            self._count(value, 1)

    def drop(self, member: Hashable) -> None:
        """The member is gone."""
        before = self._values.pop(member, None)
        if before is not None:
            self._count(before, -1)

    def value(self) -> float:
        """The exact sum, rounded once."""
        if not self.known:
            return math.nan
        above, below = self._infinite.values()
        if above or below:
            return math.nan if above and below else math.inf if above else -math.inf
        try:
            return self._exact / (_UNIT * (self.known if self._average else 1))
        except OverflowError:
            return math.inf if self._exact > 0 else -math.inf

    def _count(self, value: float, times: int) -> None:
        self.known += times
        if value in self._infinite:
            self._infinite[value] += times
        else:
            self._exact += times * _scaled(value)


class Extreme:
    """`min` or `max`."""

    __slots__ = ("_heap", "_sign", "_values", "known")

    def __init__(self, function: str) -> None:
        self.known = 0
        self._sign = -1 if function == "max" else 1
        self._values: dict[Hashable, float] = {}
        self._heap: list[tuple[float, int, Hashable]] = []

    def put(self, member: Hashable, value: float) -> None:
        """The member's number from now on."""
        if self._values.get(member) == value:
            return
        if value != value:  # NaN is not itself
            self.drop(member)
            return
        self._values[member] = value
        self.known = len(self._values)
        # The hash only keeps members, which need no order, from being compared.
        heapq.heappush(self._heap, (self._sign * value, hash(member), member))
        if len(self._heap) > 2 * self.known + 64:
            self._heap = [(self._sign * each, hash(key), key) for key, each in self._values.items()]
            heapq.heapify(self._heap)

    def drop(self, member: Hashable) -> None:
        """The member is gone."""
        self._values.pop(member, None)
        self.known = len(self._values)

    def value(self) -> float:
        """The least or the greatest."""
        while self._heap:
            signed, _, member = self._heap[0]
            if self._values.get(member) == self._sign * signed:
                return self._sign * signed
            heapq.heappop(self._heap)
        return math.nan


def _scaled(value: float) -> int:
    if isinstance(value, int):
        return value << _SCALE
    numerator, denominator = value.as_integer_ratio()
    return numerator * (_UNIT // denominator)
