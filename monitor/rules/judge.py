"""The verdict of one rule on one instance's facts: breached, clear or unknown, and how bad."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from monitor.model import Severity, Truth
from monitor.rules.edges import Edges
from monitor.rules.expression import Expression
from monitor.rules.facts import Facts
from monitor.rules.syntax import Call


class Verdict(NamedTuple):
    """What a rule says. CLEAR and UNKNOWN repeat the severity the alert has, the rule's mildest without an alert."""

    truth: Truth
    severity: Severity


_VERDICTS = {(truth, severity): Verdict(truth, severity) for truth in Truth for severity in Severity}


class _Level:
    """One severity with its condition, everything the hot path needs one step away."""

    __slots__ = ("breach", "expression", "rank", "truth")

    def __init__(self, severity: Severity, expression: Expression) -> None:
        self.expression = expression
        self.truth = expression.truth
        self.rank = severity.rank
        self.breach = _VERDICTS[Truth.BREACH, severity]


class Judge:
    """A rule with its thresholds in place. One judge serves all instances that share them."""

    __slots__ = ("_clear", "_edges", "_levels", "_no_alert", "aggregates", "names", "reach")

    def __init__(self, levels: Sequence[tuple[Severity, Expression]], clear: Expression | None) -> None:
        """`levels` worst first, at least one; a rule with `when` has one level, its own severity."""
        self._levels = tuple(_Level(severity, expression) for severity, expression in levels)
        self._clear = clear
        mildest = levels[-1][0]
        self._no_alert = (_VERDICTS[Truth.CLEAR, mildest], _VERDICTS[Truth.UNKNOWN, mildest])
        expressions = [level.expression for level in self._levels] + ([clear] if clear else [])
        self.names: frozenset[str] = frozenset().union(*(expression.names for expression in expressions))
        """The counts and poll-health names that it reads."""
        self.reach: timedelta = max(expression.reach for expression in expressions)
        self.aggregates: Mapping[str, Call] = {
            text: call for expression in expressions for text, call in expression.aggregates.items()
        }
        self._edges: Edges | None = None

    def verdict(self, facts: Facts, *, firing: bool, severity: Severity | None) -> Verdict:
        """The verdict on `facts` for an alert that is `firing` (a clearing one is) with `severity`, None without one.

        A failed poll can breach, and raise the severity; it never clears, and never lowers.
        """
        if firing and self._clear is not None:
            return self._held(facts, self._clear, severity)
        unknown = not facts.up
        for level in self._levels:
            truth = level.truth(facts)
            if truth:
                return self._not_lowered(level, severity) if unknown else level.breach
            if truth is None:
                unknown = True
        return self._quiet(severity, unknown=unknown)

    @property
    def edges(self) -> Edges:
        """When its verdict may change while the counts do not; of a rule for one instance."""
        if self._edges is None:
            expressions = [level.expression for level in self._levels] + ([self._clear] if self._clear else [])
            self._edges = functools.reduce(operator.or_, (expression.edges for expression in expressions))
        return self._edges

    def value(self, facts: Facts, severity: Severity | None = None) -> float | None:
        """What messages call `value`: the first number compared by the expression of `severity`."""
        return self._level(severity).expression.value(facts)

    def filled(self, facts: Facts, severity: Severity | None = None) -> str:
        """The expression of `severity` with its numbers filled in."""
        return self._level(severity).expression.filled(facts)

    def clearing(self, facts: Facts) -> str:
        """What ends an alert that fires, with its numbers filled in; empty for a rule without `clear`."""
        return self._clear.filled(facts) if self._clear is not None else ""

    def _held(self, facts: Facts, clear: Expression, severity: Severity | None) -> Verdict:
        """A firing alert under hysteresis stays until `clear` holds. Meanwhile the levels move its severity; where it
        is unknown whether `clear` holds, they can only raise it."""
        cleared = clear.truth(facts)
        if cleared:
            return self._quiet(severity, unknown=not facts.up)
        present = self._level(severity)
        unknown = not facts.up
        for level in self._levels:
            truth = level.truth(facts)
            if truth and (cleared is False or level.rank > present.rank):
                return self._not_lowered(level, severity) if unknown else level.breach
            if truth is None:
                unknown = True
        return present.breach if cleared is False else self._quiet(severity, unknown=True)

    def _not_lowered(self, level: _Level, severity: Severity | None) -> Verdict:
        present = self._level(severity)
        return present.breach if present.rank > level.rank else level.breach

    def _level(self, severity: Severity | None) -> _Level:
        """The level of a severity, the mildest for none. One that the rule does not have (any more) counts as the next
        worse that it has."""
        if severity is None:
            return self._levels[-1]
        return next((level for level in reversed(self._levels) if level.rank >= severity.rank), self._levels[0])

    def _quiet(self, severity: Severity | None, *, unknown: bool) -> Verdict:
        if severity is None:
            return self._no_alert[unknown]
        return _VERDICTS[Truth.UNKNOWN if unknown else Truth.CLEAR, severity]
