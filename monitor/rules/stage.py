"""The whole way from samples to notifications, in memory and in virtual time.

It steps the same watches, routes and groups as the running service, so that a test of the rules tests what will run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.grouping import Group, decide, new_group
from monitor.model import Alert, Instance, InstanceKey, Sample, State
from monitor.notification import Notification
from monitor.routing import Route
from monitor.rules.cohorts import Cohorts
from monitor.rules.rule import Rule
from monitor.rules.watch import Change, Watch


@dataclass(slots=True)
class _Circle:
    """A group and its members' keys."""

    group: Group
    members: set[str]


class Stage:
    """Instances under rules and routes. Samples have to come in the order of their time."""

    def __init__(self, instances: Iterable[Instance], rules: tuple[Rule, ...], route: Route) -> None:
        self._watches = {one.key: Watch(one, rules, health=None, history=()) for one in instances}
        self._cohorts = Cohorts(rules)
        for watch in self._watches.values():
            self._cohorts.join(watch.instance, None, watch.window)
        self._route = route
        self._by_rule: dict[InstanceKey, dict[str, Alert]] = {key: {} for key in self._watches}
        self._alerts: dict[str, Alert] = {}
        self._circles: dict[tuple[str, str], _Circle] = {}
        self._said = 0

    def alerts(self) -> list[Alert]:
        """The alerts that are pending, firing or clearing."""
        return [alert for alert in self._alerts.values() if alert.state is not State.RESOLVED]

    def take(self, sample: Sample) -> None:
        """Judges one sample and moves what it moves."""
        key = sample.instance.key
        watch = self._watches[key]
        step = watch.step(sample, self._by_rule[key])
        watch.health = step.health
        for change in step.changes:
            if change.alert is None:
                self._by_rule[key].pop(change.rule, None)
            else:
                self._by_rule[key][change.rule] = change.alert
            self._believe(change)
        for cohort in self._cohorts.saw(sample, step.health, watch.window):
            alert = self._cohorts.alerts.get(cohort.key)
            together = cohort.judge(alert, sample.at, up=sample.up, began=step.began)
            if together is not None:
                self._cohorts.believe(together)
                self._believe(together)

    def speak(self, until: datetime) -> list[Notification]:
        """What the groups say up to and at `until`, in the order of time."""
        said: list[Notification] = []
        while True:
            waiting = [
                (circle.group.look_at, place)
                for place, circle in self._circles.items()
                if circle.group.look_at is not None and circle.group.look_at <= until
            ]
            if not waiting:
                return said
            at, place = min(waiting)
            said.extend(self._decide(place, at))

    def _believe(self, change: Change) -> None:
        if change.alert is None:
            self._alerts.pop(change.key, None)
            return
        self._alerts[change.key] = change.alert
        if change.transition is not None and change.transition.audible:
            self._tell_groups(change.alert, change.transition.at)

    def _tell_groups(self, alert: Alert, at: datetime) -> None:
        labels = alert.all_labels
        for route in self._route.find(labels) if alert.state.fires else ():
            group = new_group(route, labels)
            self._circles.setdefault((group.key, group.receiver), _Circle(group, set())).members.add(alert.key)
        for circle in self._circles.values():
            if alert.key in circle.members:
                circle.group = circle.group.changed(at)

    def _decide(self, place: tuple[str, str], at: datetime) -> list[Notification]:
        circle = self._circles[place]
        members = [self._alerts[key] for key in circle.members if key in self._alerts]
        decision = decide(circle.group, members, at=at, message_id=f"message-{self._said + 1}")
        if decision.group is None:
            del self._circles[place]
        else:
            circle.group = decision.group
            circle.members = {alert.key for alert in members if alert.state is not State.RESOLVED}
        if decision.notification is None:
            return []
        self._said += 1
        return [decision.notification]
