"""What a replay says of each rule: how often, how long, how restless, and how much people heard of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from monitor.rules.replay import Firing, Replayed

SOON = timedelta(minutes=5)
"""What is over so soon was over before somebody could act."""
AGAIN = timedelta(minutes=30)
"""What fires again so soon after it resolved is one trouble that was told twice."""


@dataclass(frozen=True, slots=True)
class Score:
    """One rule over a stretch of history.

    `total`, `typical` (the median) and `longest` are times of firing; what still fires counts up to the end.
    `self_resolved` is the share of firings that resolved within `SOON`, `flapping` the share that began within
    `AGAIN` after the same alert had resolved; both None without firings. `messages` are by receiver: one that names
    several rules counts for each.
    """

    rule: str
    firings: int
    instances: int
    total: timedelta
    typical: timedelta | None
    longest: timedelta | None
    self_resolved: float | None
    flapping: float | None
    messages: Mapping[str, int]


def scores(rules: Iterable[str], replayed: Replayed, *, until: datetime) -> list[Score]:
    """One for each of `rules`, in their order, also for those that never fired."""
    by_rule: dict[str, list[Firing]] = {rule: [] for rule in rules}
    for firing in replayed.firings:
        if firing.rule in by_rule:
            by_rule[firing.rule].append(firing)
    return [_score(rule, found, replayed, until) for rule, found in by_rule.items()]


def messages(replayed: Replayed) -> dict[str, int]:
    """How many messages each receiver was sent, each counted once."""
    return dict(sorted(Counter(told.receiver for told in replayed.told).items()))


def again(firings: Sequence[Firing]) -> int:
    """How many of the firings (in the order in which they began) came soon after the same alert had resolved."""
    ended: dict[str, datetime] = {}
    found = 0
    for firing in firings:
        before = ended.get(firing.key)
        found += before is not None and firing.fired_at - before <= AGAIN
        if firing.resolved_at is not None:
            ended[firing.key] = firing.resolved_at
    return found


def lasted(firing: Firing, until: datetime) -> timedelta:
    """How long it fired, up to `until` where it still does."""
    return (firing.resolved_at or until) - firing.fired_at


def typical(lengths: Iterable[timedelta]) -> timedelta:
    """The median."""
    return timedelta(seconds=median(length.total_seconds() for length in lengths))


def _score(rule: str, firings: Sequence[Firing], replayed: Replayed, until: datetime) -> Score:
    lengths = [lasted(firing, until) for firing in firings]
    soon = sum(firing.resolved_at is not None and lasted(firing, until) <= SOON for firing in firings)
    return Score(
        rule=rule,
        firings=len(firings),
        instances=len({firing.key for firing in firings}),
        total=sum(lengths, timedelta()),
        typical=typical(lengths) if lengths else None,
        longest=max(lengths, default=None),
        self_resolved=soon / len(firings) if firings else None,
        flapping=again(firings) / len(firings) if firings else None,
        messages=dict(sorted(Counter(told.receiver for told in replayed.told if rule in told.rules).items())),
    )
