"""A rule as the policy writes it: what it watches, for which instances, and how long until it speaks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from monitor.matchers import EVERYTHING, Matchers
from monitor.model import Labels, Severity
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
    is wrong. Overrides apply in their order, the later ones win.
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
        meaning = [
            [[severity.value, _canonical(text)] for severity, text in self.stages],
            _canonical(self.clear) if self.clear is not None else None,
            [self.hold.total_seconds(), self.keep.total_seconds()],
            str(self.match),
            _listed(self.thresholds),
            [[str(override.match), _listed(override.thresholds)] for override in self.overrides],
        ]
        return hashlib.sha256(json.dumps(meaning).encode()).hexdigest()[:12]

    @cached_property
    def reach(self) -> timedelta:
        """The longest look-back of its expressions, whichever overrides match."""
        alternatives = [self.thresholds, *({**self.thresholds, **each.thresholds} for each in self.overrides)]
        return max(self._judge(thresholds).reach for thresholds in alternatives)

    def bind(self, labels: Labels) -> Judge | None:
        """The judge for an instance with these labels; None where the rule is not for it."""
        if not self.match.match(labels):
            return None
        thresholds = dict(self.thresholds)
        for override in self.overrides:
            if override.match.match(labels):
                thresholds.update(override.thresholds)
        return self._judge(thresholds)

    @cached_property
    def _judges(self) -> dict[_Key, Judge]:
        """Those made so far: as many as there are different sets of thresholds, however many instances there are."""
        return {}

    def _judge(self, thresholds: Mapping[str, Quantity]) -> Judge:
        key = tuple(sorted(thresholds.items()))
        judge = self._judges.get(key)
        if judge is None:
            levels = [(severity, compile_expression(text, thresholds=thresholds)) for severity, text in self.stages]
            clear = None if self.clear is None else compile_expression(self.clear, thresholds=thresholds)
            judge = self._judges[key] = Judge(levels, clear)
        return judge


def _canonical(text: str) -> str:
    return written(parse(text))


def _listed(thresholds: Mapping[str, Quantity]) -> list[list[str | float]]:
    return [[name, float(quantity.value), quantity.dimension.name] for name, quantity in sorted(thresholds.items())]
