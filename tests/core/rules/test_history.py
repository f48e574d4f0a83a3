"""History is exact over the good samples of the look-back, and kept in few runs."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Counts, Failure, FailureKind, Run
from monitor.rules.compile import compile_value
from monitor.rules.facts import Facts
from monitor.rules.parser import parse
from monitor.rules.window import Window

START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
STEP = timedelta(seconds=30)
NONE = Counts()


def moment(minutes: int, seconds: int = 0) -> datetime:
    return START + timedelta(minutes=minutes, seconds=seconds)


def sampled(*abnormal: int, span: timedelta = timedelta(hours=1)) -> Window:
    """A window with one CDC count every 30 s from the start."""
    window = Window(span)
    for number, count in enumerate(abnormal):
        window.append(START + number * STEP, NONE, Counts(running=10, abnormal=count))
    return window


def ask(text: str, window: Window | None, at: datetime) -> float:
    """What a history function says at a failed poll at `at`: it never needs the present counts."""
    return compile_value(parse(text), {})(Facts(at=at, common=None, cdc=None, up=False, history=window))


SERIES = (4, 4, 1, 1, 6, 5, 5)
"""At 0:00, 0:30, 1:00, 1:30, 2:00, 2:30 and 3:00."""

ANSWERS_AT_THREE = {
    "delta(abnormal, 2m)": 5 - 1,
    "delta(abnormal, 3m)": 5 - 4,
    "delta(abnormal, 10m)": 5 - 4,
    "delta(-abnormal, 10m)": 4 - 5,
    "increase(abnormal, 1m)": 0,
    "increase(abnormal, 2m)": 5,
    "increase(abnormal, 10m)": 5,
    "increase(-abnormal, 10m)": 3 + 1,
    "rate(abnormal, 2m)": 5 / 120,
    "changes(abnormal, 1m)": 0,
    "changes(abnormal, 1m1s)": 1,
    "changes(abnormal, 1m31s)": 2,
    "changes(abnormal, 10m)": 3,
    "avg_over_time(abnormal, 10s)": 5,
    "avg_over_time(abnormal, 2m)": (1 + 6 + 5 + 5) / 4,
    "avg_over_time(abnormal, 10m)": 26 / 7,
    "avg_over_time(abnormal / running * 100, 1m)": 50,
    "min_over_time(abnormal, 1m)": 5,
    "min_over_time(abnormal, 2m)": 1,
    "max_over_time(abnormal, 1m)": 5,
    "max_over_time(abnormal, 10m)": 6,
    "ago(abnormal, 30s)": 5,
    "ago(abnormal, 59s)": 6,
    "ago(abnormal, 1m)": 6,
    "ago(abnormal, 3m)": 4,
    "ago(common.abnormal, 3m)": 0,
    "abnormal / 0": math.nan,
}


@pytest.mark.parametrize(("text", "expected"), ANSWERS_AT_THREE.items())
def test_a_history_function_looks_at_the_samples_after_then_up_to_now(text: str, expected: float) -> None:
    assert ask(text, sampled(*SERIES), moment(3)) == pytest.approx(expected, nan_ok=True)


UNKNOWN_AT_FOUR = [
    "delta(abnormal, 1m)",
    "delta(abnormal, 1m30s)",
    "increase(abnormal, 1m30s)",
    "rate(abnormal, 1m30s)",
    "changes(abnormal, 1m30s)",
    "avg_over_time(abnormal, 1m)",
    "min_over_time(abnormal, 1m)",
    "max_over_time(abnormal, 1m)",
    "ago(abnormal, 4m1s)",
]
KNOWN_AT_FOUR = {
    "delta(abnormal, 1m31s)": 0,
    "avg_over_time(abnormal, 1m1s)": 5,
    "ago(abnormal, 1s)": 5,
    "ago(abnormal, 4m)": 4,
}


@pytest.mark.parametrize("text", UNKNOWN_AT_FOUR)
def test_too_few_samples_are_unknown(text: str) -> None:
    assert math.isnan(ask(text, sampled(*SERIES), moment(4)))


@pytest.mark.parametrize(("text", "expected"), KNOWN_AT_FOUR.items())
def test_failed_polls_leave_the_history_known(text: str, expected: float) -> None:
    assert ask(text, sampled(*SERIES), moment(4)) == expected


@pytest.mark.parametrize("text", ["delta(abnormal, 5m)", "max_over_time(abnormal, 5m)", "ago(abnormal, 5m)"])
def test_without_any_history_all_is_unknown(text: str) -> None:
    assert math.isnan(ask(text, None, START))
    assert math.isnan(ask(text, Window(timedelta(minutes=5)), START))


def test_samples_whose_measure_is_unknown_do_not_count() -> None:
    window = Window(timedelta(minutes=5))
    window.append(moment(0), NONE, Counts(running=10, abnormal=1))
    window.append(moment(1), NONE, Counts(running=0, abnormal=0))
    window.append(moment(2), NONE, Counts(running=10, abnormal=4))
    assert ask("avg_over_time(abnormal / running, 5m)", window, moment(2)) == 0.25
    assert ask("changes(abnormal / running, 5m)", window, moment(2)) == 1
    assert math.isnan(ask("delta(abnormal / running, 2m)", window, moment(2)))
    assert math.isnan(ask("ago(abnormal / running, 1m)", window, moment(2)))


def test_infinite_measures_stay_infinite_and_their_difference_unknown() -> None:
    window = Window(timedelta(minutes=5))
    window.append(moment(0), NONE, Counts(abnormal=1))
    window.append(moment(1), NONE, Counts(abnormal=2))
    assert ask("avg_over_time(abnormal / running, 5m)", window, moment(1)) == math.inf
    assert math.isnan(ask("delta(abnormal / running, 5m)", window, moment(1)))


def test_equal_samples_extend_one_run() -> None:
    window = sampled(3, 3, 3, 7, 7, 3)
    assert [(run.start, run.end, run.polls) for run in window.runs] == [
        (moment(0), moment(1), 3),
        (moment(1, 30), moment(2), 2),
        (moment(2, 30), moment(2, 30), 1),
    ]


def test_a_window_forgets_what_is_older_than_its_span_but_for_the_run_before_it() -> None:
    window = sampled(1, 2, 3, 4, 5, span=timedelta(minutes=1))
    assert [run.start for run in window.runs] == [moment(1), moment(1, 30), moment(2)]
    assert ask("ago(abnormal, 1m)", window, moment(2)) == 3
    window.append(moment(60), NONE, Counts(abnormal=6))
    assert [run.start for run in window.runs] == [moment(2), moment(60)]
    assert ask("ago(abnormal, 1m)", window, moment(60)) == 5


def test_a_window_is_built_again_from_stored_runs_without_the_failed_ones() -> None:
    lost = Run(moment(3), moment(3, 30), 2, failure=Failure(FailureKind.TIMEOUT, "no answer"))
    before = sampled(*SERIES)
    rebuilt = Window(timedelta(minutes=2), (*before.runs, lost))
    assert [run.start for run in rebuilt.runs] == [moment(1), moment(2), moment(2, 30)]
    assert ask("avg_over_time(abnormal, 2m)", rebuilt, moment(3)) == (1 + 6 + 5 + 5) / 4


def test_polls_of_a_run_count_as_evenly_spaced() -> None:
    stored = Run(moment(0), moment(10), 11, NONE, Counts(abnormal=2))
    window = Window(timedelta(hours=1), [stored])
    window.append(moment(11), NONE, Counts(abnormal=8))
    assert ask("avg_over_time(abnormal, 3m)", window, moment(11)) == (2 + 2 + 8) / 3
    assert ask("avg_over_time(abnormal, 3m)", window, moment(10)) == 2
    assert ask("avg_over_time(abnormal, 3m1s)", window, moment(11)) == (2 + 2 + 2 + 8) / 4


def test_what_was_sampled_after_the_moment_asked_about_does_not_count() -> None:
    assert ask("max_over_time(abnormal, 10m)", sampled(*SERIES), moment(1, 45)) == 4
    assert ask("delta(abnormal, 10m)", sampled(*SERIES), moment(1)) == -3


def test_a_clock_set_back_starts_the_window_anew() -> None:
    window = sampled(1, 2, 3)
    window.append(moment(0, 10), NONE, Counts(abnormal=9))
    assert [run.start for run in window.runs] == [moment(0, 10)]
    window.append(moment(0, 40), NONE, Counts(abnormal=9))
    assert window.runs[-1].polls == 2


def test_two_samples_of_one_moment_are_two_samples() -> None:
    window = Window(timedelta(minutes=5))
    window.append(START, NONE, NONE)
    window.append(START, NONE, NONE)
    assert ask("delta(abnormal, 5m)", window, START) == 0
    assert ask("delta(abnormal, 5m)", window, moment(4, 59)) == 0
    assert math.isnan(ask("delta(abnormal, 5m)", window, moment(5)))


def test_months_of_history_in_one_run_are_counted_exactly() -> None:
    polls = 3_000_000
    run = Run(START, START + (polls - 1) * STEP, polls, NONE, Counts(abnormal=1))
    window = Window(timedelta(days=3000), [run, replace(run, start=run.end + STEP, end=run.end + STEP, polls=1)])
    (_, within), *_ = window.within(START + 1000 * STEP, run.end - STEP)
    assert within == polls - 1 - 1001


@given(
    series=st.lists(st.integers(min_value=0, max_value=4), min_size=1, max_size=20),
    seconds=st.integers(min_value=1, max_value=400),
    lag=st.integers(min_value=0, max_value=200),
)
def test_every_function_agrees_with_the_samples_one_by_one(series: list[int], seconds: int, lag: int) -> None:
    span = timedelta(seconds=seconds)
    window = sampled(*series, span=span + timedelta(seconds=lag))
    at = START + (len(series) - 1) * STEP + timedelta(seconds=lag)
    times = [START + number * STEP for number in range(len(series))]
    seen = [count for time, count in zip(times, series, strict=True) if at - span < time <= at]
    before = [count for time, count in zip(times, series, strict=True) if time <= at - span]
    rises = [later - earlier for earlier, later in pairwise(seen)]
    expected = {
        "delta": seen[-1] - seen[0] if len(seen) > 1 else math.nan,
        "increase": sum(max(0, rise) for rise in rises) if len(seen) > 1 else math.nan,
        "rate": sum(max(0, rise) for rise in rises) / seconds if len(seen) > 1 else math.nan,
        "changes": sum(rise != 0 for rise in rises) if len(seen) > 1 else math.nan,
        "avg_over_time": sum(seen) / len(seen) if seen else math.nan,
        "min_over_time": min(seen, default=math.nan),
        "max_over_time": max(seen, default=math.nan),
        "ago": before[-1] if before else math.nan,
    }
    answers = {name: ask(f"{name}(abnormal, {seconds}s)", window, at) for name in expected}
    assert answers == pytest.approx(expected, nan_ok=True)
