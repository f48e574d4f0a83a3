"""The small line beside an instance: its abnormal tasks of the last hours, or, where there were none, those that run.
Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model import STATUSES, Run
from monitor.timeline import Piece, drawable, gaps, pieces
from monitor.web.charts import Band, Chart, Scale, chart

REACH = timedelta(hours=3)
WIDTH, HEIGHT = 120.0, 22.0

_COLUMNS = 60
_LEAST = timedelta(minutes=2)
_ABNORMAL, _RUNNING = STATUSES.index("abnormal"), STATUSES.index("running")


@dataclass(frozen=True, slots=True)
class Spark:
    """`status` is what the line shows, both kinds together, in the last `reach`; `gaps` is where nothing is known."""

    status: str
    reach: timedelta
    chart: Chart
    gaps: Sequence[tuple[Band, bool]]


def spark(runs: Sequence[Run], at: datetime) -> Spark | None:
    """The line up to `at`, from when the history of `runs` begins if that is late; None where nothing is known."""
    since = at - REACH
    if runs and runs[0].start > since:
        since = min(runs[0].start, at - _LEAST)
    parts = pieces(runs, since, at)
    if all(part.counts is None for part in parts):
        return None
    ill = any((count := _count(part, _ABNORMAL)) is not None and count[0] for part in parts)
    status, place = ("abnormal", _ABNORMAL) if ill else ("running", _RUNNING)
    shown = [Piece(part.start, part.end, _count(part, place), part.failed) for part in parts]
    scale = Scale(since, at, WIDTH)
    drawn = chart(status, drawable(shown, since, at, _COLUMNS), 0, scale, height=HEIGHT)
    return Spark(status, at - since, drawn, scale.bands(gaps(parts)))


def _count(part: Piece, status: int) -> tuple[int] | None:
    """One count of a piece, that of both kinds."""
    counts = part.counts
    return None if counts is None else (counts[status] + counts[status + len(STATUSES)],)
