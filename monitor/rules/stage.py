"""The whole way from samples to notifications, in memory and in virtual time.

It steps the same watches, routes and groups as the running service, so that a test of the rules tests what will run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.grouping import Group, decide, new_group
from monitor.inhibition import Sources
from monitor.model import Alert, Instance, InstanceKey, Sample, State, Transition
from monitor.notification import Notification
from monitor.quieting import PLAIN, Facts, Quieting, Watcher, Why
from monitor.routing import Route
from monitor.rules.rule import Rule
from monitor.rules.watch import Change, Watch


@dataclass(slots=True)
class _Circle:
    """A group and its members' keys."""

    group: Group
    members: set[str]


class Stage:
    """Instances under rules and routes. Samples have to come in the order of their time."""

    def __init__(
        self, instances: Iterable[Instance], rules: tuple[Rule, ...], route: Route, quieting: Quieting = PLAIN
    ) -> None:
        self._watches = {one.key: Watch(one, rules, health=None, history=()) for one in instances}
        self._route = route
        self._by_rule: dict[InstanceKey, dict[str, Alert]] = {key: {} for key in self._watches}
        self._alerts: dict[str, Alert] = {}
        self._circles: dict[tuple[str, str], _Circle] = {}
        self._watcher = Watcher(quieting, Sources(quieting.inhibit))
        self._turns: dict[str, list[datetime]] = {}
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
            self._believe(key, change)
            if change.transition is not None and change.transition.audible and change.alert is not None:
                self._tell(change.alert, change.transition)

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

    def _believe(self, key: InstanceKey, change: Change) -> None:
        if change.alert is None:
            self._by_rule[key].pop(change.rule, None)
            self._alerts.pop(change.key, None)
        else:
            self._by_rule[key][change.rule] = change.alert
            self._alerts[change.key] = change.alert

    def _tell(self, alert: Alert, step: Transition) -> None:
        """What moved reaches its groups, and frees those that it inhibited."""
        at = step.at
        if step.before.fires is not step.after.fires:
            self._turns.setdefault(alert.key, []).append(at)
        if self._watcher.sources.saw(alert):
            for circle in self._circles.values():
                if any(held.why is Why.INHIBITED for held in circle.group.held.values()):
                    circle.group = circle.group.freed(at)
        labels = alert.all_labels
        for route in self._route.told(labels) if alert.state.fires else ():
            group = new_group(route, labels)
            self._circles.setdefault((group.key, group.receiver), _Circle(group, set())).members.add(alert.key)
        for circle in self._circles.values():
            if alert.key in circle.members:
                circle.group = circle.group.changed(at)

    def _decide(self, place: tuple[str, str], at: datetime) -> list[Notification]:
        circle = self._circles[place]
        members = [self._alerts[key] for key in circle.members if key in self._alerts]
        group = circle.group
        look = self._watcher.look(
            members,
            Facts(changes=self._turns),
            at,
            mute=group.mute,
            active=group.active,
            step=group.step,
            flapped=group.flapped,
        )
        decision = decide(group, members, at=at, message_id=f"message-{self._said + 1}", look=look)
        if decision.group is None:
            del self._circles[place]
        else:
            circle.group = decision.group
            said = decision.group.said
            circle.members = {one.key for one in members if one.state is not State.RESOLVED or one.key in said}
        if decision.notification is None:
            return []
        self._said += 1
        return [decision.notification]
