"""One aggregate over the members of a group, right at every moment although only one member is sampled at a time.

Between two samples of a member only its age moves. Where that may turn a condition, the moment is known beforehand and
waits in a heap; where the age itself is counted, it is counted from where it began.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from monitor.model import InstanceKey
from monitor.rules.aggregates import Measure
from monitor.rules.member import Member
from monitor.rules.tally import tally

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_TICKS = 1_000_000
_LATEST = 1e16


class _Entry(NamedTuple):
    member: Member
    measure: Measure
    turns_at: int | None
    """When its age may turn its condition next, in microseconds since 1970."""


class Column:
    """What one aggregate of a rule sees of each member, and what it gives for all of them."""

    __slots__ = ("_alarms", "_entries", "_function", "_is_age", "_origin", "_set", "_tally")

    def __init__(self, measure: Measure) -> None:
        """`measure` is that of any member: they differ in thresholds only."""
        self._function = measure.function
        self._is_age = measure.is_age
        # Ages are summed as whole numbers and divided last: only so a mean of small ages is exact.
        self._tally = tally("sum" if measure.is_age and measure.function == "avg" else measure.function)
        self._origin: int | None = None
        """Ages are counted from here, in microseconds since 1970, so that their sum stays exact."""
        self._entries: dict[InstanceKey, _Entry] = {}
        self._alarms: list[tuple[int, InstanceKey]] = []
        self._set: dict[InstanceKey, int] = {}
        """The one alarm of each member that counts: not later than its `turns_at`."""

    def put(self, key: InstanceKey, member: Member, measure: Measure, at: datetime) -> None:
        """The member as it is from now on."""
        if self._is_age:
            self._origin = _ticks(at) if self._origin is None else self._origin
            self._tally.put(key, self._origin - _ticks(member.seen))
            return
        facts = member.now(at)
        self._tally.put(key, measure.value(facts))
        if measure.turns:
            turns = (turn(facts) for turn in measure.turns)
            entry = self._entries[key] = _Entry(member, measure, _next(member.seen, turns, at))
            self._wake(key, entry.turns_at)

    def drop(self, key: InstanceKey) -> None:
        """The member is gone."""
        self._tally.drop(key)
        self._entries.pop(key, None)
        self._set.pop(key, None)

    def value(self, at: datetime) -> float:
        """What the aggregate gives at `at`, which never goes back; NaN where nothing is known."""
        self._turn(at)
        found = self._tally.value()
        if self._origin is None:
            return found
        grown, known = _ticks(at) - self._origin, self._tally.known
        if self._function in ("min", "max"):
            return (found + grown) / _TICKS
        return (found + grown * known) / (known * _TICKS if self._function == "avg" and known else _TICKS)

    def _turn(self, at: datetime) -> None:
        """Looks again at the members whose age may have turned their condition by now."""
        now = _ticks(at)
        while self._alarms and self._alarms[0][0] <= now:
            due, key = heapq.heappop(self._alarms)
            if self._set.get(key) != due:
                continue
            del self._set[key]
            entry = self._entries[key]
            if entry.turns_at is not None and entry.turns_at <= now:
                self.put(key, entry.member, entry.measure, at)
            else:
                self._wake(key, entry.turns_at)

    def _wake(self, key: InstanceKey, moment: int | None) -> None:
        """An alarm for the member, unless one rings before: a member that is sampled all the time keeps its alarm."""
        if moment is not None and moment < self._set.get(key, moment + 1):
            self._set[key] = moment
            heapq.heappush(self._alarms, (moment, key))


def _next(seen: datetime, turns: Iterable[float], at: datetime) -> int | None:
    """The first moment after `at` at which an age counted from `seen` reaches or passes one of `turns` (seconds)."""
    start, now = _ticks(seen), _ticks(at)
    found = []
    for seconds in turns:
        if abs(ticks := seconds * _TICKS) < _LATEST:  # neither unknown nor infinite
            # What is compared is rounded: the ticks before and after belong to the moment.
            reached = start + round(ticks)
            found += [moment for moment in (reached - 1, reached, reached + 1) if moment > now]
    return min(found, default=None)


def _ticks(moment: datetime) -> int:
    return (moment - _EPOCH) // _TICK
