"""Why an alert is not spoken of now, and when that may change: everything that keeps quiet, looked at together. Pure.

An alert has one reason at a time, the first of: silenced, in maintenance, inhibited, and for a step of escalation
acknowledged or not yet due. Flapping is told of once, so it stands beside these. A whole group is quiet while a window
mutes it.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.acknowledgement import Ack, Ended
from monitor.flapping import Flapping
from monitor.inhibition import Inhibit, Sources
from monitor.matchers import Matchers
from monitor.model import Alert, Labels, State
from monitor.routing import Step
from monitor.silences import Silence
from monitor.timewindows import Spell, Spells, Windows, spells


class Why(enum.StrEnum):
    """Why nothing is said of an alert."""

    SILENCED = "silenced"
    MAINTENANCE = "maintenance"
    INHIBITED = "inhibited"
    ACKNOWLEDGED = "acknowledged"
    NOT_YET = "not-yet"
    """A step of escalation whose time has not come."""
    FLAPPING = "flapping"
    MUTED = "muted"
    """A window in `mute` is open."""
    INACTIVE = "inactive"
    """None of the windows in `active` is open."""


@dataclass(frozen=True, slots=True)
class Hushed:
    """A reason with what it rests on: the id of a silence, the name of a window, the key of the alert that inhibits,
    the owner of an acknowledgement."""

    why: Why
    by: str = ""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Nothing is said of what matches while the window is open."""

    match: Matchers
    window: str


@dataclass(frozen=True, slots=True)
class Quieting:
    """What the policy says about keeping quiet. `flapping` is by rule; a rule that is not there never flaps."""

    windows: Windows = field(default_factory=dict)
    maintenance: tuple[Maintenance, ...] = ()
    inhibit: tuple[Inhibit, ...] = ()
    flapping: Mapping[str, Flapping] = field(default_factory=dict)


PLAIN = Quieting()
"""A policy that says nothing about it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known beside the policy. `silences` are those that are not over; `changes` are, by alert, the moments at
    which it began or ceased to fire lately."""

    silences: Sequence[Silence] = ()
    acks: Mapping[str, Ack] = field(default_factory=dict)
    changes: Mapping[str, Sequence[datetime]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """What keeps the alerts of one group quiet at a moment, by their keys.

    `muted` is about the whole group. `changes_at` is when any of it may change by time alone, None for never.
    """

    hushed: Mapping[str, Hushed] = field(default_factory=dict)
    muted: Hushed | None = None
    acknowledged: Mapping[str, Ack] = field(default_factory=dict)
    flapping: Collection[str] = frozenset()
    changes_at: datetime | None = None


NOTHING = Look()
"""Nothing keeps quiet."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Everything that keeps one alert quiet: ids of silences, keys of alerts, names of windows."""

    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.silenced_by or self.inhibited_by or self.muted_by)


@dataclass(frozen=True, slots=True)
class Watcher:
    """Looks at the alerts of groups, under one policy and with the sources of inhibition there are."""

    quieting: Quieting
    sources: Sources

    def look(
        self,
        alerts: Iterable[Alert],
        facts: Facts,
        at: datetime,
        *,
        mute: Sequence[str] = (),
        active: Sequence[str] = (),
        step: Step | None = None,
        flapped: Collection[str] = (),
    ) -> Look:
        """What keeps these alerts quiet at `at` in a group with these windows. `flapped` are those whose flapping was
        told of already."""
        alerts = list(alerts)
        windows = spells(self.quieting.windows, at)
        muted, changes_at = _muted(mute, active, windows)
        acks = {one.key: ack for one in alerts if (ack := _holding(facts.acks.get(one.key), one, at))}
        hushed: dict[str, Hushed] = {}
        flapping: set[str] = set()
        changes = [changes_at, *(ack.expires_at for ack in acks.values())]
        hushes = bool(facts.silences or self.quieting.maintenance or self.sources or step is not None)
        for one in alerts:
            flaps = self._flaps(one, facts, at, flapped)
            if flaps.open:
                flapping.add(one.key)
                changes.append(flaps.until)
            if not hushes or (one.state is State.RESOLVED and not flaps.open):
                continue
            reason, until = self._reason(one, facts, at, windows, acks.get(one.key), step)
            changes.append(until)
            if reason is not None:
                hushed[one.key] = reason
        return Look(hushed, muted, acks, frozenset(flapping), earliest(*changes))

    def suppressed(self, alert: Alert, silences: Iterable[Silence], windows: Spells, at: datetime) -> Suppressed:
        """Everything that keeps an alert quiet at `at` whatever its group, with the windows as they stand then."""
        labels = alert.all_labels
        hiding = (one for one in silences if one.matches(labels) and one.spell(at, windows).open)
        upkeep = (one.window for one in self.quieting.maintenance if one.match.match(labels))
        return Suppressed(
            tuple(one.id for one in hiding),
            tuple(self.sources.of(labels)),
            tuple(name for name in upkeep if name in windows and windows[name].open),
        )

    def _reason(
        self, alert: Alert, facts: Facts, at: datetime, windows: Spells, ack: Ack | None, step: Step | None
    ) -> tuple[Hushed | None, datetime | None]:
        """The first reason that holds, and when by time alone another one may."""
        labels = alert.all_labels
        found, until = _silenced(labels, facts.silences, at, windows)
        upkeep, ends = self._maintained(labels, windows)
        found, until = found or upkeep, earliest(until, ends)
        if found is None and (sources := self.sources.of(labels)):
            found = Hushed(Why.INHIBITED, sources[0])
        if found is None and step is not None:
            due = (alert.fired_at or alert.since) + step.after
            if at < due:
                found, until = Hushed(Why.NOT_YET), earliest(until, due)
            elif step.unless_acknowledged and ack is not None:
                found = Hushed(Why.ACKNOWLEDGED, ack.owner)
        return found, until

    def _maintained(self, labels: Labels, windows: Spells) -> tuple[Hushed | None, datetime | None]:
        about = [one.window for one in self.quieting.maintenance if one.window in windows and one.match.match(labels)]
        inside = next((name for name in about if windows[name].open), None)
        return Hushed(Why.MAINTENANCE, inside) if inside else None, earliest(*(windows[name].until for name in about))

    def _flaps(self, alert: Alert, facts: Facts, at: datetime, flapped: Collection[str]) -> Spell:
        limits, changes = self.quieting.flapping.get(alert.rule), facts.changes.get(alert.key, ())
        if limits is None or not changes:
            return Spell(False)
        return limits.spell(changes, at, flaps=alert.key in flapped)


def _holding(ack: Ack | None, alert: Alert, at: datetime) -> Ack | None:
    """The acknowledgement, if there is one that still holds. One for a past time of firing does not."""
    return ack if ack is not None and ack.ended(alert, at) is Ended.NOT else None


def _silenced(
    labels: Labels, silences: Iterable[Silence], at: datetime, windows: Spells
) -> tuple[Hushed | None, datetime | None]:
    about = [one for one in silences if one.matches(labels)]
    found = {one.id: one.spell(at, windows) for one in about}
    inside = next((name for name, spell in found.items() if spell.open), None)
    return Hushed(Why.SILENCED, inside) if inside else None, earliest(*(spell.until for spell in found.values()))


def _muted(mute: Iterable[str], active: Iterable[str], windows: Spells) -> tuple[Hushed | None, datetime | None]:
    """Whether these windows mute a group, and when that may change. One that there is no more neither mutes nor lets
    speak."""
    muting, letting = [name for name in mute if name in windows], [name for name in active if name in windows]
    changes_at = earliest(*(windows[name].until for name in (*muting, *letting)))
    closed = next((name for name in muting if windows[name].open), None)
    if closed is not None:
        return Hushed(Why.MUTED, closed), changes_at
    if letting and not any(windows[name].open for name in letting):
        return Hushed(Why.INACTIVE, ", ".join(letting)), changes_at
    return None, changes_at


def earliest(*moments: datetime | None) -> datetime | None:
    """The first of the moments that are known."""
    return min((moment for moment in moments if moment is not None), default=None)
