"""Durations are written the way operators write them, and read back the same."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.durations import LONGEST, parse, show

WRITINGS = {
    "0s": timedelta(),
    "10ms": timedelta(milliseconds=10),
    "1s500ms": timedelta(seconds=1.5),
    "1m30s": timedelta(seconds=90),
    "5m": timedelta(minutes=5),
    "1h30m": timedelta(minutes=90),
    "2d": timedelta(days=2),
    "10d": timedelta(days=10),
    "1w": timedelta(days=7),
    "2w": timedelta(days=14),
}

FAULTS = {
    "": "a duration is missing: write 90s, 5m or 1h30m",
    "300": "'300' has no unit: write 300s or 5m",
    "5": "'5' has no unit: write 5s or 5m",
    "0": "'0' has no unit: write 0s or 0m",
    "1.5h": "'1.5h' is not a duration: write whole numbers, such as 1h30m for one and a half hours",
    "5M": "'5M' is not a duration: write whole numbers with ms, s, m, h, d or w, such as 90s, 5m or 1h30m",
    "5 m": "'5 m' is not a duration: write whole numbers with ms, s, m, h, d or w, such as 90s, 5m or 1h30m",
    "-5m": "'-5m' is not a duration: write whole numbers with ms, s, m, h, d or w, such as 90s, 5m or 1h30m",
    "5m\n": "'5m\\n' is not a duration: write whole numbers with ms, s, m, h, d or w, such as 90s, 5m or 1h30m",
    "٥m": "'٥m' is not a duration: write whole numbers with ms, s, m, h, d or w, such as 90s, 5m or 1h30m",
    "30m1h": "'30m1h' is out of order: write larger units first and each once, such as 1h30m",
    "5m5m": "'5m5m' is out of order: write larger units first and each once, such as 1h30m",
    "5201w": "'5201w' is too long: the longest duration is 5200w",
    "9" * 18 + "w": "'999999999999999999w' is too long: the longest duration is 5200w",
    "9" * 5000 + "s": f"'{'9' * 39}…' is too long: the longest duration is 5200w",
}


@pytest.mark.parametrize(("text", "length"), WRITINGS.items())
def test_a_duration_is_read_and_shown_in_the_same_writing(text: str, length: timedelta) -> None:
    assert parse(text) == length
    assert show(length) == text


def test_a_duration_may_be_written_otherwise_than_it_is_shown() -> None:
    assert parse("90s") == timedelta(seconds=90)
    assert parse("0h05m") == timedelta(minutes=5)


@pytest.mark.parametrize(("text", "message"), FAULTS.items(), ids=lambda text: text[:12])
def test_what_is_not_a_duration_is_told_what_to_write(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse(text)


def test_a_negative_length_is_shown_with_a_sign_and_less_than_a_millisecond_as_none() -> None:
    assert show(timedelta(seconds=-90)) == "-1m30s"
    assert show(timedelta(microseconds=-999)) == "0s"
    assert show(timedelta(microseconds=1999)) == "1ms"


@given(st.integers(min_value=0, max_value=LONGEST // timedelta(milliseconds=1)))
def test_whatever_is_shown_is_read_back(milliseconds: int) -> None:
    length = timedelta(milliseconds=milliseconds)
    assert parse(show(length)) == length


@given(st.text(alphabet="0123456789.wdhms -", max_size=12))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        length, advice = parse(text), "write"
    except ValueError as error:
        length, advice = timedelta(), str(error)
    assert timedelta() <= length <= LONGEST
    assert "write" in advice or "longest" in advice
