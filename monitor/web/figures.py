"""The numbers worth showing beside an alert: what moved since before it began. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitor.model import KINDS, Alert, Run
from monitor.web.words import Words
from monitor.writing import number

_MOST = 3
_STATUSES = ("abnormal", "terminated", "running", "completed")
_BAD = ("abnormal", "terminated")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its name; `before` is empty where it did not move or is not known."""

    name: str
    after: str
    before: str = ""
    bad: bool = False


def figures(alert: Alert, before: Run | None, words: Words) -> tuple[Figure, ...]:
    """The counts that moved since the run `before`, the bad ones first; without any, the bad ones that are not zero.

    Where the last poll brought no counts, for how many polls in a row. Of a group what its rule adds up.
    """
    if alert.instance is None:
        return tuple(Figure(name, _added_up(name, value, words)) for name, value in alert.values.items())[:_MOST]
    if alert.values.get("up") == 0:
        failures = alert.values.get("failures", math.nan)
        return (Figure(words("overview.polls_failed"), number(failures), bad=True),) if failures > 0 else ()
    earlier = _earlier(before)
    moved = tuple(_moved(alert.values, earlier, words))
    return (moved or tuple(_standing(alert.values, words)))[:_MOST]


def _added_up(name: str, value: float, words: Words) -> str:
    return words.wording.seconds(value) if name.endswith(("(age)", "(latency)")) else number(value)


def _moved(after: Mapping[str, float], before: Mapping[str, float], words: Words) -> Iterator[Figure]:
    for status in _STATUSES:
        for kind in KINDS:
            old, new = before.get(f"{kind}.{status}"), after.get(f"{kind}.{status}")
            if old is not None and new is not None and old != new:
                yield Figure(_name(kind, status, words), number(new), number(old), bad=status in _BAD and new > old)


def _standing(after: Mapping[str, float], words: Words) -> Iterator[Figure]:
    for status in _BAD:
        for kind in KINDS:
            if count := after.get(f"{kind}.{status}"):
                yield Figure(_name(kind, status, words), number(count), bad=True)


def _name(kind: str, status: str, words: Words) -> str:
    return f"{words.wording.counts[kind]} {words.wording.counts[status]}"


def _earlier(run: Run | None) -> dict[str, float]:
    if run is None or run.common is None or run.cdc is None:
        return {}
    both = zip(KINDS, (run.common, run.cdc), strict=True)
    return {f"{kind}.{status}": float(getattr(counts, status)) for kind, counts in both for status in _STATUSES}
