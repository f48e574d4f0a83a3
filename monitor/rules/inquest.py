"""What each rule says of one instance at one moment, with its numbers filled in: from the recorded runs alone. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from monitor.model import Alert, Instance, Run, Sample, Severity, State, Truth
from monitor.rules.facts import Facts
from monitor.rules.past import Past
from monitor.rules.rule import Rule
from monitor.rules.watch import facts_of, labels_of
from monitor.rules.window import Window

_OVER = (State.NONE, State.RESOLVED)


@dataclass(frozen=True, slots=True)
class Ruling:
    """A rule's verdict. `stages` are its conditions with their numbers, worst first; `clear` the one that ends it once
    it fires, empty without one. The time an answer took is in no run, so it counts as unknown."""

    rule: str
    version: str
    truth: Truth
    severity: Severity
    stages: tuple[tuple[Severity, str], ...]
    clear: str
    hold: timedelta
    keep: timedelta


@dataclass(frozen=True, slots=True)
class Inquest:
    """One instance at one moment: the run of its last sample, its age (seconds since the last good one, or since the
    first try), and what its rules say. `grouped` are the rules that judge it together with others."""

    instance: Instance
    run: Run
    age: float
    failures: int
    rulings: tuple[Ruling, ...]
    grouped: tuple[str, ...]


def inquire(past: Past, rules: Iterable[Rule], alerts: Iterable[Alert]) -> Inquest | None:
    """What is to be said of the end of `past.before`; None where nothing was sampled by then. `alerts` are those of
    the instance at that moment."""
    if past.health is None or past.health.run is None:
        return None
    health, run = past.health, past.health.run
    labels = labels_of(past.instance)
    mine = [rule for rule in rules if rule.match.match(labels)]
    window = Window(max((rule.reach for rule in mine), default=timedelta()), past.before)
    sample = Sample(past.instance, run.end, timedelta(), run.common, run.cdc, run.failure)
    facts = replace(facts_of(health, sample, window), latency=math.nan)
    by_rule = {alert.rule: alert for alert in alerts if alert.state not in _OVER}
    return Inquest(
        instance=past.instance,
        run=run,
        age=facts.age,
        failures=facts.failures,
        rulings=tuple(_rulings(mine, labels, facts, by_rule)),
        grouped=tuple(rule.name for rule in mine if rule.by is not None),
    )


def _rulings(rules: Iterable[Rule], labels: dict[str, str], facts: Facts, alerts: dict[str, Alert]) -> Iterator[Ruling]:
    for rule in rules:
        if rule.by is not None:
            continue
        judge, alert = rule.judge(labels), alerts.get(rule.name)
        fires = alert is not None and alert.state.fires
        verdict = judge.verdict(facts, firing=fires, severity=alert.severity if alert else None)
        yield Ruling(
            rule=rule.name,
            version=rule.version,
            truth=verdict.truth,
            severity=verdict.severity,
            stages=tuple((severity, judge.filled(facts, severity)) for severity, _ in rule.stages),
            clear=judge.clearing(facts),
            hold=rule.hold,
            keep=rule.keep,
        )
