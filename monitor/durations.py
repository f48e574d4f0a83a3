"""Durations as operators write them: `90s`, `5m`, `1h30m`, `10ms`, `2d`, `1w`. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import islice, pairwise

from monitor.textfault import quoted

UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
"""From large to small: the order in which a duration is written."""

LONGEST = timedelta(weeks=5200)
"""About a century: any moment minus a duration stays a moment."""

# Possessive: nothing is tried twice, so a megabyte of it is told at once.
_SHAPE = re.compile("(?:[0-9]++(?:ms|[wdhms]))++")
_PART = re.compile("([0-9]+)(ms|[wdhms])")
_EXAMPLES = "90s, 5m or 1h30m"


def parse(text: str) -> timedelta:
    """The duration that `text` writes. ValueError says what to write instead."""
    if not text:
        raise ValueError(f"a duration is missing: write {_EXAMPLES}")
    if re.fullmatch("[0-9]+", text):
        raise ValueError(_bare(text))
    if re.fullmatch(r"[0-9]*\.[0-9]+[a-z]+", text):
        raise ValueError(
            f"{quoted(text)} is not a duration: write whole numbers, such as 1h30m for one and a half hours"
        )
    if not _SHAPE.fullmatch(text):
        raise ValueError(
            f"{quoted(text)} is not a duration: write whole numbers with ms, s, m, h, d or w, such as {_EXAMPLES}"
        )
    # One more than there are units is out of order, whatever follows: a text of any length is told at once.
    parts = [(found[1], found[2]) for found in islice(_PART.finditer(text), len(UNITS) + 1)]
    order = [list(UNITS).index(unit) for _, unit in parts]
    if any(later <= earlier for earlier, later in pairwise(order)):
        raise ValueError(f"{quoted(text)} is out of order: write larger units first and each once, such as 1h30m")
    return _total(text, parts)


def show(length: timedelta) -> str:
    """The writing of `length` that `parse` reads back: whole milliseconds, `0s` for none, `-` before a negative one.

    Weeks are written only where they come out even: ten days are `10d`.
    """
    rest = abs(length) // timedelta(milliseconds=1) * timedelta(milliseconds=1)
    if not rest:
        return "0s"
    sign = "-" if length < timedelta() else ""
    if not rest % UNITS["w"]:
        return f"{sign}{rest // UNITS['w']}w"
    written = ""
    for unit, size in UNITS.items():
        if unit != "w" and rest >= size:
            count, rest = divmod(rest, size)
            written += f"{count}{unit}"
    return sign + written


def _total(text: str, parts: list[tuple[str, str]]) -> timedelta:
    too_long = f"{quoted(text)} is too long: the longest duration is {show(LONGEST)}"
    if any(len(count) > 18 for count, _ in parts):
        raise ValueError(too_long)
    try:
        total = sum((int(count) * UNITS[unit] for count, unit in parts), timedelta())
    except OverflowError:
        raise ValueError(too_long) from None
    if total > LONGEST:
        raise ValueError(too_long)
    return total


def _bare(text: str) -> str:
    seconds = text.lstrip("0")[:10] or "0"
    natural = show(timedelta(seconds=int(seconds)))
    other = natural if natural != f"{seconds}s" else f"{seconds}m"
    return f"{quoted(text)} has no unit: write {seconds}s or {other}"
