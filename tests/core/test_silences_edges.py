"""The last moment of each thing that a silence may and may not do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from test_silences import SILENCE, alert, minute

from monitor.matchers import parse
from monitor.model import State
from monitor.silences import LONGEST, Ended, Wrong, faults, may_become, over, wrongs
from monitor.timewindows import Spell


def test_a_silence_that_ends_or_changes_says_when_that_was_said() -> None:
    ended = SILENCE.end(minute(20), Ended.BY_HAND)
    assert ended == replace(SILENCE, ends_at=minute(20), updated_at=minute(20), ended=Ended.BY_HAND)
    assert SILENCE.end(minute(5), Ended.REPLACED).starts_at == minute(5)
    assert SILENCE.lasting(minute(99), minute(20)) == replace(SILENCE, ends_at=minute(99), updated_at=minute(20))


def test_by_clocks_that_are_ahead_all_of_its_moments_are() -> None:
    hour = timedelta(hours=1)
    later = replace(SILENCE, starts_at=minute(70), ends_at=minute(130), updated_at=minute(60))
    assert SILENCE.moved(hour) == later


def test_a_closed_window_that_never_opens_again_hides_nothing_and_says_no_moment() -> None:
    windowed = replace(SILENCE, window="once")
    assert windowed.spell(minute(20), {"once": Spell(False)}) == Spell(False, None)
    assert windowed.spell(minute(20), {"once": Spell(True)}) == Spell(True, minute(70))
    assert windowed.spell(minute(20), {"once": Spell(False, minute(70))}) == Spell(False, None)
    assert windowed.spell(minute(20), {"once": Spell(False, minute(69))}) == Spell(False, minute(69))


def test_it_may_last_exactly_as_long_as_allowed() -> None:
    longest = replace(SILENCE, ends_at=minute(0) + LONGEST)
    assert list(wrongs(longest, minute(0), ())) == []
    assert list(wrongs(longest, minute(0) - timedelta(seconds=1), ())) == [Wrong.LONG]


@pytest.mark.parametrize(("windows", "known"), [((), "none"), (("b", "a"), "a, b")])
def test_a_window_that_is_not_there_is_told_with_those_that_are(windows: tuple[str, ...], known: str) -> None:
    lost = replace(SILENCE, window="gone")
    assert list(faults(lost, minute(0), windows)) == [f"the policy has no window 'gone' (windows: {known})"]


@pytest.mark.parametrize(
    ("match", "wrong"),
    [('a=~"X*"', [Wrong.EVERYTHING]), ('a="X"', []), ('a=~"X+"', []), ('a!="X"', [Wrong.EVERYTHING])],
)
def test_it_is_about_everything_where_the_empty_text_matches(match: str, wrong: list[Wrong]) -> None:
    assert list(wrongs(replace(SILENCE, matchers=parse(match)), minute(0), ())) == wrong


def test_one_in_force_may_end_now_and_one_to_come_may_begin_now() -> None:
    assert may_become(SILENCE, replace(SILENCE, ends_at=minute(20)), minute(20))
    assert not may_become(SILENCE, replace(SILENCE, ends_at=minute(19)), minute(20))
    assert may_become(SILENCE, replace(SILENCE, starts_at=minute(5)), minute(5))
    assert not may_become(SILENCE, replace(SILENCE, starts_at=minute(4)), minute(5))


def test_one_until_resolved_looks_only_at_what_it_hides() -> None:
    until = replace(SILENCE, until_resolved=True)
    done, elsewhere = alert(state=State.RESOLVED), alert("invoices")
    assert over(until, [done], [done, elsewhere], minute(20))
    assert not over(until, [done], [alert(), elsewhere], minute(20))
