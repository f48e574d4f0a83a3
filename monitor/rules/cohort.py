"""The instances that one alert of a rule with `by` speaks for.

A sample costs the work of its own member: each aggregate is kept up to date, never added up anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime

from monitor.fingerprint import fingerprint
from monitor.model import Alert, Finding, InstanceKey, Labels, State, Truth
from monitor.rules.aggregates import Measure
from monitor.rules.change import Change, change_of
from monitor.rules.column import Column
from monitor.rules.facts import Facts
from monitor.rules.member import Member
from monitor.rules.rule import Rule

_ALIVE = (State.PENDING, State.FIRING, State.CLEARING)


class Cohort:
    """The members that share the values of the labels under `by`, and what the rule says of them together."""

    __slots__ = ("_columns", "_judge", "_members", "key", "labels", "rule")

    def __init__(self, rule: Rule, shared: Labels, earlier: Alert | None = None) -> None:
        """`shared` are the labels under `by` with the values that the members have in common. An alert of an earlier
        process goes on under its own name."""
        self.rule = rule
        self.labels: Labels = earlier.labels if earlier else {"alertname": rule.name, **shared, **rule.labels}
        self.key = earlier.key if earlier else fingerprint(self.labels)
        self._judge = rule.judge(shared)
        measures = rule.measures(shared)
        self._columns = {text: Column(measure) for text, measure in measures.items()}
        self._members: dict[InstanceKey, Mapping[str, Measure]] = {}

    def __len__(self) -> int:
        """How many members there are, those that were never sampled too."""
        return len(self._members)

    def __iter__(self) -> Iterator[InstanceKey]:
        return iter(self._members)

    def steady(self, key: InstanceKey) -> bool:
        """Whether a poll of this member that sees the same as the one before changes nothing."""
        return all(measure.steady for measure in self._members[key].values())

    def join(self, key: InstanceKey, labels: Labels) -> None:
        """An instance belongs to it from now on; `labels` are all of its labels."""
        self._members[key] = self.rule.measures(labels)

    def leave(self, key: InstanceKey) -> None:
        """An instance belongs to it no more."""
        if self._members.pop(key, None) is not None:
            for column in self._columns.values():
                column.drop(key)

    def put(self, key: InstanceKey, member: Member, *, moved: bool = True) -> None:
        """The member as it is from now on. Unless it `moved`, its last poll saw the same as the one before."""
        measures = self._members[key]
        for text, column in self._columns.items():
            measure = measures[text]
            if moved or not measure.steady:
                column.put(key, member, measure, member.at)

    def judge(self, alert: Alert | None, at: datetime, *, up: bool, began: bool) -> Change | None:
        """What the sample taken at `at` changes. `up`: it is a good one, without which nothing clears. `began`: it
        differs from the one before, so that the numbers of a live alert may be others."""
        facts = Facts(at=at, common=None, cdc=None, up=up, aggregates=self._aggregates(at))
        alive = alert if alert is not None and alert.state in _ALIVE else None
        firing, severity = (alive.state.fires, alive.severity) if alive else (False, None)
        verdict = self._judge.verdict(facts, firing=firing, severity=severity)
        if alive is None and verdict.truth is not Truth.BREACH:
            return None
        values = {text: value for text, value in facts.aggregates.items() if math.isfinite(value)}
        finding = Finding(
            key=self.key,
            rule=self.rule.name,
            rule_version=self.rule.version,
            instance=None,
            labels=self.labels,
            truth=verdict.truth,
            severity=verdict.severity,
            at=at,
            values=values,
        )
        moved = alive is not None and alive.values != values
        return change_of(self.rule, self._judge, alert, finding, facts, refresh=began and moved)

    def _aggregates(self, at: datetime) -> dict[str, float]:
        return {text: float(column.value(at)) for text, column in self._columns.items()}
