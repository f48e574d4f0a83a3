"""The public face of the rule language: text -> a condition that can be judged, filled in and asked for its reach."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from monitor.rules.compile import Truth, Value, compile_truth, compile_value, reach_of
from monitor.rules.dimensions import check_condition, dimension
from monitor.rules.edges import Edges, edges_of
from monitor.rules.facts import Facts
from monitor.rules.names import AGGREGATES, COUNTS, HEALTH, HISTORY
from monitor.rules.parser import parse
from monitor.rules.printing import written
from monitor.rules.quantity import Quantity, shown
from monitor.rules.syntax import Call, Comparison, Name, Node, walk


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked and compiled condition.

    `truth` judges facts: True, False, or None where it cannot be known. `names` are the counts and poll-health names
    it reads, `thresholds_used` the thresholds. `reach` is its longest look-back, zero without history. `canonical`
    is the same for texts that differ in spaces and needless parentheses only. `aggregates` are the functions over
    several instances, by their canonical writing.
    """

    text: str
    canonical: str
    truth: Truth = field(repr=False, compare=False)
    names: frozenset[str]
    thresholds_used: frozenset[str]
    reach: timedelta
    aggregates: Mapping[str, Call] = field(repr=False, hash=False)
    _tree: Node = field(repr=False, compare=False)
    _measure: Value = field(repr=False, compare=False)
    _thresholds: Mapping[str, Quantity] = field(repr=False, hash=False)

    def value(self, facts: Facts) -> float | None:
        """The left-hand side of the first comparison, durations in seconds; None where it is unknown."""
        found = float(self._measure(facts))
        return None if math.isnan(found) else found

    @property
    def edges(self) -> Edges:
        """When it may change its mind while the counts do not."""
        return edges_of(self._tree, self._thresholds)

    def filled(self, facts: Facts) -> str:
        """The text with the numbers filled in: `abnormal 9 / running 20 > 20%`."""

        def annotate(node: Name | Call, text: str) -> str:
            value = float(compile_value(node, self._thresholds)(facts))
            return f"{text} {shown(value, dimension(node, self._thresholds, by=bool(self.aggregates)))}"

        return written(self._tree, annotate)


def compile_expression(text: str, *, thresholds: Mapping[str, Quantity], by: bool = False) -> Expression:
    """The condition that `text` writes, for one instance or, with `by`, for several. TextFault says where it is wrong
    and what to write."""
    tree = parse(text)
    check_condition(tree, thresholds, by=by)
    calls = [node for node in walk(tree) if isinstance(node, Call)]
    words = {node.text for node in walk(tree) if isinstance(node, Name)}
    used = frozenset(words & thresholds.keys())
    first = next(node for node in walk(tree) if isinstance(node, Comparison))
    return Expression(
        text=text,
        canonical=written(tree),
        truth=compile_truth(tree, thresholds),
        names=frozenset(words & {*COUNTS, *HEALTH}),
        thresholds_used=used,
        reach=max((reach_of(call, thresholds) for call in calls if call.function in HISTORY), default=timedelta()),
        aggregates={written(call): call for call in calls if call.function in AGGREGATES},
        _tree=tree,
        _measure=compile_value(first.left, thresholds),
        _thresholds={name: thresholds[name] for name in used},
    )
