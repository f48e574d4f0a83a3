"""The whole way from samples to notifications, in memory and in virtual time.

It steps the same watches, routes and groups as the running service, so that a test of the rules tests what will run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.grouping import Group, decide, new_group
from monitor.inhibition import Sources
from monitor.lifecycle import TIMED
from monitor.model import Alert, Instance, InstanceKey, Run, Sample, State, Transition
from monitor.notification import Notification
from monitor.quieting import PLAIN, Facts, Quieting, Watcher, Why
from monitor.routing import Route
from monitor.rules.change import Change
from monitor.rules.edges import Edges, Look
from monitor.rules.health import Health
from monitor.rules.past import Past
from monitor.rules.rule import Rule
from monitor.rules.together import Together
from monitor.rules.watch import Watch


@dataclass(slots=True)
class _Circle:
    """A group and its members' keys."""

    group: Group
    members: set[str]


class Stage:
    """Instances under rules and routes. Samples have to come in the order of their time."""

    def __init__(
        self,
        instances: Iterable[Instance],
        rules: tuple[Rule, ...],
        route: Route | None,
        quieting: Quieting = PLAIN,
        *,
        pasts: Iterable[Past] = (),
        figures: bool = True,
    ) -> None:
        """`pasts` are further instances, of which something is known already. Without a route nobody hears of it, and
        without `figures` an alert that does not move keeps the numbers it had."""
        self._watches = {one.key: Watch(one, rules, health=None, history=()) for one in instances}
        for past in pasts:
            watch = Watch(past.instance, rules, health=past.health, history=past.before, figures=figures)
            self._watches[past.instance.key] = watch
        self._followed = frozenset(rule.name for rule in rules if rule.clear is not None or rule.by is not None)
        self._together = Together(rules, self._watches.values(), figures=figures)
        self._route = route
        self._by_rule: dict[InstanceKey, dict[str, Alert]] = {key: {} for key in self._watches}
        self._timed: dict[InstanceKey, dict[str, Alert]] = {key: {} for key in self._watches}
        self._alerts: dict[str, Alert] = {}
        self._circles: dict[tuple[str, str], _Circle] = {}
        self._watcher = Watcher(quieting, Sources(quieting.inhibit))
        self._turns: dict[str, list[datetime]] = {}
        self._said = 0

    def alerts(self) -> list[Alert]:
        """The alerts that are pending, firing or clearing."""
        return [alert for alert in self._alerts.values() if alert.state is not State.RESOLVED]

    def know(self, alerts: Iterable[Alert]) -> None:
        """Alerts as they stand before the first sample. Nobody was told of them here."""
        known = tuple(alerts)
        self._together.know(alert for alert in known if alert.instance is None)
        for alert in known:
            if alert.instance in self._by_rule:
                self._remember(alert.instance, alert.rule, alert)
            if alert.instance is None or alert.instance in self._by_rule:
                self._believe(Change(alert.rule, alert.key, alert, None))

    def edges(self, key: InstanceKey) -> Edges:
        """When the rules of an instance may change their minds while its counts do not."""
        return self._watches[key].edges | self._together.edges(key)

    def restless(self, key: InstanceKey) -> bool:
        """Whether time alone may move an alert that this instance shares with others, so that its every poll counts."""
        return self._together.restless(key)

    @property
    def roused(self) -> Collection[InstanceKey]:
        """The instances that are restless since the last sample, and were not before it."""
        return self._together.roused

    def deadlines(self, key: InstanceKey) -> list[datetime]:
        """When time alone may move the alerts that this instance's samples move."""
        timed = self._timed[key]
        return self._watches[key].deadlines(timed) if timed else []

    def health(self, key: InstanceKey) -> Health | None:
        """What is remembered of an instance's polls."""
        return self._watches[key].health

    def past(self, key: InstanceKey) -> Sequence[Run]:
        """What the window of an instance holds, oldest first."""
        window = self._watches[key].window
        return window.runs if window else ()

    def pass_over(self, key: InstanceKey, end: datetime, polls: int) -> None:
        """So many more samples of an instance up to `end`, each like its last one, that move nothing."""
        self._watches[key].pass_over(end, polls)

    def take(self, sample: Sample, *, fresh: frozenset[Look] | None = None) -> Sequence[Change]:
        """Judges one sample, moves what it moves, and says what that was; for `fresh` see `Watch.step`."""
        key = sample.instance.key
        watch = self._watches[key]
        step = watch.step(sample, self._by_rule[key], fresh=fresh, timed=self._timed[key])
        watch.health = step.health
        for change in step.changes:
            self._remember(key, change.rule, change.alert)
        together = self._together.take(sample, step, watch.window)
        for change in (*step.changes, *together):
            self._believe(change)
        return (*step.changes, *together)

    def followed(self, sample: Sample, changes: Sequence[Change]) -> bool:
        """Whether the next sample may move something only because `sample` made these `changes`: what ends by `clear`
        may be breached still, a group hears of its other members, and a failed poll only half moves."""
        return bool(changes) and (sample.failure is not None or any(one.rule in self._followed for one in changes))

    def due(self) -> datetime | None:
        """When a group has to be asked next; None while only a sample can give one something to say."""
        return min((at for circle in self._circles.values() if (at := circle.group.look_at) is not None), default=None)

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

    def _remember(self, key: InstanceKey, rule: str, alert: Alert | None) -> None:
        """The alert of a rule on one instance as it is from now on."""
        self._timed[key].pop(rule, None)
        if alert is None:
            self._by_rule[key].pop(rule, None)
            return
        self._by_rule[key][rule] = alert
        if alert.state in TIMED:
            self._timed[key][rule] = alert

    def _believe(self, change: Change) -> None:
        if change.alert is None:
            self._alerts.pop(change.key, None)
            return
        self._alerts[change.key] = change.alert
        if change.transition is not None and change.transition.audible:
            self._tell(change.alert, change.transition)

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
        for route in self._route.told(labels) if self._route and alert.state.fires else ():
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
