"""Whether a condition can hold for any sample at all. It says no only where that is proven.

The condition is unfolded into alternatives, each a row of comparisons that have to hold at once. A row is refuted by
what always holds (counts are whole and never negative, a failed poll has none, `age` is zero after a good one), and by
comparisons of the same thing that leave nothing between them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, product

from monitor.model import STATUSES
from monitor.rules.intervals import Interval, interval_of, natural, whole
from monitor.rules.names import COUNTS
from monitor.rules.printing import written
from monitor.rules.syntax import All, Call, Comparison, Name, Node, Not, Some, operands

Thresholds = Mapping[str, Interval]
Row = tuple[Comparison, ...]

_ROWS = 64
"""Alternatives of one condition that are looked at; what unfolds into more counts as possible."""
_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_ORDERS = {"<": "<", ">": ">", "<=": "<=", ">=": ">=", "==": "=", "!=": "<>"}
"""Which orders of the two sides each operator allows, one character each."""


def impossible(condition: Node, thresholds: Thresholds) -> bool:
    """Whether `condition`, which has passed `check_condition`, is proven never to be true.

    `thresholds` say between which values each lies, all overrides together.
    """
    rows = _rows(condition, holds=True)
    return rows is not None and all(_refuted(row, thresholds) for row in rows)


def _rows(node: Node, *, holds: bool) -> list[Row] | None:
    """The alternatives in which `node` is true (`holds`) or false; None where there are too many."""
    match node:
        case Comparison():
            op = node.op if holds else _OPPOSITE[node.op]
            return [(Comparison(node.left, op, node.right),)]
        case Not():
            return _rows(node.operand, holds=not holds)
        case All() | Some():
            below = [_rows(term, holds=holds) for term in node.terms]
            known = [rows for rows in below if rows is not None]
            if len(known) < len(below):
                return None
            if isinstance(node, Some) is holds:
                rows = list(chain.from_iterable(known))
                return rows if len(rows) <= _ROWS else None
            if math.prod(len(rows) for rows in known) > _ROWS:
                return None
            return [tuple(chain.from_iterable(parts)) for parts in product(*known)]
        case _:
            return None


@dataclass(slots=True)
class _Bounds:
    """What comparisons with constants leave of one thing."""

    node: Node
    whole: bool
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    never: set[float] = field(default_factory=set)

    def narrow(self, op: str, value: float) -> None:
        if op == "!=":
            self.never.add(value)
        if op in (">", ">=", "==") and value >= self.low:
            self.open_low = op == ">" or (self.open_low and value == self.low)
            self.low = value
        if op in ("<", "<=", "==") and value <= self.high:
            self.open_high = op == "<" or (self.open_high and value == self.high)
            self.high = value
        if op == "==" and not self.low == self.high == value:
            self.low, self.high = math.inf, -math.inf

    def left(self, within: Interval) -> Interval:
        """What is left between the bounds and `within`; nothing where `low` is above `high`."""
        low, high = max(self.low, within.low), min(self.high, within.high)
        open_low, open_high = self.open_low and low == self.low, self.open_high and high == self.high
        if self.whole:
            return self._whole(low, high, open_low=open_low, open_high=open_high)
        if low == high and (open_low or open_high or low in self.never):
            return Interval(math.inf, -math.inf)
        return Interval(low, high)

    def _whole(self, low: float, high: float, *, open_low: bool, open_high: bool) -> Interval:
        if math.inf in (low, -high):
            return Interval(math.inf, -math.inf)
        if math.isfinite(low):
            low = math.floor(low) + 1.0 if open_low else float(math.ceil(low))
        if math.isfinite(high):
            high = math.ceil(high) - 1.0 if open_high else float(math.floor(high))
        while low in self.never and low <= high:
            low += 1
        while high in self.never and low <= high:
            high -= 1
        return Interval(low, high)


def _refuted(row: Row, thresholds: Thresholds) -> bool:
    """Whether the comparisons of `row` are proven never to hold at once."""
    bounds: dict[str, _Bounds] = {}
    pairs: list[Comparison] = []
    for each in row:
        left, right = interval_of(each.left, thresholds), interval_of(each.right, thresholds)
        if right.single:
            _narrow(bounds, each.left, each.op, right.low, thresholds)
        elif left.single:
            _narrow(bounds, each.right, _MIRRORED[each.op], left.low, thresholds)
        else:
            pairs.append(each)
    known = dict(thresholds)
    if any(_reads_counts(side) for each in row for side in (each.left, each.right)):
        known["up"] = Interval(1.0, 1.0)
    known |= {
        one.node.text: one.left(known.get(one.node.text) or natural(one.node.text))
        for one in bounds.values()
        if isinstance(one.node, Name)
    }
    _deduce(known)
    return (
        any(each.low > each.high for each in known.values())
        or any(_nothing(one.left(interval_of(one.node, known))) for one in bounds.values())
        or _out_of_order(pairs, known)
    )


def _nothing(left: Interval) -> bool:
    return left.low > left.high


def _narrow(bounds: dict[str, _Bounds], node: Node, op: str, value: float, thresholds: Thresholds) -> None:
    key = written(node)
    if key not in bounds:
        bounds[key] = _Bounds(node, whole(node, thresholds))
    bounds[key].narrow(op, value)


def _reads_counts(node: Node) -> bool:
    """Whether the last sample has to be good for `node` to be known; history is known after a failed poll too."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Name) and each.text in COUNTS:
            return True
        waiting.extend(operands(each))
    return False


def _deduce(known: dict[str, Interval]) -> None:
    """Adds what follows from one name about another."""

    def now(name: str) -> Interval:
        return known.get(name) or natural(name)

    for status in STATUSES:
        common, cdc = f"common.{status}", f"cdc.{status}"
        both = Interval(now(common).low + now(cdc).low, now(common).high + now(cdc).high)
        known[status] = now(status).meet(both)
        for part in (common, cdc):
            known[part] = now(part).meet(Interval(0.0, now(status).high))
    zero, some = Interval(0.0, 0.0), Interval(1.0, math.inf)
    if now("failures").low >= 1 or now("age").low > 0:
        known["up"] = now("up").meet(zero)
    if now("up").low >= 1:
        known["failures"], known["age"] = now("failures").meet(zero), now("age").meet(zero)
    elif now("up").high <= 0:
        known["failures"] = now("failures").meet(some)


def _out_of_order(pairs: Iterable[Comparison], known: Mapping[str, Interval]) -> bool:
    """Whether two things would have to be in an order in which they cannot be."""
    allowed: dict[tuple[str, str], set[str]] = {}
    for each in pairs:
        left, right, op = each.left, each.right, each.op
        if (written(left), written(right)) > (written(right), written(left)):
            left, right, op = right, left, _MIRRORED[op]
        key = (written(left), written(right))
        orders = allowed.setdefault(key, set(_possible_orders(left, right, known)))
        orders &= set(_ORDERS[op])
    return any(not orders for orders in allowed.values())


def _possible_orders(left: Node, right: Node, known: Mapping[str, Interval]) -> Iterator[str]:
    """Which of `<`, `=` and `>` two things can be in."""
    if written(left) == written(right):
        yield "="
        return
    one, other = interval_of(left, known), interval_of(right, known)
    if (
        one.low < other.high
        and not _is_extreme(left, "max_over_time", right)
        and not _is_extreme(right, "min_over_time", left)
    ):
        yield "<"
    if (
        one.high > other.low
        and not _is_extreme(left, "min_over_time", right)
        and not _is_extreme(right, "max_over_time", left)
    ):
        yield ">"
    if one.low <= other.high and one.high >= other.low:
        yield "="


def _is_extreme(node: Node, function: str, of: Node) -> bool:
    """Whether `node` is the greatest or least of `of`, the present value included."""
    return isinstance(node, Call) and node.function == function and written(node.arguments[0]) == written(of)
