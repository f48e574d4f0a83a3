"""The built-in alert about a store that takes no writes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from monitor import lifecycle
from monitor.fingerprint import fingerprint
from monitor.model import Alert, Finding, Severity, Truth
from monitor.outage import TIMERS
from monitor.rules.change import Change

RULE = "store-degraded"
VERSION = "built-in"
LABELS = {"alertname": RULE}
KEY = fingerprint(LABELS)


def judged(known: Mapping[str, Alert], trouble: str, *, at: datetime) -> Change | None:
    """What `trouble` (why no write is taken, empty if they are) changes. `known` are the alerts about no instance."""
    finding = Finding(
        key=KEY,
        rule=RULE,
        rule_version=VERSION,
        instance=None,
        labels=LABELS,
        truth=Truth.BREACH if trouble else Truth.CLEAR,
        severity=Severity.CRITICAL,
        at=at,
    )
    alert = known.get(KEY)
    moved, transition = lifecycle.advance(alert, finding, TIMERS)
    if transition is None:
        return None
    if moved is not None and trouble:
        moved = replace(moved, annotations={"summary": f"{trouble}; polling and alerting go on from memory"})
    return Change(RULE, KEY, moved, transition)
