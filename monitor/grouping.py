"""What one group of alerts has to say, and when. Pure: the dispatcher only executes the decision.

A group is the alerts of one route that share its `group_by` labels. It speaks `group_wait` after its first unsaid
change, at most once per `group_interval`, and repeats itself every `repeat_interval` while something fires.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.model import Alert, Labels, Severity, State
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.routing import Route


@dataclass(frozen=True, slots=True)
class Said:
    """What a group last said of one alert: while an alert stands here, people believe that it fires."""

    severity: Severity
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """One group and what it has said so far.

    `changed_at` is the first change that was not spoken of yet; `spoke_at` the last message; `version` counts the
    messages; `look_at` is when it has to be looked at again, None when only a change can give it something to say.
    """

    key: str
    receiver: str
    labels: Labels
    wait: timedelta
    interval: timedelta
    repeat: timedelta
    version: int = 0
    changed_at: datetime | None = None
    spoke_at: datetime | None = None
    look_at: datetime | None = None
    said: Mapping[str, Said] = field(default_factory=dict)

    def changed(self, at: datetime) -> Group:
        """The group after one of its alerts moved at `at`."""
        touched = replace(self, changed_at=self.changed_at or at)
        due = touched.due()
        look_at = due if self.look_at is None or due is None else min(self.look_at, due)
        return replace(touched, look_at=look_at)

    def due(self) -> datetime | None:
        """When its unsaid change may be spoken of; None without one."""
        if self.changed_at is None:
            return None
        waited = self.changed_at + self.wait
        return waited if self.spoke_at is None else max(waited, self.spoke_at + self.interval)


def new_group(route: Route, labels: Labels) -> Group:
    """The group of an alert with these labels on this route, before it has said anything."""
    return Group(
        key=route.group_key(labels),
        receiver=route.receiver,
        labels=route.group_labels(labels),
        wait=route.group_wait,
        interval=route.group_interval,
        repeat=route.repeat_interval,
    )


class Quiet(enum.StrEnum):
    """Why a group says nothing now."""

    WAITING = "waiting"
    NOTHING_NEW = "nothing-new"
    INHIBITED = "inhibited"
    """What is new follows from something worse that is said elsewhere; it is looked at again after the interval."""
    OVER_BEFORE_SAID = "over-before-said"
    """It fired and resolved within `group_wait`: nobody was told, so nobody needs an all-clear."""
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a group does now. `group` is how it goes on, None when it has nothing left to watch."""

    verdict: Reason | Quiet
    group: Group | None
    notification: Notification | None = None


def decide(
    group: Group, alerts: Sequence[Alert], *, at: datetime, message_id: str, inhibited: Collection[str] = ()
) -> Decision:
    """What `group`, whose members are `alerts`, says at `at`; a message will bear `message_id`.

    The `inhibited` keys are not spoken of anew; those that were said to fire before are still said to end.
    """
    due = group.due()
    held = {alert.key for alert in alerts if alert.key in inhibited and alert.key not in group.said}
    members = [alert for alert in alerts if alert.key not in held]
    firing = {alert.key: alert for alert in members if _stands(group, alert)}
    if due is not None and at < due:
        # A repetition that falls due meanwhile is the same message: looking at its time would find this again.
        return Decision(Quiet.WAITING, replace(group, look_at=due))
    verdict = _verdict(group, firing, changed=due is not None, at=at)
    if isinstance(verdict, Quiet):
        settled = replace(group, changed_at=None)
        if any(alert.state.fires for alert in alerts if alert.key in held):
            again = _earliest(at + group.interval, _repeat_at(settled, firing))
            return Decision(Quiet.INHIBITED, replace(settled, look_at=again))
        if not firing and not group.said:
            return Decision(verdict, None)
        return Decision(verdict, replace(settled, look_at=_repeat_at(settled, firing)))
    notification = Notification(
        id=message_id,
        receiver=group.receiver,
        group_key=group.key,
        group_labels=group.labels,
        reason=verdict,
        at=at,
        alerts=_views(group, members),
    )
    spoken = replace(
        group,
        version=group.version + 1,
        changed_at=None,
        spoke_at=at,
        said={key: Said(alert.severity, alert.values) for key, alert in firing.items()},
    )
    look_at = _repeat_at(spoken, firing)
    if held:
        look_at = _earliest(at + group.interval, look_at)
    spoken = replace(spoken, look_at=look_at)
    return Decision(verdict, spoken, notification)


def _verdict(group: Group, firing: Mapping[str, Alert], *, changed: bool, at: datetime) -> Reason | Quiet:
    new = firing.keys() - group.said.keys()
    if new:
        return Reason.MORE if group.said else Reason.FIRST
    if any(alert.severity.rank > group.said[key].severity.rank for key, alert in firing.items()):
        return Reason.WORSE
    if group.said.keys() - firing.keys():
        return Reason.SOME_RESOLVED if firing else Reason.ALL_RESOLVED
    repeat_at = _repeat_at(group, firing)
    if repeat_at is not None and at >= repeat_at:
        return Reason.REPEAT
    if firing:
        return Quiet.NOTHING_NEW
    return Quiet.OVER_BEFORE_SAID if changed else Quiet.EMPTY


def _repeat_at(group: Group, firing: Mapping[str, Alert]) -> datetime | None:
    return group.spoke_at + group.repeat if group.spoke_at is not None and firing else None


def _earliest(first: datetime, second: datetime | None) -> datetime:
    return first if second is None else min(first, second)


def _stands(group: Group, alert: Alert) -> bool:
    """Whether the alert counts as firing here: one that was said to fire and is pending again has not gone away."""
    return alert.state.fires or (alert.state is State.PENDING and alert.key in group.said)


def _views(group: Group, alerts: Iterable[Alert]) -> tuple[AlertView, ...]:
    """The members worth telling of (those that fire, those that were said to fire) in reading order."""
    told = [
        _view(alert, group.said.get(alert.key), firing=_stands(group, alert))
        for alert in alerts
        if alert.state.fires or alert.key in group.said
    ]
    return tuple(sorted(told, key=_reading_order))


def _reading_order(view: AlertView) -> tuple[bool, int, list[tuple[str, str]]]:
    return not view.firing, -view.severity.rank, sorted(view.labels.items())


def _view(alert: Alert, said: Said | None, *, firing: bool) -> AlertView:
    return AlertView(
        key=alert.key,
        labels=alert.all_labels,
        annotations=alert.annotations,
        severity=alert.severity,
        firing=firing,
        change=_change(alert, said) if firing else Change.RESOLVED,
        started_at=alert.fired_at or alert.since,
        resolved_at=alert.resolved_at,
        cause=alert.cause,
        values=alert.values,
        values_at=alert.values_at,
        values_before=said.values if said else {},
    )


def _change(alert: Alert, said: Said | None) -> Change:
    if said is None:
        return Change.NEW
    return Change.WORSE if alert.severity.rank > said.severity.rank else Change.SAME
