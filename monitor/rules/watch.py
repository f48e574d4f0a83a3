"""One instance under its rules: what a sample changes, as a value.

The engine, the tests of the rules and the back-test all step the same `Watch`, so what is tested is what runs.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from monitor import lifecycle, templates
from monitor.fingerprint import fingerprint
from monitor.model import (
    TASKS,
    Alert,
    Finding,
    Instance,
    Run,
    Sample,
    State,
    Transition,
    Truth,
)
from monitor.rules.edges import Edges
from monitor.rules.facts import Facts, values
from monitor.rules.health import Health, after, lasting
from monitor.rules.judge import Judge, Verdict
from monitor.rules.rule import Rule
from monitor.rules.window import Window
from monitor.textfault import TextFault

_ALIVE = (State.PENDING, State.FIRING, State.CLEARING)
_TIMED = (State.PENDING, State.CLEARING)


@dataclass(frozen=True, slots=True)
class Change:
    """One alert that is not as it was. `alert` is None when a pending one was dropped."""

    rule: str
    key: str
    alert: Alert | None
    transition: Transition | None


@dataclass(frozen=True, slots=True)
class Step:
    """What one sample changes: the health from now on, whether a new run began, and the alerts that moved."""

    health: Health
    began: bool
    changes: tuple[Change, ...] = ()


class Watch:
    """The rules of one instance, bound to its labels, and its health."""

    __slots__ = ("_bound", "_labels", "_lively", "health", "instance", "window")

    def __init__(
        self, instance: Instance, rules: Iterable[Rule], *, health: Health | None, history: Iterable[Run]
    ) -> None:
        self.instance = instance
        self.health = health
        self._labels = labels_of(instance)
        bound = ((rule, rule.bind(self._labels)) for rule in rules)
        self._bound: tuple[tuple[Rule, Judge], ...] = tuple((rule, judge) for rule, judge in bound if judge)
        self._lively: tuple[tuple[Rule, Judge], ...] | None = None
        reach = max((rule.reach for rule, _ in self._bound), default=timedelta())
        self.window = Window(reach, history) if reach else None

    def step(self, sample: Sample, alerts: Mapping[str, Alert], *, again: bool = False) -> Step:
        """What `sample` changes, given the instance's alerts by rule; in force once `health` is set to the step's.

        `again`: it saw what the last one saw, latency and all, and the last one moved nothing. Then only those rules
        are asked whose answer may differ.
        """
        health, began = after(self.health, sample)
        if self.window is not None and sample.common is not None and sample.cdc is not None:
            self.window.append(sample.at, common=sample.common, cdc=sample.cdc)
        facts = _facts(health, sample, self.window)
        changes: list[Change] = []
        for rule, judge in self._may_differ(alerts) if again else self._bound:
            alert = alerts.get(rule.name)
            if alert is None or alert.state not in _ALIVE:
                verdict = judge.verdict(facts, firing=False, severity=None)
                # Nearly every poll ends here: without a live alert only a breach can move anything.
                if verdict.truth is not Truth.BREACH:
                    continue
            else:
                verdict = judge.verdict(facts, firing=alert.state.fires, severity=alert.severity)
                if not began and _repeats(alert, verdict):
                    continue
            change = self._change(rule, judge, alert, verdict, facts, began)
            if change is not None:
                changes.append(change)
        return Step(health, began, tuple(changes))

    def _may_differ(self, alerts: Mapping[str, Alert]) -> Sequence[tuple[Rule, Judge]]:
        if self._lively is None:
            still = Edges()
            self._lively = tuple(pair for pair in self._bound if pair[1].edges != still)
        asked = {name for name, alert in alerts.items() if alert.state in _ALIVE}
        if not asked:
            return self._lively
        asked.update(rule.name for rule, _ in self._lively)
        return [pair for pair in self._bound if pair[0].name in asked]

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

    def deadlines(self, alerts: Mapping[str, Alert]) -> list[datetime]:
        """When time alone may move its alerts."""
        timed = [alert for alert in alerts.values() if alert.state in _TIMED]
        rules = {rule.name: rule for rule, _ in self._bound} if timed else {}
        found = (lifecycle.deadline(alert, rules[alert.rule]) for alert in timed if alert.rule in rules)
        return [due for due in found if due is not None]

    def _change(
        self, rule: Rule, judge: Judge, alert: Alert | None, verdict: Verdict, facts: Facts, began: bool
    ) -> Change | None:
        finding = self._finding(rule, alert, verdict, facts)
        moved, transition = lifecycle.advance(alert, finding, rule)
        if transition is None and not (began and verdict.truth is not Truth.UNKNOWN):
            return None
        if moved is not None:
            moved = replace(moved, values=finding.values, values_at=finding.at)
            # They keep the words of the last breach: what is said when it is over is what was wrong.
            if verdict.truth is Truth.BREACH:
                rendered = annotate(rule, moved, judge.value(facts, severity=moved.severity))
                found = {name: text for name, text in moved.annotations.items() if name == TASKS}
                moved = replace(moved, annotations=rendered | found)
        return Change(rule.name, finding.key, moved, transition)

    def _finding(self, rule: Rule, alert: Alert | None, verdict: Verdict, facts: Facts) -> Finding:
        labels = alert.labels if alert else {"alertname": rule.name, **self._labels, **rule.labels}
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


def annotate(rule: Rule, alert: Alert, value: float | None) -> dict[str, str]:
    """The rule's summary and runbook with the alert's numbers filled in.

    A summary that fails on these numbers never holds the alert back: the fault stands in its place.
    """
    names = templates.names(
        values=alert.values,
        labels=alert.all_labels,
        severity=alert.severity,
        started_at=alert.since,
        value=value,
    )
    rendered = {}
    for name, text in (("summary", rule.summary), ("runbook", rule.runbook)):
        if not text:
            continue
        try:
            rendered[name] = _template(text).render(names)
        except TextFault as fault:
            rendered[name] = f"{rule.name} ({name} cannot be rendered: {fault.message})"
    return rendered


def note(alert: Alert | None, known: Alert, *, name: str, text: str) -> Alert | None:
    """`alert` with the annotation `text`, or without one where that is empty; None where nothing changes, or where it
    no longer fires as it did when it was `known`."""
    if alert is None or not alert.state.fires or alert.fired_at != known.fired_at:
        return None
    noted = {**alert.annotations, name: text} if text else {k: v for k, v in alert.annotations.items() if k != name}
    return replace(alert, annotations=noted) if noted != alert.annotations else None


def _repeats(alert: Alert, verdict: Verdict) -> bool:
    """Whether the verdict cannot move a live alert, whatever the time."""
    if verdict.truth is Truth.BREACH:
        return alert.state is State.FIRING and verdict.severity is alert.severity
    return verdict.truth is Truth.UNKNOWN


_template = lru_cache(maxsize=4096)(templates.compile_template)


def _facts(health: Health, sample: Sample, window: Window | None) -> Facts:
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
