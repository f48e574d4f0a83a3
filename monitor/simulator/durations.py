"""Durations as people write them: `4s`, `1m30s`, `500ms`; a bare number is seconds. Pure."""

from __future__ import annotations

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")


def seconds(text: object) -> float:
    """`text` in seconds, never negative. Raises `ValueError` with a text that says what to write."""
    if isinstance(text, (int, float)) and not isinstance(text, bool) and 0 <= text < float("inf"):
        return float(text)
    if isinstance(text, str) and _WHOLE.fullmatch(text.strip()):
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    raise ValueError(f"{text!r} is not a duration: write 4s, 1m30s or a number of seconds")
