"""How templates write durations, moments, numbers and words, in English and Chinese. Pure.

Each function takes a value of a template and what may stand in the parentheses of its filter. What it cannot write is
a ValueError or TypeError that says what to write instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from monitor.wording import wording
from monitor.writing import moment, number


class Moment(str):
    """A moment as a template sees it: it prints in UTC, and the filters of time put it on other clocks."""

    __slots__ = ("at",)
    at: datetime

    @classmethod
    def of(cls, at: datetime | None) -> Moment | str:
        """`at`, or `unknown` without one."""
        if at is None:
            return "unknown"
        made = cls(at.isoformat(sep=" ", timespec="seconds"))
        made.at = at
        return made


def duration(seconds: Any, language: str = "en") -> str:
    """`245` as `4m 5s`, in Chinese `4 分钟 5 秒`."""
    return _finite(seconds, "duration", lambda: wording(language).span(timedelta(seconds=seconds)))


def percent(share: Any, digits: int = 0) -> str:
    """`0.254` as `25%`, with `percent(1)` as `25.4%`."""
    places = max(0, min(10, int(digits)))
    return _finite(share, "percent", lambda: f"{number(round(share * 100, places))}%")


def thousands(figure: Any) -> str:
    """`12345.6` as `12 345.6`."""
    return _finite(figure, "thousands", lambda: _grouped(number(figure)))


def time(at: Any, zone: str = "UTC") -> str:
    """The moment on the clocks of `zone`: `2026-01-05 10:01:00 +08:00`."""
    return _placed(at, lambda known: moment(known, _zone(zone)))


def date(at: Any, zone: str = "UTC") -> str:
    """Its day there: `2026-01-05`."""
    return _placed(at, lambda known: f"{known.astimezone(_zone(zone)):%Y-%m-%d}")


def clock(at: Any, zone: str = "UTC") -> str:
    """Its hour and minute there: `10:01`."""
    return _placed(at, lambda known: f"{known.astimezone(_zone(zone)):%H:%M}")


def word(text: Any, language: str) -> str:
    """A severity, a count or a kind of tasks in `language`: `critical` as `严重`."""
    words = _words(language)
    if text not in words:
        raise ValueError(f"there is no word for {text}: there are words for {', '.join(words)}")
    return words[text]


def _finite(figure: Any, name: str, write: Callable[[], str]) -> str:
    if not isinstance(figure, (int, float)):
        raise TypeError(f"{name} follows a number")
    return write() if math.isfinite(figure) else number(figure)


def _grouped(digits: str) -> str:
    whole, dot, rest = digits.partition(".")
    return f"{int(whole):,}".replace(",", " ") + dot + rest if "e" not in digits else digits


def _placed(at: Any, write: Callable[[datetime], str]) -> str:
    if isinstance(at, Moment):
        return write(at.at)
    if at == "unknown":
        return "unknown"
    raise TypeError("a filter of time follows a moment, such as started_at")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, TypeError, OSError):
        raise ValueError(f"there is no time zone {name!r}: write one such as Asia/Shanghai") from None


def _words(language: str) -> Mapping[str, str]:
    words = wording(language)
    return {**{str(severity): text for severity, text in words.severities.items()}, **words.counts}
