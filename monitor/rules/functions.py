"""The history functions of the rule language: as in PromQL, but exact, without extrapolation.

Each looks at the good samples in (at - reach, at]; a sample whose measure is unknown (0/0) does not count. Too few
samples give NaN: two are needed, one for `*_over_time` and `ago`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise

from monitor.rules.facts import Counted, Facts

Measure = Callable[[Counted], float]


Stretches = Sequence[tuple[float, int]]
"""Values one after the other, each with how many samples in a row had it. Neighbours may be equal."""


def history(name: str, *, measure: Measure, reach: timedelta) -> Callable[[Facts], float]:
    """The function `name` of HISTORY over `measure`, looking back `reach`."""
    if name == "ago":
        return _ago(measure, reach)
    least, summary = _SUMMARIES[name]
    seconds = reach.total_seconds()

    def value(facts: Facts) -> float:
        window = facts.history
        if window is None:
            return math.nan
        runs = window.within(facts.at - reach, facts.at)
        stretches = [(found, polls) for run, polls in runs if (found := measure(run)) == found]  # NaN is not itself
        if len(stretches) < least and sum(polls for _, polls in stretches) < least:
            return math.nan
        return summary(stretches, seconds)

    return value


def _ago(measure: Measure, reach: timedelta) -> Callable[[Facts], float]:
    def value(facts: Facts) -> float:
        run = facts.history.before(facts.at - reach) if facts.history is not None else None
        return math.nan if run is None else measure(run)

    return value


def _delta(stretches: Stretches, _seconds: float) -> float:
    return stretches[-1][0] - stretches[0][0]


def _increase(stretches: Stretches, _seconds: float) -> float:
    return sum(later - earlier for (earlier, _), (later, _) in pairwise(stretches) if later > earlier)


def _rate(stretches: Stretches, seconds: float) -> float:
    return _increase(stretches, seconds) / seconds


def _changes(stretches: Stretches, _seconds: float) -> float:
    return sum(later != earlier for (earlier, _), (later, _) in pairwise(stretches))


def _average(stretches: Stretches, _seconds: float) -> float:
    return sum(value * polls for value, polls in stretches) / sum(polls for _, polls in stretches)


def _least(stretches: Stretches, _seconds: float) -> float:
    return min(value for value, _ in stretches)


def _most(stretches: Stretches, _seconds: float) -> float:
    return max(value for value, _ in stretches)


_SUMMARIES: dict[str, tuple[int, Callable[[Stretches, float], float]]] = {
    "delta": (2, _delta),
    "increase": (2, _increase),
    "rate": (2, _rate),
    "changes": (2, _changes),
    "avg_over_time": (1, _average),
    "min_over_time": (1, _least),
    "max_over_time": (1, _most),
}
