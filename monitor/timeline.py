"""A stretch of an instance's history, cut into columns that keep the lowest and the highest count. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from monitor.model import KINDS, STATUSES, Run
from monitor.rules.past import number_at, spacing

NAMES = tuple(f"{kind}.{status}" for kind in KINDS for status in STATUSES)
"""The eight counts, in the order in which every column holds them."""

_PATIENCE = 3
"""So many times the usual pause between two polls is no gap yet."""
_UNUSUAL = timedelta(minutes=5)
"""The same where the usual pause is not known."""


class Piece(NamedTuple):
    """A stretch without a break in what is known: counts from `start` to `end`, or None where none are known. `failed`
    tells polls that failed from polls that there were not."""

    start: datetime
    end: datetime
    counts: tuple[int, ...] | None
    failed: bool = False


class Extent(NamedTuple):
    """One count in one column: what it was first and last, and the lowest and the highest in between."""

    first: int
    low: int
    high: int
    last: int


class Column(NamedTuple):
    """The eight counts from `start` to `end`, None where none was known in it; `gap` where some of it is not known."""

    start: datetime
    end: datetime
    extents: tuple[Extent, ...] | None
    gap: bool


@dataclass(frozen=True, slots=True)
class Polls:
    """How many polls there were in a stretch, and how many of them failed."""

    all: int
    failed: int


def pieces(runs: Sequence[Run], since: datetime, until: datetime) -> list[Piece]:
    """What is known from `since` to `until`, without holes: a count holds from its poll until the next one; where the
    next one is missing for too long, until the last that there was."""
    found: list[Piece] = []
    patience = _patience(runs)
    known_until = since
    for place, run in enumerate(runs):
        follower = runs[place + 1].start if place + 1 < len(runs) else until
        end = follower if follower - run.end <= patience else run.end
        start, end = max(run.start, since), min(end, until)
        if end <= since or start >= until:
            continue
        if start > known_until:
            found.append(Piece(known_until, start, None))
        counts = (*run.common, *run.cdc) if run.common is not None and run.cdc is not None else None
        found.append(Piece(start, end, counts, failed=run.failure is not None))
        known_until = end
    if known_until < until:
        found.append(Piece(known_until, until, None))
    return found


def gaps(parts: Sequence[Piece]) -> list[Piece]:
    """The stretches of which no counts are known, neighbours of one kind as one."""
    found: list[Piece] = []
    for part in parts:
        if part.counts is not None:
            continue
        if found and found[-1].end == part.start and found[-1].failed is part.failed:
            found[-1] = Piece(found[-1].start, part.end, None, part.failed)
        else:
            found.append(part)
    return found


def drawable(parts: Sequence[Piece], since: datetime, until: datetime, most: int) -> list[Column]:
    """The stretch as columns to draw: as it was where that takes at most so many, else in so many of one width."""
    if len(parts) > most:
        return columns(parts, since, until, most)
    return [
        Column(part.start, part.end, _extents([part.counts]) if part.counts is not None else None, part.counts is None)
        for part in parts
    ]


def columns(parts: Sequence[Piece], since: datetime, until: datetime, number: int) -> list[Column]:
    """The stretch in `number` columns of one width. Nothing is smoothed away: a count that stood for one poll is the
    highest or the lowest of its column."""
    width = (until - since) / number
    edges = [since + width * place for place in range(number)] + [until]
    found, at = [], 0
    for start, end in pairwise(edges):
        while at < len(parts) and parts[at].end <= start:
            at += 1
        inside = list(_touching(parts, at, end))
        known = [part.counts for part in inside if part.counts is not None]
        found.append(Column(start, end, _extents(known) if known else None, len(known) < len(inside)))
    return found


def polls(runs: Sequence[Run], since: datetime, until: datetime) -> Polls:
    """The polls from `since` until before `until`."""
    counted = [(run, number_at(run, until) - number_at(run, since)) for run in runs]
    return Polls(
        sum(number for _, number in counted), sum(number for run, number in counted if run.failure is not None)
    )


def _touching(parts: Sequence[Piece], at: int, end: datetime) -> Iterator[Piece]:
    while at < len(parts) and parts[at].start < end:
        yield parts[at]
        at += 1


def _extents(known: Sequence[tuple[int, ...]]) -> tuple[Extent, ...]:
    return tuple(Extent(values[0], min(values), max(values), values[-1]) for values in zip(*known, strict=True))


def _patience(runs: Sequence[Run]) -> timedelta:
    usual = [spacing(run).total_seconds() for run in runs if run.polls > 1]
    return timedelta(seconds=statistics.median(usual) * _PATIENCE) if usual else _UNUSUAL
