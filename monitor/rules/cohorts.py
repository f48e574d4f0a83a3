"""All rules with `by` over all instances: who belongs together, and the alerts that speak for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from monitor import lifecycle
from monitor.model import Alert, Cause, Instance, InstanceKey, Labels, Sample, State
from monitor.rules.change import Change
from monitor.rules.cohort import Cohort
from monitor.rules.health import Health
from monitor.rules.member import Member, member_of
from monitor.rules.rule import Rule
from monitor.rules.watch import labels_of
from monitor.rules.window import Window

_Place = tuple[str, tuple[str, ...]]
"""A rule, and the values of its `by` labels; a label that an instance does not have is empty."""


def crosses(rules: Iterable[Rule]) -> bool:
    """Whether a rule judges instances of several accounts together."""
    return any(rule.by is not None and "account" not in rule.by for rule in rules)


class Cohorts:
    """The cohorts of one process. `alerts` holds theirs by key, those that have resolved too."""

    def __init__(self, rules: Iterable[Rule], alerts: Iterable[Alert] = ()) -> None:
        """`alerts` are those of an earlier process."""
        self._rules = tuple((rule, rule.by) for rule in rules if rule.by is not None)
        self._cohorts: dict[_Place, Cohort] = {}
        self._of: dict[InstanceKey, dict[_Place, Cohort]] = {}
        self._members: dict[InstanceKey, Member] = {}
        self._labels: dict[InstanceKey, Labels] = {}
        self.alerts = {alert.key: alert for alert in alerts}
        self._earlier = {place: alert for alert in self.alerts.values() if (place := self._place_of(alert))}

    def __bool__(self) -> bool:
        """Whether any rule looks at several instances."""
        return bool(self._rules)

    def __iter__(self) -> Iterator[InstanceKey]:
        return iter(self._labels)

    def join(self, instance: Instance, health: Health | None, window: Window | None) -> None:
        """An instance that is polled from now on, or whose labels changed. `health` is what is remembered of it: until
        its first sample it counts as it was when it was polled last."""
        key, labels = instance.key, labels_of(instance)
        if self._labels.get(key) == labels:
            return
        if key not in self._members and health is not None:
            member = member_of(health, window)
            if member is not None:
                self._members[key] = member
        self._enter(key, labels)

    def under(self, rules: Iterable[Rule], more: Iterable[Alert] = ()) -> Cohorts:
        """The same members and alerts under other rules, and `more` alerts of an earlier process."""
        other = Cohorts(rules, (*self.alerts.values(), *more))
        other._members = self._members
        for key, labels in self._labels.items():
            other._enter(key, labels)
        return other

    def _enter(self, key: InstanceKey, labels: Labels) -> None:
        self._labels[key] = labels
        places = dict(self._places(labels))
        self._part(key, self._of.get(key, {}).keys() - places.keys())
        self._of[key] = {place: self._cohort(place, rule, shared) for place, (rule, shared) in places.items()}
        for cohort in self._of[key].values():
            cohort.join(key, labels)
            if key in self._members:
                cohort.put(key, self._members[key])

    def saw(self, sample: Sample, health: Health, window: Window | None) -> Collection[Cohort]:
        """The cohorts that `sample` touches; `health` and `window` are those after it."""
        key = sample.instance.key
        cohorts = self._of.get(key)
        if not cohorts:
            return ()
        before = self._members.get(key)
        member = member_of(health, window, sample=sample, before=before)
        if member is None:
            return ()
        self._members[key] = member
        moved = before is None or not before.shows_the_same_as(member)
        for cohort in cohorts.values():
            cohort.put(key, member, moved=moved)
        return cohorts.values()

    def of(self, key: InstanceKey) -> Collection[Cohort]:
        """The cohorts that an instance belongs to."""
        return self._of.get(key, {}).values()

    def leave(self, keys: Iterable[InstanceKey]) -> None:
        """Instances that are gone: they count no more. What that does to an alert, the next sample tells."""
        for key in keys:
            self._labels.pop(key, None)
            self._members.pop(key, None)
            self._part(key, self._of.get(key, {}).keys())
            self._of.pop(key, None)

    def known(self, account: str) -> set[InstanceKey]:
        """The account's members."""
        return {key for key in self._labels if key.account == account}

    def spoken_for(self) -> set[str]:
        """The keys of the alerts, or alerts-to-be, that have members."""
        return {cohort.key for cohort in self._cohorts.values()}

    def deserted(self, accounts: Collection[str] | None, *, at: datetime) -> list[Change]:
        """Ends the live alerts that speak for nobody any more; `accounts` are those that are polled, where that
        is known."""
        spoken_for = self.spoken_for()
        changes = []
        for alert in self.alerts.values():
            if alert.state is State.RESOLVED or alert.key in spoken_for:
                continue
            ended, transition = lifecycle.end(alert, cause=self._cause(alert, accounts), at=at)
            changes.append(Change(alert.rule, alert.key, ended, transition))
        return changes

    def restated(self, *, at: datetime) -> list[Change]:
        """Notes on live alerts that their rule has come to mean something else."""
        changes = []
        for cohort in self._cohorts.values():
            alert, version = self.alerts.get(cohort.key), cohort.rule.version
            if alert is not None and alert.state is not State.RESOLVED and alert.rule_version != version:
                changes.append(Change(alert.rule, alert.key, *lifecycle.restate(alert, version=version, at=at)))
        return changes

    def forget(self, gone: Collection[str]) -> None:
        """Alerts that another process looks after, by key."""
        self.alerts = {key: alert for key, alert in self.alerts.items() if key not in gone}
        self._earlier = {place: alert for place, alert in self._earlier.items() if alert.key not in gone}

    def believe(self, change: Change) -> None:
        """The change is in force from now on."""
        if change.alert is None:
            self.alerts.pop(change.key, None)
        else:
            self.alerts[change.key] = change.alert

    def _places(self, labels: Labels) -> Iterator[tuple[_Place, tuple[Rule, Labels]]]:
        for rule, by in self._rules:
            if rule.match.match(labels):
                shared = {name: labels[name] for name in by if name in labels}
                yield (rule.name, tuple(labels.get(name, "") for name in by)), (rule, shared)

    def _cohort(self, place: _Place, rule: Rule, shared: Mapping[str, str]) -> Cohort:
        cohort = self._cohorts.get(place)
        if cohort is None:
            earlier = self._earlier.get(place)
            going_on = earlier is not None and self.alerts.get(earlier.key, earlier).state is not State.RESOLVED
            cohort = self._cohorts[place] = Cohort(rule, shared, earlier if going_on else None)
        return cohort

    def _part(self, key: InstanceKey, places: Iterable[_Place]) -> None:
        for place in places:
            cohort = self._cohorts[place]
            cohort.leave(key)
            if not cohort:
                del self._cohorts[place]

    def _place_of(self, alert: Alert) -> _Place | None:
        """Where an alert of an earlier process belongs: nowhere if its rule is gone or groups in another way."""
        for rule, by in self._rules:
            same = alert.rule_version == rule.version or alert.labels.keys() - {"alertname", *by} <= rule.labels.keys()
            if rule.name == alert.rule and same:
                return rule.name, tuple(alert.labels.get(name, "") for name in by)
        return None

    def _cause(self, alert: Alert, accounts: Collection[str] | None) -> Cause:
        """Why nobody is left: the rule is gone (or groups in another way), or the instances are."""
        if self._place_of(alert) is None:
            return Cause.RULE_REMOVED
        account = alert.labels.get("account")
        gone = accounts is not None and account is not None and account not in accounts
        return Cause.ACCOUNT_REMOVED if gone else Cause.INSTANCE_REMOVED
