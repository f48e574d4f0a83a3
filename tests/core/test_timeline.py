"""History as charts show it: what is not known is a gap, and the shortest peak is still there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.model import Counts, Failure, FailureKind, Run
from monitor.timeline import NAMES, Piece, Polls, columns, gaps, pieces, polls

NOW = datetime(2026, 1, 5, 10, 0, 0, tzinfo=UTC)
WELL = (Counts(12, 0, 0, 40), Counts(3, 0, 0, 0))
ILL = (Counts(10, 2, 0, 40), Counts(2, 1, 0, 0))
TIMED_OUT = Failure(FailureKind.TIMEOUT, "no answer within 10 s")

ABNORMAL = NAMES.index("common.abnormal")
HOUR = timedelta(hours=1)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def run(counts: tuple[Counts, Counts] | None = WELL, *, start: float = 600, end: float = 5, polls: int = 20) -> Run:
    """A run from `start` to `end` seconds ago; without counts one of polls that timed out."""
    common, cdc = counts or (None, None)
    return Run(ago(start), ago(end), polls, common, cdc, None if counts else TIMED_OUT)


def at_minute(minute: float, *, until: float, polls: int, counts: bool = True, ill: bool = False) -> Run:
    """A run from one minute of the last hour to another."""
    found = (ILL if ill else WELL) if counts else None
    return run(found, start=3600 - minute * 60, end=3600 - until * 60, polls=polls)


def test_a_count_holds_until_the_next_poll() -> None:
    runs = [at_minute(0, until=29.5, polls=60), at_minute(30, until=60, polls=61, ill=True)]
    found = pieces(runs, NOW - HOUR, NOW)
    assert [(one.start, one.end) for one in found] == [(ago(3600), ago(1800)), (ago(1800), NOW)]
    assert gaps(found) == []


def test_what_was_not_polled_is_a_gap_and_so_is_what_failed_and_they_differ() -> None:
    runs = [
        at_minute(10, until=20, polls=21),
        at_minute(20.5, until=25, polls=10, counts=False),
        at_minute(40, until=50, polls=21),
    ]
    found = gaps(pieces(runs, NOW - HOUR, NOW))
    assert found == [
        Piece(ago(3600), ago(3000), None),
        Piece(ago(3600 - 20.5 * 60), ago(3600 - 25 * 60), None, failed=True),
        Piece(ago(3600 - 25 * 60), ago(1200), None),
        Piece(ago(600), NOW, None),
    ]


def test_a_run_that_began_before_is_known_from_the_left_edge_on() -> None:
    [only] = pieces([run(start=90_000, end=5, polls=3000)], NOW - HOUR, NOW)
    assert (only.start, only.end, only.counts) == (NOW - HOUR, NOW, (*WELL[0], *WELL[1]))


def test_the_last_of_few_polls_is_no_gap_yet() -> None:
    assert gaps(pieces([run(start=3600, end=70, polls=119)], NOW - HOUR, NOW)) == []
    assert gaps(pieces([run(start=3600, end=100, polls=119)], NOW - HOUR, NOW)) == [Piece(ago(100), NOW, None)]


def test_one_poll_in_a_month_is_the_peak_of_its_column() -> None:
    month = timedelta(days=30)
    runs = [
        run(start=30 * 86400, end=1_000_030, polls=50_000),
        run(ILL, start=1_000_000, end=1_000_000, polls=1),
        run(start=999_970, end=5, polls=33_000),
    ]
    found = columns(pieces(runs, NOW - month, NOW), NOW - month, NOW, 160)
    assert len(found) == 160
    assert not any(column.gap for column in found)
    peaks = [column.extents[ABNORMAL] for column in found if column.extents and column.extents[ABNORMAL].high]
    assert [(one.first, one.low, one.high, one.last) for one in peaks] == [(0, 0, 2, 0)]


def test_a_column_that_is_known_in_part_has_its_counts_and_says_that_some_are_missing() -> None:
    runs = [at_minute(0, until=15, polls=31), at_minute(45, until=60, polls=31)]
    found = columns(pieces(runs, NOW - HOUR, NOW), NOW - HOUR, NOW, 3)
    assert [(column.extents is None, column.gap) for column in found] == [(False, True), (True, True), (False, True)]


def test_without_history_everything_is_a_gap() -> None:
    assert pieces([], NOW - HOUR, NOW) == [Piece(NOW - HOUR, NOW, None)]


def test_polls_are_counted_in_their_stretch() -> None:
    runs = [at_minute(0, until=29.5, polls=60), at_minute(30, until=59.5, polls=60, counts=False)]
    assert polls(runs, NOW - HOUR, NOW) == Polls(120, 60)
    assert polls(runs, ago(1800), NOW) == Polls(60, 60)
    assert polls(runs, ago(1860), ago(1740)) == Polls(4, 2)
