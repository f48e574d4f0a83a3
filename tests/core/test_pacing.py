"""When a message is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.pacing import FIRST_WAIT, LONGEST_WAIT, aside, given_up, repeats_at, retry_at

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def wait(last: float, draw: float, asked: float | None = None) -> float:
    hint = None if asked is None else timedelta(seconds=asked)
    return (retry_at(START, last_wait=timedelta(seconds=last), asked=hint, draw=draw) - START).total_seconds()


def test_the_first_retry_comes_soon() -> None:
    assert wait(0, 0.9) == 2


def test_later_ones_spread_up_to_three_times_the_last_wait() -> None:
    assert wait(10, 0) == 2
    assert wait(10, 0.5) == 16


def test_it_never_waits_longer_than_ten_minutes_by_itself() -> None:
    assert wait(3600, 0.999) < 600


def test_what_the_receiver_asks_for_is_the_least() -> None:
    assert wait(0, 0, asked=1800) == 1800
    assert wait(100, 0.5, asked=1) == 151


@given(st.floats(0, 86400), st.floats(0, 1, exclude_max=True))
def test_every_wait_is_within_bounds(last: float, draw: float) -> None:
    seconds = wait(last, draw)
    assert FIRST_WAIT.total_seconds() <= seconds <= LONGEST_WAIT.total_seconds()


def test_after_a_day_people_have_to_look() -> None:
    assert not given_up(START, at=START + timedelta(hours=23, minutes=59))
    assert given_up(START, at=START + timedelta(hours=24))


def test_what_can_wait_leaves_neither_at_the_full_nor_at_the_half_hour() -> None:
    for minute in (0, 30):
        rush = START.replace(minute=minute)
        moved = {aside(rush + timedelta(seconds=second), f"group-{second}") for second in range(10)}
        assert len(moved) == 10, "not all together either"
        assert all(rush + timedelta(seconds=10) <= one < rush + timedelta(minutes=1) for one in moved)
        assert aside(rush, "g") == aside(rush, "g")
        for other in (timedelta(seconds=-1), timedelta(seconds=10), timedelta(minutes=12)):
            assert aside(rush + other, "g") == rush + other


def test_only_what_is_repeated_rarely_steps_aside() -> None:
    assert repeats_at(START, timedelta(seconds=2), "g") == START + timedelta(seconds=2)
    assert repeats_at(START, timedelta(hours=4), "g") > START + timedelta(hours=4, seconds=9)
    late = START + timedelta(seconds=40)
    assert repeats_at(late, timedelta(hours=4), "g") == late + timedelta(hours=4)


def test_groups_step_aside_over_the_whole_minute_and_each_always_alike() -> None:
    rush = START.replace(minute=30)
    seconds = sorted((aside(rush, f"group-{number}") - rush).total_seconds() for number in range(500))
    assert seconds[0] < 11
    assert seconds[-1] > 59
    assert seconds[250] == pytest.approx(35, abs=3)
    assert aside(rush, "ops") == rush + timedelta(seconds=27, microseconds=768134)


def test_from_five_minutes_on_a_repeat_steps_aside() -> None:
    rush = START.replace(minute=30)
    assert repeats_at(rush - timedelta(minutes=5), timedelta(minutes=5), "ops") > rush
    brief = timedelta(minutes=4, seconds=59)
    assert repeats_at(rush - brief, brief, "ops") == rush
