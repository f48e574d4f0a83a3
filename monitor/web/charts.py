"""Charts as drawings: numbers become paths, axes get round numbers and moments. Pure.

What a chart is made of goes into an SVG by a template; lengths are those of its view box.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from monitor.timeline import Column, Extent, Piece

WIDTH, HEIGHT = 320.0, 96.0
"""The field of a chart, without its axes."""

_STEPS = (
    *(timedelta(minutes=one) for one in (1, 5, 10, 15, 30)),
    *(timedelta(hours=one) for one in (1, 2, 3, 6, 12)),
    *(timedelta(days=one) for one in (1, 2, 5, 7, 10)),
)
_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)
"""A Monday, from which moments on the axis are counted."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the axis: where, and whether its date says more than its time."""

    x: float
    at: datetime
    by_day: bool


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the axis."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Scale:
    """The way from moments to places: `since` is at 0, `until` at `width`."""

    since: datetime
    until: datetime
    width: float = WIDTH

    def x(self, at: datetime) -> float:
        """Where `at` is; what lies outside is at the edge."""
        share = (at - self.since) / (self.until - self.since)
        return round(min(max(share, 0.0), 1.0) * self.width, 1)

    def band(self, start: datetime, end: datetime, *, least: float = 1.0) -> Band:
        """From `start` to `end`, wide enough to be seen."""
        left = self.x(start)
        width = max(self.x(end) - left, least)
        return Band(min(left, self.width - width), round(width, 1))

    def marks(self, most: int = 5) -> tuple[Mark, ...]:
        """Round moments in between, at most so many."""
        length = self.until - self.since
        step = next((one for one in _STEPS if length / one <= most), _STEPS[-1])
        first = self.since + (-((self.since - _EPOCH) % step)) % step
        number = math.ceil((self.until - first) / step)
        by_day = length > timedelta(days=2)
        # a name at the very edge would not fit
        edge = length / 24
        moments = (first + place * step for place in range(number))
        return tuple(Mark(self.x(at), at, by_day) for at in moments if self.since + edge < at < self.until - edge)

    def bands(self, gaps: Iterable[Piece]) -> list[tuple[Band, bool]]:
        """Where nothing is known, and whether because polls failed."""
        return [(self.band(one.start, one.end), one.failed) for one in gaps]


@dataclass(frozen=True, slots=True)
class Chart:
    """One count. `lines` are paths, `fills` the same closed along the bottom; `ticks` are heights and numbers."""

    name: str
    lines: str
    fills: str
    ticks: tuple[tuple[float, int], ...]
    low: int | None
    high: int | None
    last: int | None


def chart(name: str, found: Sequence[Column], place: int, along: Scale, *, height: float = HEIGHT) -> Chart:
    """The count at `place` in the columns, from zero up; `along` says where each of them is."""
    known = [column.extents[place] for column in found if column.extents is not None]
    low = min((one.low for one in known), default=None)
    high = max((one.high for one in known), default=None)
    ticks = tuple(_ticks(high or 0))
    scale = height / ticks[-1]
    lines, fills = [], []
    for stretch in _stretches(found, place, along):
        line = _line(stretch, scale, height)
        lines.append(line)
        fills.append(f"{line}V{_short(height)}H{_short(stretch[0].left)}Z")
    return Chart(
        name,
        "".join(lines),
        "".join(fills),
        tuple((round(height - tick * scale, 1), tick) for tick in ticks),
        low,
        high,
        known[-1].last if known else None,
    )


class _Step(NamedTuple):
    left: float
    right: float
    extent: Extent


def _stretches(found: Sequence[Column], place: int, along: Scale) -> Iterable[list[_Step]]:
    """What is known without a hole."""
    stretch: list[_Step] = []
    for column in found:
        if column.extents is not None:
            stretch.append(_Step(along.x(column.start), along.x(column.end), column.extents[place]))
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _line(stretch: Sequence[_Step], scale: float, height: float) -> str:
    """Steps: each column keeps its level, and reaches to its lowest and its highest."""

    def y(value: int) -> str:
        return _short(height - value * scale)

    level = stretch[0].extent.first
    path = f"M{_short(stretch[0].left)} {y(level)}"
    for left, _, one in stretch:
        if one.low == one.high == level:
            continue
        path += f"H{_short(left)}"
        # through both ends, the last level last
        for value in (*dict.fromkeys((one.first, one.high, one.low)), one.last):
            path += f"V{y(value)}" if value != level else ""
            level = value
    return f"{path}H{_short(stretch[-1].right)}"


def _ticks(high: int) -> Iterable[int]:
    """Round numbers from 0 to at least `high`, two to four of them."""
    size = 10 ** math.floor(math.log10(max(high, 3) / 3))
    step = next(one * size for one in (1, 2, 5, 10) if one * size * 3 >= high)
    return range(0, step * max(1, math.ceil(high / step)) + 1, step)


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
