"""The receivers as people look after them: what waits for each, what failed, and what its limits leave. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor import durations
from monitor.budget import PRESETS, Limit, free_at, room
from monitor.store.outbox import Standing

Destination = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Allowance:
    """One limit of one kind under a receiver's name: how many messages of how many it may still get now."""

    kind: str
    left: int
    limit: Limit
    free_at: datetime | None
    """When it may get one again; None while it may."""

    @property
    def window(self) -> str:
        return durations.show(self.limit.window)


@dataclass(frozen=True, slots=True)
class Desk:
    """One receiver. `failing` is the kind that cannot be told with the reason, empty while all is well. One that the
    policy no longer has has no kinds."""

    name: str
    kinds: Sequence[str]
    waiting: int
    dead: int
    sent: int
    failing: str
    allowances: Sequence[Allowance]


def desks(
    kinds: Mapping[str, Sequence[str]],
    tally: Mapping[tuple[str, Standing], int],
    failing: Mapping[str, str],
    spent: Mapping[Destination, Sequence[datetime]],
    *,
    at: datetime,
) -> list[Desk]:
    """All receivers that the policy has or messages name: those that fail, then those with the most undelivered."""
    names = dict.fromkeys([*kinds, *(name for name, _ in tally)])
    found = [
        Desk(
            name=name,
            kinds=tuple(kinds.get(name, ())),
            waiting=tally.get((name, Standing.WAITING), 0),
            dead=tally.get((name, Standing.DEAD), 0),
            sent=tally.get((name, Standing.SENT), 0),
            failing=failing.get(name, ""),
            allowances=[
                allowance
                for place, kind in enumerate(kinds.get(name, ()))
                for allowance in _allowances(kind, spent.get((name, place), ()), at)
            ],
        )
        for name in names
    ]
    return sorted(found, key=lambda one: (not one.failing, -one.dead, -one.waiting))


def _allowances(kind: str, spent: Sequence[datetime], at: datetime) -> list[Allowance]:
    found = []
    for limit in PRESETS.get(kind, ()):
        left = max(0, room((limit,), spent, at))
        found.append(Allowance(kind, left, limit, None if left else free_at((limit,), spent, at, 1)))
    return found
