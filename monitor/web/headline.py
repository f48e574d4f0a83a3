"""The state of everything in one sentence, with what else has to be known beside it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from monitor.model import Alert
from monitor.store.outbox import Standing
from monitor.web.standing import Level, Tile, level_of
from monitor.wording import ENGLISH


@dataclass(frozen=True, slots=True)
class Headline:
    """`level` gives colour and symbol; `notes` are read after `text`."""

    level: Level
    text: str
    notes: tuple[str, ...] = ()


def headline(
    tiles: Sequence[Tile],
    live: Sequence[Alert],
    tally: Mapping[tuple[str, Standing], int],
    late: Sequence[tuple[str, timedelta]],
) -> Headline:
    """What to read first. Never calm while a loop is late, an alert fires, or an instance is not known to be well."""
    firing = [alert for alert in live if alert.state.fires]
    level, text = _firing(firing) if firing else _without_alert(tiles)
    notes = tuple(_notes(tiles, live, tally, alarm=bool(firing)))
    if late:
        loops = " and ".join(f"the {loop} has stood still for {ENGLISH.span(since)}" for loop, since in late)
        return Headline(Level.CRITICAL, f"What follows may be old: {loops}", (text, *notes))
    return Headline(level, text, notes)


def _firing(firing: Sequence[Alert]) -> tuple[Level, str]:
    worst = max(firing, key=lambda alert: alert.severity.rank)
    labels = worst.labels
    where = next((labels[name] for name in ("instance", "account", "alertname") if labels.get(name)), worst.rule)
    if len(firing) == 1:
        return level_of(worst.severity), f"1 alert fires: {worst.severity} on {where}"
    return level_of(worst.severity), f"{len(firing):,} alerts fire, worst: {worst.severity} on {where}"


def _without_alert(tiles: Sequence[Tile]) -> tuple[Level, str]:
    if not tiles:
        return Level.NEW, "No instance is known yet"
    counted = Counter(tile.level for tile in tiles)
    total = f"{len(tiles):,} instances"
    if set(counted) == {Level.WELL}:
        return Level.WELL, f"All {total} are well" if len(tiles) > 1 else "The instance is well"
    if set(counted) == {Level.NEW}:
        return Level.NEW, f"{total} wait for their first poll" if len(
            tiles
        ) > 1 else "1 instance waits for its first poll"
    if set(counted) <= {Level.WELL, Level.NEW}:
        return Level.NEW, f"{counted[Level.WELL]:,} of {total} are well, the others wait for their first poll"
    worst = next(level for level in Level if counted[level])
    return worst, f"No alert fires, but {_but(worst, counted[worst], total)}"


def _but(worst: Level, count: int, total: str) -> str:
    verbs = {
        Level.DOWN: ("does not answer", "do not answer"),
        Level.PENDING: ("has an alert pending", "have alerts pending"),
        Level.ABNORMAL: ("has abnormal tasks", "have abnormal tasks"),
    }
    one, many = verbs.get(worst, ("is not polled", "are not polled"))
    return f"{count:,} of {total} {one if count == 1 else many}"


def _notes(
    tiles: Sequence[Tile], live: Sequence[Alert], tally: Mapping[tuple[str, Standing], int], *, alarm: bool
) -> Iterator[str]:
    pending = sum(not alert.state.fires for alert in live)
    down = sum(bool(tile.seen.run and tile.seen.run.failure) for tile in tiles)
    quiet = sum(tile.level is Level.STALE for tile in tiles)
    waiting = sum(number for (_, state), number in tally.items() if state is Standing.WAITING)
    if pending:
        yield f"{pending:,} alert{'s are' if pending > 1 else ' is'} pending"
    if down and alarm:
        yield f"{down:,} of {len(tiles):,} instances {'do' if down > 1 else 'does'} not answer"
    if quiet and alarm:
        yield f"{quiet:,} of {len(tiles):,} instances {'are' if quiet > 1 else 'is'} not polled"
    if waiting:
        yield f"{waiting:,} message{'s wait' if waiting > 1 else ' waits'} to be delivered"
