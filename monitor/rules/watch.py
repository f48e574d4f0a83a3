"""One instance under its rules: what a sample changes, as a value.

The engine, the tests of the rules and the back-test all step the same `Watch`, so what is tested is what runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

from monitor import lifecycle, templates
from monitor.fingerprint import fingerprint
from monitor.model import (
    TASKS,
    Alert,
    Finding,
    Instance,
    Labels,
    Run,
    Sample,
    State,
    Transition,
    Truth,
)
from monitor.rules.facts import Facts, values
from monitor.rules.health import Health, after
from monitor.rules.judge import Judge, Verdict
from monitor.rules.rule import Rule
from monitor.rules.window import Window
from monitor.textfault import TextFault

_ALIVE = (State.PENDING, State.FIRING, State.CLEARING)


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


class Bound(NamedTuple):
    """Rules bound to the labels of one instance: those that watch it, and how far they look back."""

    pairs: tuple[tuple[Rule, Judge], ...]
    reach: timedelta


class Watch:
    """The rules of one instance, bound to its labels, and its health."""

    __slots__ = ("_bound", "_labels", "health", "instance", "reach", "window")

    def __init__(
        self, instance: Instance, rules: Iterable[Rule], *, health: Health | None, history: Iterable[Run]
    ) -> None:
        self.instance = instance
        self.health = health
        self._labels = labels_of(instance)
        self._bound, self.reach = self.bind(rules)
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
        if not bound.reach:
            self.window = None
        elif self.window is None:
            self.window = Window(bound.reach)
        else:
            self.window.span = bound.reach

    def step(self, sample: Sample, alerts: Mapping[str, Alert]) -> Step:
        """What `sample` changes, given the instance's alerts by rule; in force once `health` is set to the step's."""
        health, began = after(self.health, sample)
        if self.window is not None and sample.common is not None and sample.cdc is not None:
            self.window.append(sample.at, common=sample.common, cdc=sample.cdc)
        facts = _facts(health, sample, self.window)
        changes: list[Change] = []
        for rule, judge in self._bound:
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
            change = change_of(rule, judge, alert, self._finding(rule, alert, verdict, facts), facts, refresh=began)
            if change is not None:
                changes.append(change)
        return Step(health, began, tuple(changes))

    def _labels_under(self, rule: Rule) -> Labels:
        return {"alertname": rule.name, **self._labels, **rule.labels}

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


def change_of(
    rule: Rule, judge: Judge, alert: Alert | None, finding: Finding, facts: Facts, *, refresh: bool
) -> Change | None:
    """What `finding`, judged on `facts`, makes of `alert`. Where nothing moves its numbers change only if they are to
    be refreshed."""
    moved, transition = lifecycle.advance(alert, finding, rule)
    if transition is None and not (refresh and finding.truth is not Truth.UNKNOWN):
        return None
    if moved is not None:
        moved = replace(moved, values=finding.values, values_at=finding.at)
        # They keep the words of the last breach: what is said when it is over is what was wrong.
        if finding.truth is Truth.BREACH:
            rendered = annotate(rule, moved, judge.value(facts, severity=moved.severity))
            found = {name: text for name, text in moved.annotations.items() if name == TASKS}
            moved = replace(moved, annotations=rendered | found)
    return Change(rule.name, finding.key, moved, transition)


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
