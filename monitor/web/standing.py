"""How each instance stands, worst first. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model import Counts, InstanceKey, Run, Severity
from monitor.store.board import Live, Seen

_QUIET_AT_LEAST = timedelta(minutes=10)
_QUIET_PERIODS = 3
_QUIET_UNKNOWN = timedelta(hours=1)
_GONE = timedelta(hours=1)


class Level(enum.Enum):
    """How bad an instance looks, from the worst on. The value is its name in the style sheet, among the symbols and
    among the words."""

    CRITICAL = "critical"
    WARNING = "warning"
    DOWN = "down"
    INFO = "info"
    PENDING = "pending"
    ABNORMAL = "abnormal"
    STALE = "stale"
    NEW = "new"
    WELL = "well"


_ORDER = {level: place for place, level in enumerate(Level)}
_OF_SEVERITY = {Severity.CRITICAL: Level.CRITICAL, Severity.WARNING: Level.WARNING, Severity.INFO: Level.INFO}


def level_of(severity: Severity) -> Level:
    """The level of something that fires with `severity`."""
    return _OF_SEVERITY[severity]


@dataclass(frozen=True, slots=True)
class Fleet:
    """`polled` are the instances that are polled now or were not yet; `quiet` those that should be and are not."""

    polled: Sequence[Seen]
    quiet: Sequence[Seen]


def current(seen: Iterable[Seen], *, at: datetime) -> Fleet:
    """The instances that are still ours at `at`.

    The store does not tell when an instance was taken out of the policy or of the cloud: one that was not polled for
    an hour while others were is taken for gone.
    """
    known = list(seen)
    newest = max((one.run.end for one in known if one.run), default=at)
    polled, quiet = [], []
    for one in known:
        if one.run is None or not _is_quiet(one.run, at):
            polled.append(one)
        elif newest - one.run.end < _GONE:
            quiet.append(one)
    return Fleet(polled, quiet)


def _is_quiet(run: Run, at: datetime) -> bool:
    """Whether it was polled so long ago that it cannot be its usual pace."""
    if run.polls < 2:
        return at - run.end > _QUIET_UNKNOWN
    usual = (run.end - run.start) / (run.polls - 1)
    return at - run.end > max(_QUIET_AT_LEAST, _QUIET_PERIODS * usual)


@dataclass(frozen=True, slots=True)
class Tile:
    """One instance on the board. `counts` are those of both kinds together, None where they are unknown; `alerts` the
    names of those that fire about it."""

    seen: Seen
    level: Level
    counts: Counts | None
    alerts: tuple[str, ...] = ()


def tiles(fleet: Fleet, live: Iterable[Live]) -> list[Tile]:
    """All instances of `fleet`, the worst first, among equals those with more abnormal tasks."""
    about: dict[InstanceKey, list[Live]] = {}
    for alert in live:
        if alert.instance:
            about.setdefault(alert.instance, []).append(alert)
    found = [_tile(seen, about, quiet=False) for seen in fleet.polled]
    found += [_tile(seen, about, quiet=True) for seen in fleet.quiet]
    return sorted(found, key=_worst_first)


def _tile(seen: Seen, about: Mapping[InstanceKey, list[Live]], *, quiet: bool) -> Tile:
    alerts, run = about.get(seen.instance.key), seen.run
    counts = run.common.plus(run.cdc) if run and run.common and run.cdc else None
    level = Level.STALE if quiet else _by_itself(run, counts)
    if alerts is None:
        return Tile(seen, level, counts)
    levels = [level_of(alert.severity) if alert.state.fires else Level.PENDING for alert in alerts]
    names = [alert.labels.get("alertname", alert.rule) for alert in alerts if alert.state.fires]
    return Tile(seen, min(*levels, level, key=_ORDER.__getitem__), counts, tuple(names))


def _by_itself(run: Run | None, counts: Counts | None) -> Level:
    if run is None:
        return Level.NEW
    if run.failure is not None:
        return Level.DOWN
    return Level.ABNORMAL if counts and counts.abnormal else Level.WELL


def _worst_first(tile: Tile) -> tuple[int, int, str, str, str]:
    one = tile.seen.instance
    return _ORDER[tile.level], -tile.counts.abnormal if tile.counts else 0, one.account, one.name, one.id
