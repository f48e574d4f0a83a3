"""When windows are open, told on the clocks of their zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.textfault import TextFault
from monitor.timewindows import Fixed, Recurring, Spell, check_cron, spells

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")


def window(cron: str, hours: float, zone: tzinfo = UTC) -> Recurring:
    return Recurring("w", cron, timedelta(hours=hours), zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


NIGHTS = window("0 22 * * *", 9, SHANGHAI)


@pytest.mark.parametrize(
    ("at", "spell"),
    [
        ("2026-01-05T21:59:59.999+08:00", Spell(False, utc("2026-01-05T22:00+08:00"))),
        ("2026-01-05T22:00:00+08:00", Spell(True, utc("2026-01-06T07:00+08:00"))),
        ("2026-01-06T06:59:59.999+08:00", Spell(True, utc("2026-01-06T07:00+08:00"))),
        ("2026-01-06T07:00:00+08:00", Spell(False, utc("2026-01-06T22:00+08:00"))),
        # on the days on which the clocks of Europe change, those of Shanghai do not
        ("2026-03-29T06:59:00+08:00", Spell(True, utc("2026-03-29T07:00+08:00"))),
        ("2026-10-25T06:59:00+08:00", Spell(True, utc("2026-10-25T07:00+08:00"))),
    ],
)
def test_nights_in_shanghai(at: str, spell: Spell) -> None:
    assert NIGHTS.at(utc(at)) == spell


@pytest.mark.parametrize(
    ("at", "spell"),
    [
        # 22:00 in Berlin is 21:00 UTC in winter and 20:00 in summer
        ("2026-03-28T20:59:59Z", Spell(False, utc("2026-03-28T21:00Z"))),
        ("2026-03-28T21:00:00Z", Spell(True, utc("2026-03-29T06:00Z"))),
        ("2026-03-29T06:00:00Z", Spell(False, utc("2026-03-29T20:00Z"))),
        ("2026-10-24T20:00:00Z", Spell(True, utc("2026-10-25T05:00Z"))),
        ("2026-10-25T05:00:00Z", Spell(False, utc("2026-10-25T21:00Z"))),
    ],
)
def test_nights_in_berlin_over_both_changes_of_the_clocks_last_nine_real_hours(at: str, spell: Spell) -> None:
    assert window("0 22 * * *", 9, BERLIN).at(utc(at)) == spell


def test_an_opening_that_the_clocks_skip_is_right_after_the_gap() -> None:
    early = window("30 2 * * *", 1, BERLIN)  # on 2026-03-29 the clocks go from 02:00 to 03:00, which is 01:00 UTC
    assert early.at(utc("2026-03-29T00:59:59Z")) == Spell(False, utc("2026-03-29T01:00Z"))
    assert early.at(utc("2026-03-29T01:00:00Z")) == Spell(True, utc("2026-03-29T02:00Z"))
    assert early.at(utc("2026-03-29T02:00:00Z")) == Spell(False, utc("2026-03-30T00:30Z"))


def test_an_opening_that_the_clocks_show_twice_happens_once() -> None:
    early = window("30 2 * * *", 0.5, BERLIN)  # on 2026-10-25 02:30 is at 00:30 and at 01:30 UTC
    assert early.at(utc("2026-10-25T00:30:00Z")) == Spell(True, utc("2026-10-25T01:00Z"))
    assert early.at(utc("2026-10-25T01:00:00Z")) == Spell(False, utc("2026-10-26T01:30Z"))
    assert early.at(utc("2026-10-25T01:35:00Z")) == Spell(False, utc("2026-10-26T01:30Z"))


def test_openings_that_overlap_or_touch_are_one_spell() -> None:
    days = window("0 0 * * 1-5", 24)  # 2026-01-05 is a Monday
    assert days.at(utc("2026-01-06T12:00Z")) == Spell(True, utc("2026-01-10T00:00Z"))
    assert days.at(utc("2026-01-10T00:00Z")) == Spell(False, utc("2026-01-12T00:00Z"))
    assert window("0 * * * *", 2).at(utc("2026-01-06T12:00Z")).open


def test_one_that_never_closes_is_open_for_a_long_while() -> None:
    spell = window("* * * * *", 1).at(utc("2026-01-06T12:00Z"))
    assert spell.open
    assert spell.until is not None
    assert spell.until > utc("2026-01-06T18:00Z")


def test_a_window_that_opens_once() -> None:
    festival = Fixed("春节", utc("2026-02-15T00:00+08:00"), utc("2026-02-22T00:00+08:00"))
    assert festival.at(utc("2026-02-14T23:59:59+08:00")) == Spell(False, festival.start)
    assert festival.at(festival.start) == Spell(True, festival.end)
    assert festival.at(festival.end) == Spell(False, None)
    assert spells({"春节": festival}, festival.start) == {"春节": Spell(True, festival.end)}


@pytest.mark.parametrize("text", ["", "0 22 * *", "0 22 * * * *", "0 25 * * *", "x 1 * * *", "@daily"])
def test_what_is_no_cron_expression_is_refused(text: str) -> None:
    with pytest.raises(TextFault, match="is not a cron expression"):
        check_cron(text)


@pytest.mark.parametrize("text", ["0 0 30 2 *", "0 0 31 4 *"])
def test_what_never_comes_true_is_refused(text: str) -> None:
    with pytest.raises(TextFault):
        check_cron(text)


@given(
    zone=st.sampled_from([BERLIN, SHANGHAI, UTC, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")]),
    cron=st.sampled_from(["0 22 * * *", "30 2 * * *", "15 1 * * 0", "*/20 3 * * *", "0 0 1 * *", "0 */6 * * 6"]),
    minutes=st.integers(1, 22 * 60),
    seconds=st.integers(0, 365 * 86400),
)
def test_a_spell_holds_until_it_ends_and_no_longer(zone: tzinfo, cron: str, minutes: int, seconds: int) -> None:
    at = utc("2026-01-01T00:00Z") + timedelta(seconds=seconds)
    one = Recurring("w", cron, timedelta(minutes=minutes), zone)
    spell = one.at(at)
    assert spell.until is not None
    assert spell.until > at
    last = one.at(spell.until - timedelta(microseconds=1))
    assert (last.open, last.until) == (spell.open, spell.until)
    assert one.at(spell.until).open is not spell.open
