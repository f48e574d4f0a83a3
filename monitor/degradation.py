"""The built-in alert about a store that takes no writes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from monitor import lifecycle
from monitor.builtin import TIMERS, finding
from monitor.fingerprint import fingerprint
from monitor.model import Alert, Truth
from monitor.rules.change import Change

RULE = "store-degraded"
LABELS = {"alertname": RULE}
KEY = fingerprint(LABELS)


def judged(known: Mapping[str, Alert], trouble: str, *, at: datetime) -> Change | None:
    """What `trouble` (why no write is taken, empty if they are) changes. `known` are the alerts about no instance."""
    found = finding(RULE, LABELS, Truth.BREACH if trouble else Truth.CLEAR, at=at)
    alert = known.get(KEY)
    moved, transition = lifecycle.advance(alert, found, TIMERS)
    if transition is None:
        return None
    if moved is not None and trouble:
        moved = replace(moved, annotations={"summary": f"{trouble}; polling and alerting go on from memory"})
    return Change(RULE, KEY, moved, transition)
