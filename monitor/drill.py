"""An end-to-end test of the running service: a sample that nobody took, judged, moved and grouped as every other. Pure.

No part of it is an alert of the service's own: what it moves is known to nobody but the drill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from monitor import timewindows
from monitor.grouping import decide, new_group
from monitor.model import Alert, Counts, Instance, Sample, Severity
from monitor.notification import Notification, Reason
from monitor.pacing import aside
from monitor.routing import Route
from monitor.rules.change import Change
from monitor.rules.rule import Rule
from monitor.rules.watch import Watch

KEEPING = ("alertmanager", "pagerduty")
"""Kinds of receivers that keep an alert open until they hear of its end."""
RULE = Rule("drill", when="abnormal > 0", severity=Severity.INFO)
"""What judges the sample: in the language of rules, in force without patience."""
INSTANCE = Instance(account="drill", id="drill", name="drill")

WITHIN = timedelta(minutes=1)
"""How long a drill may take to arrive, unless somebody says otherwise."""

_AT_ONCE = timedelta()


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the service drills by itself, and whom: `receivers`, all without any. A drill that did not arrive `within`
    this time is late."""

    cron: str
    zone: tzinfo
    receivers: tuple[str, ...] = ()
    within: timedelta = WITHIN

    @property
    def name(self) -> str:
        """What tells it from another one in the store."""
        return f"{self.cron} {self.zone}"

    def after(self, at: datetime) -> datetime | None:
        """When the first drill after `at` is due, off the rush of the full and the half hour; None if none is."""
        opening = next(timewindows.openings(self.cron, self.zone, at), None)
        return aside(opening, self.name) if opening is not None else None


@dataclass(frozen=True, slots=True)
class Course:
    """What became of one synthetic instance: how its alert began, and how it ended."""

    began: Change
    ended: Change


def course(at: datetime) -> Course:
    """One task breaks, and is well again: both samples judged by the rule, both steps of the alert's life."""
    watch = Watch(INSTANCE, (RULE,), health=None, history=())
    broken = Sample(INSTANCE, at, _AT_ONCE, Counts(abnormal=1), Counts())
    step = watch.step(broken, {})
    [began] = step.changes
    watch.health = step.health
    [ended] = watch.step(replace(broken, common=Counts()), {RULE.name: _alert(began)}).changes
    return Course(began, ended)


def place(route: Route, receiver: str, number: str) -> Route:
    """The route that leads to this receiver, the root's where none does, as the drill of this number takes it: without
    waiting, and with a group of its own, which stands in the way of nothing and edits no earlier message."""
    found = next((one for one in route.places() if one.receiver == receiver), route)
    return replace(
        found,
        path=f"{found.path}/drill={number}",
        receiver=receiver,
        group_wait=_AT_ONCE,
        group_interval=_AT_ONCE,
        mute=(),
        active=(),
        step=None,
    )


def said(route: Route, course: Course, at: datetime, name: Callable[[], str]) -> Iterator[Notification]:
    """What the group of this route says of the beginning and of the end; `name` gives ids of messages."""
    alert = _alert(course.began)
    group = new_group(route, alert.all_labels).changed(at)
    for one in (alert, _alert(course.ended)):
        decision = decide(group, [one], at=at, message_id=name())
        if decision.notification is None or decision.group is None:
            raise ValueError(f"an alert that moved gave nothing to say: {decision.verdict}")
        group = decision.group.changed(at)
        yield replace(decision.notification, reason=Reason.DRILL)


def _alert(change: Change) -> Alert:
    if change.alert is None:
        raise ValueError("the drill's alert did not fire: its rule has no patience")
    return change.alert
