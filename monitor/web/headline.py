"""The state of everything in one sentence, with what else has to be known beside it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from monitor.store.board import Live
from monitor.store.outbox import Standing
from monitor.web.standing import Level, Tile, level_of
from monitor.web.words import Words
from monitor.web.words.telling import told


@dataclass(frozen=True, slots=True)
class Headline:
    """`level` gives colour and symbol; `notes` are read after `text`."""

    level: Level
    text: str
    notes: tuple[str, ...] = ()


def headline(
    tiles: Sequence[Tile],
    live: Sequence[Live],
    tally: Mapping[tuple[str, Standing], int],
    late: Sequence[tuple[str, timedelta]],
    words: Words,
    *,
    degraded: bool = False,
) -> Headline:
    """What to read first. Never calm while a loop is late, an alert fires, or an instance is not known to be well; nor
    while the store is `degraded`: it takes no writes, and what moves is not in it."""
    firing = [alert for alert in live if alert.state.fires]
    level, text = _firing(firing, words) if firing else _without_alert(tiles, words)
    notes = tuple(_notes(tiles, live, tally, words, alarm=bool(firing)))
    why = [words("say.degraded")] if degraded else []
    why += [words("say.loop", loop=told(loop, words.code), span=words.wording.span(since)) for loop, since in late]
    if why:
        return Headline(Level.CRITICAL, words("say.late", loops=words("say.and").join(why)), (text, *notes))
    return Headline(level, text, notes)


def _firing(firing: Sequence[Live], words: Words) -> tuple[Level, str]:
    worst = max(firing, key=lambda alert: alert.severity.rank)
    labels = worst.labels
    where = next((labels[name] for name in ("instance", "account", "alertname") if labels.get(name)), worst.rule)
    severity = words.wording.severities[worst.severity]
    return level_of(worst.severity), words("say.firing", count=len(firing), severity=severity, where=where)


def _without_alert(tiles: Sequence[Tile], words: Words) -> tuple[Level, str]:
    if not tiles:
        return Level.NEW, words("say.nobody")
    counted, total = Counter(tile.level for tile in tiles), len(tiles)
    if set(counted) == {Level.WELL}:
        return Level.WELL, words("say.well", count=total)
    if set(counted) == {Level.NEW}:
        return Level.NEW, words("say.new", count=total)
    if set(counted) <= {Level.WELL, Level.NEW}:
        return Level.NEW, words("say.partly", well=counted[Level.WELL], total=total)
    worst = next(level for level in Level if counted[level])
    return worst, words(f"say.but.{worst.value}", count=counted[worst], total=total)


def _notes(
    tiles: Sequence[Tile],
    live: Sequence[Live],
    tally: Mapping[tuple[str, Standing], int],
    words: Words,
    *,
    alarm: bool,
) -> Iterator[str]:
    total = len(tiles)
    pending = sum(not alert.state.fires for alert in live)
    down = sum(bool(tile.seen.run and tile.seen.run.failure) for tile in tiles)
    quiet = sum(tile.level is Level.STALE for tile in tiles)
    waiting = sum(number for (_, state), number in tally.items() if state is Standing.WAITING)
    if pending:
        yield words("note.pending", count=pending)
    if down and alarm:
        yield words("note.down", count=down, total=total)
    if quiet and alarm:
        yield words("note.stale", count=quiet, total=total)
    if waiting:
        yield words("note.waiting", count=waiting)
