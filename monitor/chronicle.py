"""Counts and logs what moved, once it is recorded."""

from __future__ import annotations

import structlog

from monitor.meters import Meters
from monitor.model import Cause
from monitor.rules.change import Change

log = structlog.get_logger()


def tell(meters: Meters, change: Change, **whose: str) -> None:
    """Tells of a change in which an alert took a step; `whose` says which account or instance it is about."""
    step = change.transition
    if step is None or step.cause is Cause.RULE_CHANGED:  # nothing moved
        return
    meters.transitions.labels(step.rule, str(step.after)).inc()
    log.info(f"alert {step.after}", rule=step.rule, **whose, severity=str(step.severity), cause=str(step.cause))
