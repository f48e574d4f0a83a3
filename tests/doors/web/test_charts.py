"""Charts as drawings: steps, gaps, round numbers and round moments."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

import pytest
from webrows import ILL, NOW, ago, run

from monitor.timeline import NAMES, columns, drawable, pieces
from monitor.web.charts import Scale, chart

ABNORMAL = NAMES.index("common.abnormal")
HOUR = timedelta(hours=1)


def drawn(*runs: object, place: int = ABNORMAL, number: int = 4) -> tuple[str, str]:
    """The line and the fill of a chart 40 wide and 20 high."""
    found = columns(pieces(list(runs), NOW - HOUR, NOW), NOW - HOUR, NOW, number)  # type: ignore[arg-type]
    one = chart("abnormal", found, place, Scale(NOW - HOUR, NOW, 40), height=20)
    return one.lines, one.fills


def test_a_change_is_a_step_and_not_a_slope() -> None:
    lines, fills = drawn(run(start=3600, end=1830, polls=60), run(ILL, start=1800, end=0, polls=61))
    assert lines == "M0 20H20V0H40"
    assert fills == "M0 20H20V0H40V20H0Z"


def test_a_peak_between_two_columns_reaches_its_height() -> None:
    lines, _ = drawn(
        run(start=3600, end=1630, polls=66), run(ILL, start=1600, end=1600, polls=1), run(start=1570, end=0, polls=53)
    )
    assert lines == "M0 20H20V0V20H40"


def test_what_few_steps_show_is_drawn_where_it_was() -> None:
    runs = [run(start=3600, end=1030, polls=86), run(ILL, start=1000, end=0, polls=34)]
    found = drawable(pieces(runs, NOW - HOUR, NOW), NOW - HOUR, NOW, 4)
    assert chart("abnormal", found, ABNORMAL, Scale(NOW - HOUR, NOW, 36), height=20).lines == "M0 20H26V0H36"


def test_what_is_not_known_breaks_the_line() -> None:
    lines, _ = drawn(run(start=3600, end=2700, polls=31), run(ILL, start=900, end=0, polls=31))
    assert lines == "M0 20H10M30 0H40"


def test_a_chart_of_nothing_is_empty_and_says_so() -> None:
    found = columns(pieces([], NOW - HOUR, NOW), NOW - HOUR, NOW, 4)
    one = chart("abnormal", found, ABNORMAL, Scale(NOW - HOUR, NOW))
    assert (one.lines, one.fills, one.last, one.low, one.high) == ("", "", None, None, None)


@pytest.mark.parametrize(
    ("high", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (2, [0, 1, 2]),
        (3, [0, 1, 2, 3]),
        (7, [0, 5, 10]),
        (31, [0, 20, 40]),
        (130, [0, 50, 100, 150]),
        (1411, [0, 500, 1000, 1500]),
        (10**9, [0, 5 * 10**8, 10**9]),
    ],
)
def test_the_axis_has_few_and_round_numbers_and_nothing_is_above_it(high: int, ticks: list[int]) -> None:
    counts = (ILL[0]._replace(abnormal=high), ILL[1])
    parts = pieces([run(counts, start=3600, end=0)], NOW - HOUR, NOW)
    one = chart("x", drawable(parts, NOW - HOUR, NOW, 4), ABNORMAL, Scale(NOW - HOUR, NOW))
    assert [value for _, value in one.ticks] == ticks
    assert one.ticks[-1][0] == 0
    assert all(0 <= float(y) <= 96 for y in re.findall(r"V([\d.]+)", one.lines))


@pytest.mark.parametrize(
    ("length", "first", "count", "step"),
    [
        (timedelta(hours=1), "09:15", 4, timedelta(minutes=15)),
        (timedelta(hours=24), "12:00", 4, timedelta(hours=6)),
        (timedelta(days=7), "00:00", 4, timedelta(days=2)),
        (timedelta(days=30), "00:00", 5, timedelta(days=7)),
    ],
)
def test_moments_on_the_axis_are_round(length: timedelta, first: str, count: int, step: timedelta) -> None:
    marks = Scale(NOW - length, NOW).marks()
    assert f"{marks[0].at:%H:%M}" == first
    assert len(marks) in (count - 1, count)
    assert {after.at - before.at for before, after in pairwise(marks)} == {step}
    assert all(0 < mark.x < 320 for mark in marks)


def test_a_short_stretch_is_wide_enough_to_be_seen_also_at_the_edge() -> None:
    scale = Scale(NOW - timedelta(days=30), NOW, 100)
    assert scale.band(ago(1), NOW, least=4).x == 96
    assert scale.band(ago(1), NOW, least=4).width == 4
