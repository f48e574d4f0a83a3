"""When an alert is said to flap, and when it stands still again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.flapping import Flapping
from monitor.timewindows import Spell

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def every(minutes: float, times: int) -> list[datetime]:
    """So many changes, one after the other."""
    return [minute(number * minutes) for number in range(times)]


def test_a_change_weighs_less_the_older_it_is() -> None:
    limits = Flapping()
    shares = [limits.share([START], minute(at)) for at in (0, 30, 59.9999, 60, -1)]
    assert shares == pytest.approx([1.2 / 20, 1.0 / 20, 0.8 / 20, 0, 0], abs=1e-6)


def test_the_sixth_change_within_minutes_makes_it_flap_and_the_fifth_does_not() -> None:
    limits = Flapping()
    assert not limits.spell(every(1, 5), minute(4), flaps=False).open
    assert limits.spell(every(1, 6), minute(5), flaps=False).open


def test_between_the_limits_it_stays_as_it_was() -> None:
    limits, changes = Flapping(), every(1, 5)
    assert limits.low <= limits.share(changes, minute(4)) < limits.high
    assert limits.spell(changes, minute(4), flaps=True).open
    assert limits.spell(changes, minute(4), flaps=False) == Spell(False)


def test_it_says_when_it_will_stand_still() -> None:
    limits, changes = Flapping(), every(1, 6)
    spell = limits.spell(changes, minute(5), flaps=False)
    assert spell.until is not None
    assert limits.share(changes, spell.until) < limits.low
    assert limits.share(changes, spell.until - timedelta(seconds=2)) >= limits.low
    assert not limits.spell(changes, spell.until, flaps=True).open


def test_at_most_twenty_changes_count() -> None:
    limits = Flapping(high=1.0, low=0.5)
    assert limits.share(every(0.1, 100), minute(10)) == pytest.approx(limits.share(every(0.1, 100)[-20:], minute(10)))


def test_a_few_changes_in_a_day_are_no_flapping() -> None:
    assert not Flapping().spell(every(30, 40), minute(30 * 39), flaps=True).open


@given(gaps=st.lists(st.floats(0, 20), max_size=40), later=st.floats(0, 90), flaps=st.booleans())
def test_without_a_change_it_only_calms_down(gaps: list[float], later: float, flaps: bool) -> None:
    limits = Flapping()
    changes = [minute(sum(gaps[:count])) for count in range(len(gaps) + 1)]
    at = changes[-1]
    assert limits.share(changes, at + timedelta(minutes=later)) <= limits.share(changes, at) + 1e-9
    spell = limits.spell(changes, at, flaps=flaps)
    if spell.open:
        assert spell.until is not None
        assert at < spell.until <= at + limits.window
