"""When, within a run of polls that all see the same, a condition may change its mind.

Between two such moments a rule can only repeat itself, so whoever replays history need not ask it there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from monitor import durations
from monitor.rules.compile import compile_value, reach_of
from monitor.rules.facts import Facts
from monitor.rules.moves import bits
from monitor.rules.names import COUNTS, HEALTH
from monitor.rules.quantity import Quantity
from monitor.rules.syntax import Call, Comparison, Name, Node, Product, walk

_SMOOTH = ("avg_over_time",)
_GROWING = ("age", "failures")
_NOBODY = Facts(at=datetime(1970, 1, 1, tzinfo=UTC), common=None, cdc=None, up=False)


class Look(NamedTuple):
    """A look back, how far, at the counts of these bits."""

    reach: timedelta
    counts: int


@dataclass(frozen=True, slots=True)
class Edges:
    """What has to pass for a condition to change while the counts do not.

    `leaves` are looks from whose window an earlier run leaves. `arrives` are those of `ago`: a run has begun to be
    what was then. Until `smooth` after the last other good sample every poll may differ. `ages` and `failures` are
    the figures that a failed poll's are compared with; with `falling` every failed poll may differ, with `always`
    every poll.
    """

    leaves: frozenset[Look] = frozenset()
    arrives: frozenset[Look] = frozenset()
    smooth: frozenset[timedelta] = frozenset()
    ages: frozenset[timedelta] = frozenset()
    failures: frozenset[int] = frozenset()
    falling: bool = False
    always: bool = False

    def __or__(self, other: Edges) -> Edges:
        if self == other:
            return self
        return Edges(
            self.leaves | other.leaves,
            self.arrives | other.arrives,
            self.smooth | other.smooth,
            self.ages | other.ages,
            self.failures | other.failures,
            self.falling or other.falling,
            self.always or other.always,
        )

    @property
    def reach(self) -> timedelta:
        """The longest look-back."""
        return max([*(look.reach for look in self.leaves | self.arrives), *self.smooth], default=timedelta())


def edges_of(node: Node, thresholds: Mapping[str, Quantity]) -> Edges:
    """The edges of the condition `node`, which has passed `dimensions.check_condition`."""
    found = Edges()
    for each in walk(node):
        if isinstance(each, Call):
            found |= _history(each, reach_of(each, thresholds))
        elif isinstance(each, Comparison):
            for name in _GROWING:
                found |= _growing(each, name, thresholds)
    return found


def _history(call: Call, reach: timedelta) -> Edges:
    measure = list(walk(call.arguments[0]))
    look = Look(reach, bits(each.text for each in measure if isinstance(each, Name)))
    if call.function == "ago":
        return Edges(arrives=frozenset((look,)))
    # 0/0 hides a run: what is left of the others then counts poll by poll, as an average does
    divides = any(isinstance(each, Product) for each in measure)
    if call.function in _SMOOTH or divides:
        return Edges(smooth=frozenset((reach,)))
    return Edges(leaves=frozenset((look,)))


def _growing(node: Comparison, name: str, thresholds: Mapping[str, Quantity]) -> Edges:
    """What a comparison makes of `age` or `failures`, which grow with each failed poll."""
    if not _reads(node, name):
        return Edges()
    for side, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(side, Name) and side.text == name and not _varies(other):
            limit = float(compile_value(other, thresholds)(_NOBODY))
            return _crossing(name, limit)
    return Edges(falling=True)


def _crossing(name: str, limit: float) -> Edges:
    if not math.isfinite(limit) or abs(limit) > durations.LONGEST.total_seconds():
        return Edges()
    if name == "age":
        middle, tick = timedelta(seconds=limit), timedelta(microseconds=1)
        return Edges(ages=frozenset((middle - tick, middle, middle + tick)))
    return Edges(failures=frozenset((math.ceil(limit), math.floor(limit) + 1)))


def _reads(node: Node, name: str) -> bool:
    return any(isinstance(each, Name) and each.text == name for each in walk(node))


def _varies(node: Node) -> bool:
    """Whether it is anything but a constant."""
    return any(
        isinstance(each, Call) or (isinstance(each, Name) and (each.text in COUNTS or each.text in HEALTH))
        for each in walk(node)
    )
