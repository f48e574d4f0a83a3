"""A rule as the policy writes it: what it watches, for which instances, and how long until it speaks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial
from typing import Any

from monitor.matchers import EVERYTHING, Matchers
from monitor.model import Labels, Severity
from monitor.rules.aggregates import Measure, measure_of
from monitor.rules.expression import compile_expression
from monitor.rules.judge import Judge
from monitor.rules.parser import parse
from monitor.rules.printing import written
from monitor.rules.quantity import Quantity

_Key = tuple[tuple[str, Quantity], ...]


@dataclass(frozen=True, slots=True)
class Override:
    """Other thresholds for the instances that match."""

    match: Matchers
    thresholds: Mapping[str, Quantity]


@dataclass(frozen=True)
class Rule:
    """One rule. It has either `when` (and then `severity`) or `levels`, kept worst first.

    `hold` is `for:`, `keep` is `keep_firing_for:`. Expressions are compiled when first asked for; TextFault where one
    is wrong. Overrides apply in their order, the later ones win. With `by` the rule has one alert for each set of
    values that these labels have among its instances; None where each instance has its own.
    """

    name: str
    when: str | None = None
    levels: tuple[tuple[Severity, str], ...] = ()
    clear: str | None = None
    severity: Severity = Severity.WARNING
    hold: timedelta = timedelta()
    keep: timedelta = timedelta()
    match: Matchers = EVERYTHING
    thresholds: Mapping[str, Quantity] = field(default_factory=dict, hash=False)
    overrides: tuple[Override, ...] = field(default=(), hash=False)
    summary: str = ""
    runbook: str = ""
    labels: Labels = field(default_factory=dict, hash=False)
    by: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if (self.when is None) is (not self.levels):
            raise ValueError(f"rule {self.name}: it has either when or levels")
        if len({severity for severity, _ in self.levels}) < len(self.levels):
            raise ValueError(f"rule {self.name}: a severity stands twice under levels")
        worst_first = sorted(self.levels, key=lambda level: level[0].rank, reverse=True)
        object.__setattr__(self, "levels", tuple(worst_first))

    @property
    def stages(self) -> tuple[tuple[Severity, str], ...]:
        """What breaches it, worst first: the levels, or `when` with the rule's severity."""
        return self.levels if self.when is None else ((self.severity, self.when),)

    @cached_property
    def version(self) -> str:
        """A short hash of what the rule means: it changes when a judgement or a timer could."""
        meaning: list[Any] = [
            [[severity.value, _canonical(text)] for severity, text in self.stages],
            _canonical(self.clear) if self.clear is not None else None,
            [self.hold.total_seconds(), self.keep.total_seconds()],
            str(self.match),
            _listed(self.thresholds),
            [[str(override.match), _listed(override.thresholds)] for override in self.overrides],
        ]
        if self.by is not None:
            meaning.append(sorted(self.by))
        return hashlib.sha256(json.dumps(meaning).encode()).hexdigest()[:12]

    @cached_property
    def reach(self) -> timedelta:
        """The longest look-back of its expressions, whichever overrides match."""
        alternatives = [self.thresholds, *({**self.thresholds, **each.thresholds} for each in self.overrides)]
        return max(self._judge(thresholds).reach for thresholds in alternatives)

    def bind(self, labels: Labels) -> Judge | None:
        """The judge for an instance with these labels; None where the rule is not for it."""
        return self.judge(labels) if self.match.match(labels) else None

    def judge(self, labels: Labels) -> Judge:
        """The judge with the thresholds that hold for these labels: those of an instance, or those of `by`."""
        return self._judge(self._thresholds(labels))

    def measures(self, labels: Labels) -> Mapping[str, Measure]:
        """What the aggregates of a rule with `by` ask of an instance with these labels, under its own thresholds."""
        thresholds = self._thresholds(labels)
        key = tuple(sorted(thresholds.items()))
        found = self._measures.get(key)
        if found is None:
            aggregates = self._judge(thresholds).aggregates
            found = self._measures[key] = {text: measure_of(call, thresholds) for text, call in aggregates.items()}
        return found

    def _thresholds(self, labels: Labels) -> dict[str, Quantity]:
        thresholds = dict(self.thresholds)
        for override in self.overrides:
            if override.match.match(labels):
                thresholds.update(override.thresholds)
        return thresholds

    @cached_property
    def _judges(self) -> dict[_Key, Judge]:
        """Those made so far: as many as there are different sets of thresholds, however many instances there are."""
        return {}

    @cached_property
    def _measures(self) -> dict[_Key, Mapping[str, Measure]]:
        return {}

    def _judge(self, thresholds: Mapping[str, Quantity]) -> Judge:
        key = tuple(sorted(thresholds.items()))
        judge = self._judges.get(key)
        if judge is None:
            by = self.by is not None
            compiled = partial(compile_expression, thresholds=thresholds, by=by)
            levels = [(severity, compiled(text)) for severity, text in self.stages]
            clear = None if self.clear is None else compiled(self.clear)
            judge = self._judges[key] = Judge(levels, clear)
        return judge


def _canonical(text: str) -> str:
    return written(parse(text))


def _listed(thresholds: Mapping[str, Quantity]) -> list[list[str | float]]:
    return [[name, float(quantity.value), quantity.dimension.name] for name, quantity in sorted(thresholds.items())]
