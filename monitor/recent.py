"""What a message may show of the hours before it: which count of the worst instance, and how far back. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from monitor.curve import Curve, Step
from monitor.model import STATUSES, InstanceKey, Run
from monitor.notification import AlertView, Notification, Reason
from monitor.timeline import Piece, pieces

LEAST, MOST = timedelta(hours=3), timedelta(hours=24)

_BEFORE = 4 / 3
"""So much longer than an alert fires is what is shown: a quarter of it is how it was before."""
_SHORTEST = timedelta(minutes=2)
_BAD = ("abnormal", "terminated")
_UNTOLD = (Reason.TEST, Reason.DRILL, Reason.DIGEST)


def worst(notification: Notification) -> tuple[AlertView, InstanceKey] | None:
    """The gravest alert, where it is about one instance; None where there is nothing to show."""
    if notification.reason in _UNTOLD or not notification.alerts:
        return None
    alert = notification.alerts[0]
    account, cloud_id = alert.labels.get("account", ""), alert.labels.get("instance_id", "")
    return (alert, InstanceKey(account, cloud_id)) if account and cloud_id else None


def reach(alert: AlertView, until: datetime) -> datetime:
    """From when on the curve of an alert is shown that is told of at `until`."""
    return until - min(max((until - alert.started_at) * _BEFORE, LEAST), MOST)


def curve(alert: AlertView, runs: Sequence[Run], until: datetime) -> Curve | None:
    """The bad count that moved, or is there at all; the running tasks where there is none. None where nothing is known.

    `runs` are those of the alert's instance that touch what `reach` gives, oldest first.
    """
    runs = _as_told(runs, alert)
    since = reach(alert, until)
    if runs and runs[0].start > since:
        since = min(runs[0].start, until - _SHORTEST)
    parts = pieces(runs, since, until)
    found = {status: _steps(parts, place) for place, status in enumerate(STATUSES)}
    counts = {status: {step.count for step in steps} - {None} for status, steps in found.items()}
    if not counts["running"]:
        return None
    moved = [status for status in _BAD if len(counts[status]) > 1]
    there = [status for status in _BAD if counts[status] != {0}]
    status = next(iter((*moved, *there)), "running")
    return Curve(alert.instance, status, found[status], alert.started_at, alert.resolved_at)


def _as_told(runs: Sequence[Run], alert: AlertView) -> Sequence[Run]:
    """The last run as far as the alert knows it: had that sample seen anything else, another run would have begun."""
    told_at = alert.values_at
    if not runs or told_at is None or not runs[-1].end < told_at:
        return runs
    return (*runs[:-1], replace(runs[-1], end=told_at))


def _steps(parts: Sequence[Piece], place: int) -> tuple[Step, ...]:
    """One count of both kinds together, what stays the same as one step."""
    told = [
        Step(part.start, part.end, part.counts[place] + part.counts[place + len(STATUSES)] if part.counts else None)
        for part in parts
    ]
    alike = (list(group) for _, group in groupby(told, key=lambda step: step.count))
    return tuple(Step(group[0].start, group[-1].end, group[0].count) for group in alike)
