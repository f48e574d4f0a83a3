"""What is known of one instance as a member of a group: its last good sample, and its health as of now."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.model import Sample
from monitor.rules.facts import Facts
from monitor.rules.health import Health
from monitor.rules.window import Window


@dataclass(frozen=True, slots=True)
class Member:
    """An instance that was polled. `facts` hold its last good sample, and the past as it was then, with `up` and
    `failures` of the last poll; their `age` grows from `seen` on. `at` is when it was last polled."""

    facts: Facts
    seen: datetime
    at: datetime

    def shows_the_same_as(self, other: Member) -> bool:
        """Whether both say the same of everything but the time and the polls."""
        mine, its = self.facts, other.facts
        return (mine.common, mine.cdc, mine.up, mine.suspicious) == (its.common, its.cdc, its.up, its.suspicious)

    def now(self, at: datetime) -> Facts:
        """The facts as they are at `at`."""
        return self.facts if at == self.at else replace(self.facts, age=(at - self.seen).total_seconds())


def member_of(
    health: Health, window: Window | None, *, sample: Sample | None = None, before: Member | None = None
) -> Member | None:
    """The instance after `sample`, or as the store remembers it; None while it was never polled.

    A member counts with its last good sample, so that a group cannot look healed because its members fell silent.
    `before` is what it was until now: a failed poll keeps the latency of the last good one.
    """
    if health.run is None:
        return None
    seen = health.good_at or health.first_at
    at = sample.at if sample is not None else health.run.end
    latency = before.facts.latency if before is not None else math.nan
    if sample is not None and sample.failure is None:
        latency = sample.latency.total_seconds()
    facts = Facts(
        at=seen,
        common=health.good.common if health.good else None,
        cdc=health.good.cdc if health.good else None,
        up=health.run.failure is None,
        failures=health.failures,
        suspicious=health.suspicious,
        age=(at - seen).total_seconds(),
        latency=latency,
        history=window,
    )
    return Member(facts, seen, at)
