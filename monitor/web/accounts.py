"""How each account stands: its instances by state, and what it asks of its quota. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.meters import Pace
from monitor.store.board import Live
from monitor.web.charts import Band
from monitor.web.site import Tended
from monitor.web.standing import Level, Tile, level_of

_WIDTH = 100.0
_ORDER = {level: place for place, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account. `level` is the worst of its instances and of the alerts about itself, whose names are `alerts`;
    `tended` is None for one that the policy has no more, `pace` None before it is polled. `bars` are the levels as
    stretches of a bar 100 wide."""

    name: str
    region: str
    level: Level
    count: int
    levels: Sequence[tuple[Level, int]]
    bars: Sequence[tuple[Level, Band]]
    alerts: Sequence[str]
    tended: Tended | None
    pace: Pace | None

    @property
    def used(self) -> float:
        """The share of the quota that the polls ask for, at most 1."""
        rate = self.tended.rate if self.tended else 0.0
        return min(1.0, self.pace.rate / rate) if self.pace and rate else 0.0

    @property
    def stretched(self) -> bool:
        """Whether the quota does not carry the polls that are wanted."""
        return bool(self.tended and self.pace and self.pace.every > self.tended.every)


def accounts(
    tended: Iterable[Tended], tiles: Iterable[Tile], live: Iterable[Live], paces: Mapping[str, Pace]
) -> list[AccountRow]:
    """All accounts that are polled or have instances, the worst first."""
    policy = {one.name: one for one in tended}
    about: dict[str, list[Live]] = {}
    for alert in live:
        if alert.instance is None and alert.state.fires and "account" in alert.labels:
            about.setdefault(alert.labels["account"], []).append(alert)
    grouped: dict[str, list[Tile]] = {name: [] for name in policy}
    for tile in tiles:
        grouped.setdefault(tile.seen.instance.account, []).append(tile)
    rows = [
        _row(name, mine, about.get(name, []), policy.get(name), paces.get(name) if name in policy else None)
        for name, mine in grouped.items()
    ]
    return sorted(rows, key=lambda row: (_ORDER[row.level], row.name))


def _row(
    name: str, mine: Sequence[Tile], alerts: Sequence[Live], tended: Tended | None, pace: Pace | None
) -> AccountRow:
    counted = Counter(tile.level for tile in mine)
    levels = [(level, counted[level]) for level in Level if counted[level]]
    worst = [level for level, _ in levels[:1]] + [level_of(alert.severity) for alert in alerts]
    region = tended.region if tended else mine[0].seen.instance.region
    return AccountRow(
        name=name,
        region=region,
        level=min(worst, key=_ORDER.__getitem__, default=Level.NEW),
        count=len(mine),
        levels=levels,
        bars=list(_bars(levels, len(mine))),
        alerts=[alert.labels.get("alertname", alert.rule) for alert in alerts],
        tended=tended,
        pace=pace if pace and pace.every else None,
    )


def _bars(levels: Sequence[tuple[Level, int]], total: int) -> Iterable[tuple[Level, Band]]:
    left = 0.0
    for level, number in levels:
        width = number / total * _WIDTH
        yield level, Band(round(left, 2), round(width, 2))
        left += width
