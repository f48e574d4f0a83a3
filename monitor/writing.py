"""How numbers, moments and other people's texts are written, in any language. Pure."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

_JOINER = "\u200d"
"""Holds the parts of one emoji together."""
_SKINS = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
"""Colours of the emoji before them."""


def number(value: float) -> str:
    """A number as people write it: 3 and not 3.0, at most ten digits; `unknown` for what is not a number."""
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    return str(int(value)) if value == int(value) else f"{value:.10g}"


def span(length: timedelta, units: Sequence[str]) -> str:
    """`length` by its two largest of `units`, days to seconds: `4m`, `1h 5m`, `2d`. A negative one is nothing."""
    left = max(0, int(length.total_seconds()))
    parts = []
    for unit, size in zip(units, (86400, 3600, 60, 1), strict=True):
        amount, left = divmod(left, size)
        parts.append((amount, unit))
    first = next((index for index, (amount, _) in enumerate(parts) if amount), 3)
    return " ".join(f"{amount}{unit}" for amount, unit in parts[first : first + 2] if amount or first == 3)


def moment(at: datetime, zone: tzinfo) -> str:
    """`at` on the clocks of `zone`, to the second, with the offset: `2026-01-05 10:01:00 +08:00`."""
    text = at.astimezone(zone).isoformat(sep=" ", timespec="seconds")
    return f"{text[:19]} {text[19:]}"


def near(at: datetime, beside: datetime, zone: tzinfo) -> str:
    """`at` for who knows the moment `beside`: `10:01:00` on the same day of `zone`, else `2026-01-04 10:01`."""
    local = at.astimezone(zone)
    if local.date() == beside.astimezone(zone).date():
        return f"{local:%H:%M:%S}"
    return f"{local.date()} {local:%H:%M}"


def clean(text: str, limit: int = 500) -> str:
    """`text` on one line, safe to show anywhere: no control or direction characters, at most `limit` characters, cut
    where people see a letter or a picture end."""
    line = " ".join(text.split())
    if not line.isprintable():
        line = "".join(letter if letter.isprintable() or letter == _JOINER else "\ufffd" for letter in line)
    return line if len(line) <= limit else line[: _whole(line, limit - 1)] + "…"


def _whole(line: str, end: int) -> int:
    """`end`, or the last place before it that is not inside what is seen as one: an emoji of parts, a letter with its
    marks."""
    while end > 0 and (_hangs_on(line[end]) or line[end - 1] == _JOINER):
        end -= 1
    return end


def _hangs_on(letter: str) -> bool:
    return letter == _JOINER or letter in _SKINS or unicodedata.combining(letter) > 0 or "\ufe00" <= letter <= "\ufe0f"
