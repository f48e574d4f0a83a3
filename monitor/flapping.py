"""Flap detection: an alert that fires and resolves again and again is told of once. Pure.

Icinga's rule: of the last changes of state (at most twenty) each counts, the newest half as much again as the oldest;
their share of twenty is how much it flaps. Here age is measured in time, so that no check that changes nothing has to
be remembered: a change that was just made weighs 1.2, one that is `window` old 0.8, an older one nothing. At `high` it
begins to flap, below `low` it ends.

Source: Icinga 2, "Flapping" in its documentation of advanced topics (20 states, weights 0.8 to 1.2, 25 % and 30 %).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.timewindows import Spell

CHANGES = 20
_OLDEST, _NEWEST = 0.8, 1.2
_PRECISION = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Flapping:
    """How much is too much: shares of one, over a window of time."""

    window: timedelta = timedelta(hours=1)
    high: float = 0.30
    low: float = 0.25

    def spell(self, changes: Sequence[datetime], at: datetime, *, flaps: bool) -> Spell:
        """Whether an alert flaps at `at` that changed between firing and not firing at these moments, and until when if
        it changes no more. `flaps`: it did when it was looked at last."""
        share = self.share(changes, at)
        if share < (self.low if flaps else self.high):
            return Spell(False)
        return Spell(True, self._end(changes, at))

    def share(self, changes: Sequence[datetime], at: datetime) -> float:
        """How much it flaps at `at`, from 0 to 1.2."""
        recent = sorted(moment for moment in changes if moment <= at)[-CHANGES:]
        ages = [(at - moment) / self.window for moment in recent]
        return sum(_NEWEST - (_NEWEST - _OLDEST) * age for age in ages if age < 1) / CHANGES

    def _end(self, changes: Sequence[datetime], at: datetime) -> datetime:
        """When the share falls below `low`, to the second: without a change it only falls."""
        calm, wild = at + self.window, at
        while calm - wild > _PRECISION:
            middle = wild + (calm - wild) / 2
            if self.share(changes, middle) < self.low:
                calm = middle
            else:
                wild = middle
        return calm
