"""What is known of one instance at one poll, or of several: the ground on which rules are judged."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Protocol

from monitor.model import STATUSES, Counts
from monitor.rules.names import COUNTS, HEALTH
from monitor.rules.window import Window

_NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(slots=True)
class Facts:
    """Built once per poll, changed never (not frozen only because that would make building it slow).

    The counts are None after a failed poll. `failures` counts failed polls in a row. `age` is in seconds since the
    last good sample, or since the first try where there was none; `latency` is in seconds. `history` holds the good
    samples up to `at`, this one included; None where no rule of the instance looks back. For a rule with `by` there are
    no counts: `aggregates` holds what its aggregates give, by their canonical writing, NaN where that is unknown.
    """

    at: datetime
    common: Counts | None
    cdc: Counts | None
    up: bool
    failures: int = 0
    suspicious: bool = False
    age: float = 0.0
    latency: float = 0.0
    history: Window | None = None
    aggregates: Mapping[str, float] = field(default_factory=lambda: _NOTHING)


class Counted(Protocol):
    """Anything with counts: facts, or a run of the past."""

    @property
    def common(self) -> Counts | None: ...

    @property
    def cdc(self) -> Counts | None: ...


def values(facts: Facts) -> dict[str, float]:
    """The facts by the names of the rule language: the counts that are known, then the poll's health."""
    known: dict[str, float] = {}
    if facts.common is not None and facts.cdc is not None:
        known.update(zip(COUNTS, (*facts.common.plus(facts.cdc), *facts.common, *facts.cdc), strict=True))
    for name, read in _HEALTH_READERS:
        known[name] = float(read(facts))
    return known


def count_reader(name: str) -> Callable[[Counted], float]:
    """Reads one of the names in COUNTS, NaN where it is unknown."""
    return _COUNT_READERS[name]


def health_reader(name: str) -> Callable[[Facts], float]:
    """Reads one of the names in HEALTH."""
    read: Callable[[Facts], float] = attrgetter(name)
    return read


def _reader(name: str) -> Callable[[Counted], float]:
    kind, _, status = name.rpartition(".")
    index = STATUSES.index(status)

    def common(it: Counted) -> float:
        counts = it.common
        return math.nan if counts is None else counts[index]

    def cdc(it: Counted) -> float:
        counts = it.cdc
        return math.nan if counts is None else counts[index]

    def both(it: Counted) -> float:
        one, other = it.common, it.cdc
        return math.nan if one is None or other is None else one[index] + other[index]

    return {"common": common, "cdc": cdc}.get(kind, both)


_HEALTH_READERS = tuple((name, health_reader(name)) for name in HEALTH)
_COUNT_READERS = {name: _reader(name) for name in COUNTS}
