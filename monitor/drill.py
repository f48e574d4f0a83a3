"""An end-to-end test of the running service: what is said to one receiver, plainly marked as a drill. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.group import Group
from monitor.grouping import decide
from monitor.model import Alert, Severity, State
from monitor.notification import Notification, Reason

KEEPING = ("alertmanager", "pagerduty")
"""Kinds of receivers that keep an alert open until they hear of its end."""

_NAME = "drill"
_AT_ONCE = timedelta()


def exercise(receiver: str, at: datetime, message_id: str) -> Notification:
    """What a group of its own says of an alert that is none, decided as for every other group."""
    decision = decide(_group(receiver, at, message_id), [_alert(at)], at=at, message_id=message_id)
    if decision.notification is None:
        raise ValueError(f"a new alert gave nothing to say: {decision.verdict}")
    return replace(decision.notification, reason=Reason.DRILL)


def end(drill: Notification, message_id: str) -> Notification:
    """The end of what `drill` said, for those that keep it open."""
    over = tuple(replace(one, firing=False, resolved_at=drill.at) for one in drill.alerts)
    return replace(drill, id=message_id, alerts=over)


def _group(receiver: str, at: datetime, message_id: str) -> Group:
    # a group for each drill, so that it stands in the way of nothing and edits no earlier message
    return Group(
        key=f'{{}}:{{alertname="{_NAME}"}}:{message_id}',
        receiver=receiver,
        labels={"alertname": _NAME},
        wait=_AT_ONCE,
        interval=_AT_ONCE,
        repeat=_AT_ONCE,
        changed_at=at,
    )


def _alert(at: datetime) -> Alert:
    return Alert(
        key=_NAME,
        rule=_NAME,
        rule_version="",
        instance=None,
        labels={"alertname": _NAME},
        severity=Severity.INFO,
        state=State.FIRING,
        since=at,
        state_since=at,
        fired_at=at,
        values_at=at,
    )
