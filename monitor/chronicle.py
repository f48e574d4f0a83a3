"""Counts and logs what moved, and what was decided, once it is recorded."""

from __future__ import annotations

import structlog

from monitor.grouping import Decision, Group, Quiet
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


def decided(meters: Meters, group: Group, decision: Decision, *, message: str) -> None:
    """Tells of a decision of a group, which was as `group` is; `message` is the first that it wrote, if any."""
    if decision.verdict is not Quiet.WAITING:
        meters.decisions.labels(group.receiver, str(decision.verdict)).inc()
    after = decision.group.held if decision.group is not None else {}
    for key, one in after.items():
        if group.held.get(key) != one:
            meters.suppressed.labels(group.receiver, str(one.why)).inc()
    if message:
        log.info("message queued", receiver=group.receiver, group=group.key, reason=str(decision.verdict), id=message)
