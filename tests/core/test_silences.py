"""What a silence hides, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matchers import EVERYTHING, parse
from monitor.model import Alert, Severity, State
from monitor.silences import Ended, Silence, Standing, faults, may_become, over, preview
from monitor.timewindows import Recurring, Spell, spells

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
NIGHTS = {"nights": Recurring("nights", "0 22 * * *", timedelta(hours=9), UTC)}


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


SILENCE = Silence(
    id="s-1",
    matchers=parse('instance="orders"'),
    starts_at=minute(10),
    ends_at=minute(70),
    created_by="wang",
    comment="迁移",
    updated_at=START,
)


def alert(instance: str = "orders", severity: Severity = Severity.WARNING, state: State = State.FIRING) -> Alert:
    labels = {"alertname": "abnormal", "instance": instance}
    return Alert(instance, "abnormal", "1", None, labels, severity, state, START, START, fired_at=START)


def test_it_is_pending_then_active_then_expired() -> None:
    stands = [SILENCE.standing(minute(at)) for at in (9.99, 10, 69.99, 70)]
    assert stands == [Standing.PENDING, Standing.ACTIVE, Standing.ACTIVE, Standing.EXPIRED]
    assert SILENCE.spell(minute(0), {}) == Spell(False, minute(10))
    assert SILENCE.spell(minute(10), {}) == Spell(True, minute(70))
    assert SILENCE.spell(minute(70), {}) == Spell(False, None)


def test_its_breaker_wins() -> None:
    broken = replace(SILENCE, unless=parse('severity="critical"'))
    assert broken.matches(alert().all_labels)
    assert not broken.matches(alert(severity=Severity.CRITICAL).all_labels)
    assert not broken.matches(alert("invoices").all_labels)


def test_with_a_window_it_hides_only_while_that_is_open_and_never_past_its_own_end() -> None:
    week = replace(SILENCE, starts_at=START, ends_at=START + timedelta(days=1, hours=15), window="nights")

    def spell(text: str) -> Spell:
        at = datetime.fromisoformat(text)
        return week.spell(at, spells(NIGHTS, at))

    assert spell("2026-01-05T12:00Z") == Spell(False, datetime(2026, 1, 5, 22, tzinfo=UTC))
    assert spell("2026-01-05T22:00Z") == Spell(True, datetime(2026, 1, 6, 7, tzinfo=UTC))
    assert spell("2026-01-06T07:00Z") == Spell(False, datetime(2026, 1, 6, 22, tzinfo=UTC))
    assert spell("2026-01-06T23:00Z") == Spell(True, datetime(2026, 1, 7, 1, tzinfo=UTC))
    assert spell("2026-01-07T01:00Z") == Spell(False, None)


def test_one_whose_window_is_gone_hides_nothing() -> None:
    assert replace(SILENCE, window="nights").spell(minute(20), {}) == Spell(False, None)


def test_until_resolved_it_ends_when_the_last_that_it_matches_does() -> None:
    until = replace(SILENCE, matchers=parse('alertname="abnormal"'), until_resolved=True)
    over_now = alert(state=State.RESOLVED)
    assert not over(until, [over_now], [alert("invoices")], minute(20))
    assert not over(until, [over_now], [alert("invoices", state=State.PENDING)], minute(20))
    assert over(until, [over_now], [], minute(20))
    assert not over(until, [], [], minute(20)), "nothing that it matches was there yet"
    assert not over(until, [over_now], [], minute(0)), "it has not begun"
    assert not over(SILENCE, [over_now], [], minute(20)), "it is not meant so"


def test_it_can_be_ended_early_and_before_it_begins() -> None:
    ended = SILENCE.end(minute(30), Ended.BY_HAND)
    assert (ended.standing(minute(30)), ended.ends_at, ended.ended) == (Standing.EXPIRED, minute(30), Ended.BY_HAND)
    never = SILENCE.end(minute(5), Ended.BY_HAND)
    assert (never.starts_at, never.ends_at) == (minute(5), minute(5))


def test_the_preview_is_what_it_would_hide() -> None:
    breaker = replace(SILENCE, matchers=parse('alertname="abnormal"'), unless=parse('severity="critical"'))
    hidden = preview(
        breaker,
        [
            alert(),
            alert("invoices", Severity.CRITICAL),
            alert("a", state=State.PENDING),
            alert("b", state=State.RESOLVED),
        ],
    )
    assert [one.key for one in hidden] == ["orders", "a"]


@pytest.mark.parametrize(
    ("silence", "fault"),
    [
        (replace(SILENCE, matchers=EVERYTHING), "it would hide everything"),
        (replace(SILENCE, matchers=parse('instance=~".*"')), "it would hide everything"),
        (replace(SILENCE, matchers=parse('instance!="orders"')), "it would hide everything"),
        (replace(SILENCE, ends_at=minute(10)), "its end is not after its start"),
        (replace(SILENCE, starts_at=minute(-9), ends_at=START), "its end is in the past"),
        (replace(SILENCE, ends_at=START + timedelta(days=400)), "it lasts longer than 366 days"),
        (replace(SILENCE, window="weekends"), "the policy has no window 'weekends' (windows: nights)"),
    ],
)
def test_what_cannot_be_made_says_why(silence: Silence, fault: str) -> None:
    assert [text[: len(fault)] for text in faults(silence, START, NIGHTS)] == [fault]


def test_a_sound_one_has_no_faults() -> None:
    assert list(faults(replace(SILENCE, window="nights"), START, NIGHTS)) == []


def test_what_has_happened_is_not_rewritten() -> None:
    assert may_become(SILENCE, replace(SILENCE, ends_at=minute(90)), minute(20))
    assert may_become(SILENCE, replace(SILENCE, ends_at=minute(25)), minute(20))
    assert not may_become(SILENCE, replace(SILENCE, ends_at=minute(15)), minute(20))
    assert not may_become(SILENCE, replace(SILENCE, starts_at=minute(15)), minute(20))
    assert not may_become(SILENCE, replace(SILENCE, matchers=parse("a=b")), minute(20))
    assert not may_become(SILENCE, replace(SILENCE, ends_at=minute(900)), minute(80))
    assert may_become(SILENCE, replace(SILENCE, starts_at=minute(15)), START)
    assert not may_become(SILENCE, replace(SILENCE, starts_at=minute(-5)), START)


@given(at=st.integers(-3000, 6000), window=st.sampled_from(["", "nights", "gone"]))
def test_a_silence_never_outlives_its_end(at: int, window: str) -> None:
    moment = minute(at)
    one = replace(SILENCE, window=window, ends_at=minute(2000))
    spell = one.spell(moment, spells(NIGHTS, moment))
    if spell.open:
        assert one.starts_at <= moment < one.ends_at
        assert spell.until is not None
        assert moment < spell.until <= one.ends_at
