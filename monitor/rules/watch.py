"""One instance under its rules: what a sample changes, as a value.

The engine, the tests of the rules and the back-test all step the same `Watch`, so what is tested is what runs.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor import lifecycle
from monitor.fingerprint import fingerprint
from monitor.model import (
    Alert,
    Finding,
    Instance,
    Labels,
    Run,
    Sample,
    State,
    Truth,
)
from monitor.rules.asking import Asking, Pairs
from monitor.rules.change import Change, change_of
from monitor.rules.edges import Edges, Look
from monitor.rules.facts import Facts, values
from monitor.rules.health import Health, after, lasting
from monitor.rules.judge import Verdict
from monitor.rules.rule import Rule
from monitor.rules.window import Window

_ALIVE = (State.PENDING, State.FIRING, State.CLEARING)


@dataclass(frozen=True, slots=True)
class Step:
    """What one sample changes: the health from now on, whether a new run began, and the alerts that moved."""

    health: Health
    began: bool
    changes: tuple[Change, ...] = ()


class Bound(NamedTuple):
    """Rules bound to the labels of one instance: those that watch it, and how far they look back."""

    pairs: Pairs
    reach: timedelta


class Watch:
    """The rules of one instance, bound to its labels, and its health."""

    __slots__ = ("_asking", "_bound", "_calm", "_figures", "_labels", "health", "instance", "reach", "window")

    def __init__(
        self,
        instance: Instance,
        rules: Iterable[Rule],
        *,
        health: Health | None,
        history: Iterable[Run],
        figures: bool = True,
    ) -> None:
        """Without `figures` an alert that does not move keeps the numbers it had."""
        self._figures = figures
        self.instance = instance
        self.health = health
        self._labels = labels_of(instance)
        self._bound, self.reach = self.bind(rules)
        self._asking = Asking(self._bound)
        self._calm = False
        self.window = Window(self.reach, history) if self.reach else None

    def bind(self, rules: Iterable[Rule]) -> Bound:
        """Those of `rules` that are for this instance alone; its past is kept for those of its groups as well."""
        mine = [rule for rule in rules if rule.match.match(self._labels)]
        pairs = tuple((rule, rule.judge(self._labels)) for rule in mine if rule.by is None)
        return Bound(pairs, max((rule.reach for rule in mine), default=timedelta()))

    def watched_by(self, rule: str) -> bool:
        """Whether the rule of this name is for this instance."""
        return any(one.name == rule for one, _ in self._bound)

    @property
    def past(self) -> tuple[Run, ...]:
        """What its rules can look back on, oldest first."""
        return self.window.runs if self.window else ()

    def deepen(self, reach: timedelta, stored: Sequence[Run]) -> None:
        """Looks back as far as `reach` from now on. `stored` are its runs of that time, oldest first; the end of the
        last one may be out of date."""
        past = self.past
        if past:
            past = (*(run for run in stored if run.end < past[0].start), *past)
        else:
            good = self.health.good if self.health else None
            past = tuple(good if good and run.start == good.start else run for run in stored)
        self.window = Window(reach, past)

    def rebind(self, bound: Bound) -> None:
        """Is judged by other rules from the next sample on; its health and its past stay."""
        self._bound, self.reach = bound
        self._asking = Asking(self._bound)
        self._calm = False
        if not bound.reach:
            self.window = None
        elif self.window is None:
            self.window = Window(bound.reach)
        else:
            self.window.span = bound.reach

    def step(
        self,
        sample: Sample,
        alerts: Mapping[str, Alert],
        *,
        fresh: frozenset[Look] | None = None,
        timed: Collection[str] = (),
    ) -> Step:
        """What `sample` changes, given the instance's alerts by rule; in force once `health` is set to the step's.

        `fresh`: the last one moved nothing that this one has to follow, and of all looks back only these may see
        something else. Then only those rules are asked whose answer may differ, or whose alert moves with time: these
        are `timed`. Without it that is found out.
        """
        asked = self._asked(sample, alerts) if fresh is None else self._may_differ(sample, fresh, timed)
        self._calm = True
        health, began = after(self.health, sample)
        if self.window is not None and sample.common is not None and sample.cdc is not None:
            self.window.append(sample.at, common=sample.common, cdc=sample.cdc)
        if not asked:
            return Step(health, began)
        facts = facts_of(health, sample, self.window)
        refresh = began and self._figures
        changes: list[Change] = []
        for rule, judge in asked:
            alert = alerts.get(rule.name)
            if alert is None or alert.state not in _ALIVE:
                verdict = judge.verdict(facts, firing=False, severity=None)
                # Nearly every poll ends here: without a live alert only a breach can move anything.
                if verdict.truth is not Truth.BREACH:
                    continue
                # What is over keeps the labels it had; what begins anew may bear others, and is another alert then.
                if alert is not None and alert.labels != self._labels_under(rule):
                    alert = None
            else:
                verdict = judge.verdict(facts, firing=alert.state.fires, severity=alert.severity)
                if not refresh and lifecycle.stays(alert, *verdict, at=sample.at, rule=rule):
                    continue
            change = change_of(rule, judge, alert, self._finding(rule, alert, verdict, facts), facts, refresh=refresh)
            if change is not None:
                changes.append(change)
        self._calm = not changes
        return Step(health, began, tuple(changes))

    def _labels_under(self, rule: Rule) -> Labels:
        return {"alertname": rule.name, **self._labels, **rule.labels}

    def _asked(self, sample: Sample, alerts: Mapping[str, Alert]) -> Pairs:
        """All, unless the sample sees what the last one saw, which moved nothing."""
        run = self.health.run if self.health else None
        if not self._calm or run is None or not run.goes_on_with(sample):
            return self._bound
        timed = [name for name, alert in alerts.items() if alert.state in lifecycle.TIMED]
        return self._besides(self._asking.again(failed=sample.failure is not None), timed)

    def _may_differ(self, sample: Sample, fresh: frozenset[Look], timed: Collection[str]) -> Pairs:
        return self._besides(self._asking.asked(self.health.run if self.health else None, sample, fresh), timed)

    def _besides(self, pairs: Pairs, timed: Collection[str]) -> Pairs:
        """These and those of the `timed` rules, in the policy's order."""
        if not timed:
            return pairs
        names = {*timed, *(rule.name for rule, _ in pairs)}
        return tuple(pair for pair in self._bound if pair[0].name in names)

    def pass_over(self, end: datetime, polls: int) -> None:
        """So many more samples up to `end`, each like the last one. The caller knows that they move nothing."""
        if self.health is None:
            raise ValueError("nothing was sampled yet")
        self.health = lasting(self.health, end, polls)
        if self.health.failures:
            return
        if self.window is not None:
            self.window.extend(end, polls)

    @property
    def edges(self) -> Edges:
        """When its rules may change their minds while the counts do not."""
        return functools.reduce(operator.or_, (judge.edges for _, judge in self._bound), Edges())

    def deadlines(self, timed: Mapping[str, Alert]) -> list[datetime]:
        """When time alone may move these of its alerts, by rule."""
        mine = ((timed[rule.name], rule) for rule, _ in self._bound if rule.name in timed)
        return [due for alert, rule in mine if (due := lifecycle.deadline(alert, rule)) is not None]

    def _finding(self, rule: Rule, alert: Alert | None, verdict: Verdict, facts: Facts) -> Finding:
        labels = alert.labels if alert else self._labels_under(rule)
        return Finding(
            key=alert.key if alert else fingerprint(labels),
            rule=rule.name,
            rule_version=rule.version,
            instance=self.instance.key,
            labels=labels,
            truth=verdict.truth,
            severity=verdict.severity,
            at=facts.at,
            values=values(facts),
        )


def labels_of(instance: Instance) -> dict[str, str]:
    """What rules match and routes see of an instance; the empty ones left out."""
    own = {
        "account": instance.account,
        "region": instance.region,
        "project_id": instance.project_id,
        "instance": instance.name,
        "instance_id": instance.id,
    }
    return {name: value for name, value in {**instance.labels, **own}.items() if value}


def facts_of(health: Health, sample: Sample, window: Window | None) -> Facts:
    """The ground for judging `sample`, with which `health` and `window` end."""
    seen_good = health.good_at or health.first_at
    return Facts(
        at=sample.at,
        common=sample.common,
        cdc=sample.cdc,
        up=sample.failure is None,
        failures=health.failures,
        suspicious=health.suspicious,
        age=(sample.at - seen_good).total_seconds(),
        latency=sample.latency.total_seconds(),
        history=window,
    )
