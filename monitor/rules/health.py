"""What is remembered of an instance's polls: for how long they fail or stay the same, whether they look odd."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.model import Counts, Run, Sample

_NOTHING = Counts()


@dataclass(frozen=True, slots=True)
class Health:
    """What is remembered of an instance's polls. `run` is the one its last sample belongs to."""

    first_at: datetime
    good_at: datetime | None = None
    failures: int = 0
    run: Run | None = None
    good: Run | None = None

    @property
    def suspicious(self) -> bool:
        """Whether the counts known last look like a lost permission or a reset; it holds until they move again."""
        return self.good is not None and self.good.suspicious


def health_of(first_at: datetime, run: Run | None, good: Run | None) -> Health:
    """The health of an instance as its last run and its last good one tell it."""
    failed = run.polls if run is not None and run.failure is not None else 0
    return Health(first_at=first_at, good_at=good.end if good else None, failures=failed, run=run, good=good)


def lasting(health: Health, end: datetime, polls: int) -> Health:
    """After so many more samples up to `end`, each like the last one. ValueError where there was none."""
    last = health.run
    if last is None:
        raise ValueError("nothing was sampled yet")
    run = Run(last.start, end, last.polls + polls, last.common, last.cdc, last.failure, last.suspicious)
    if run.failure is not None:
        return Health(health.first_at, health.good_at, health.failures + polls, run, health.good)
    return Health(health.first_at, end, 0, run, run)


def after(before: Health | None, sample: Sample) -> tuple[Health, bool]:
    """The health after `sample`, and whether a new run begins with it."""
    health = before or Health(first_at=sample.at)
    at, failure, run = sample.at, sample.failure, health.run
    goes_on = run is not None and run.goes_on_with(sample)
    if goes_on and run is not None:
        # Written out, not replace(): this is on the way of every poll.
        run = Run(run.start, at, run.polls + 1, run.common, run.cdc, run.failure, run.suspicious)
    else:
        run = Run(at, at, 1, sample.common, sample.cdc, failure, _suspicious(health, sample))
    if failure is not None:
        return Health(health.first_at, health.good_at, health.failures + 1, run, health.good), not goes_on
    return Health(health.first_at, at, 0, run, run), not goes_on


def _suspicious(health: Health, sample: Sample) -> bool:
    """Whether the counts look like a lost permission or a reset: all zero after non-zero, or completed shrank.

    It stays so until the counts move again.
    """
    before = health.good
    if before is None or before.common is None or before.cdc is None or sample.common is None or sample.cdc is None:
        return False
    was, now = before.common.plus(before.cdc), sample.common.plus(sample.cdc)
    if was == now:
        return health.suspicious
    return now == _NOTHING or now.completed < was.completed
