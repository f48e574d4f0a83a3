"""What all alerts share that the service raises by itself, without a rule of the policy. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.fingerprint import fingerprint
from monitor.model import Finding, InstanceKey, Labels, Severity, Truth

VERSION = "built-in"
"""Their rule's version: no reload changes what they mean."""


@dataclass(frozen=True, slots=True)
class Timers:
    """What a built-in rule says about time."""

    hold: timedelta = timedelta()
    keep: timedelta = timedelta()


TIMERS = Timers()
"""They fire at once, and end as soon as it is over."""


def finding(rule: str, labels: Labels, truth: Truth, *, at: datetime, instance: InstanceKey | None = None) -> Finding:
    """The built-in `rule`'s finding about what bears these labels; critical."""
    return Finding(
        key=fingerprint(labels),
        rule=rule,
        rule_version=VERSION,
        instance=instance,
        labels=labels,
        truth=truth,
        severity=Severity.CRITICAL,
        at=at,
    )
