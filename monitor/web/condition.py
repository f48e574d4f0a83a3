"""How the service itself stands: loops, nodes, heartbeat, policy, store, receivers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from monitor.store.census import NOBODY, Census, Peer
from monitor.store.outbox import Standing
from monitor.store.sizes import Size
from monitor.web.site import Site, Speech
from monitor.web.standing import Level
from monitor.web.words import Words
from monitor.web.words.telling import told

_MISSED = 3
"""So many heartbeats in a row may be missing before it is said."""


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop: when it came round last, and within what time it has to."""

    name: str
    beat: datetime
    within: timedelta
    late: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """One receiver: how many messages wait, were given up and arrived, and why it cannot be told, if it cannot."""

    name: str
    kinds: Sequence[str]
    waiting: int
    dead: int
    sent: int
    trouble: str

    @property
    def mark(self) -> str:
        if self.trouble:
            return "critical"
        return "waiting" if self.waiting else "well" if self.sent else "idle"


@dataclass(frozen=True, slots=True)
class Beat:
    """The heartbeat: how often it has to arrive, when it last did, and how many of its pings did and did not."""

    every: timedelta
    heard_at: datetime | None
    good: int
    failed: int
    late: bool


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node among those that share the database; `here` is the one that tells, `silent` one that is taken for dead
    unless it is heard of soon."""

    peer: Peer
    here: bool
    silent: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """All of it at the moment `at`. `begun` is whether the loops run at all, `degraded` whether the store takes no
    writes, and `held` how many changes wait in memory for that; `size` is None where it does not even answer."""

    at: datetime
    begun: bool
    loops: Sequence[Loop]
    speech: Speech
    desks: Sequence[Desk]
    degraded: bool
    held: int
    size: Size | None
    census: Census
    nodes: Sequence[NodeRow]
    beat: Beat | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole in one sentence, with what is wrong."""

    level: Level
    text: str
    notes: tuple[str, ...] = ()


def nodes(census: Census, here: str, lease: timedelta) -> list[NodeRow]:
    """The nodes as they stand, by name."""
    return [NodeRow(one, one.name == here, one.unheard > lease / 2) for one in census.peers]


def beat(every: timedelta | None, heard_at: datetime | None, good: int, failed: int, at: datetime) -> Beat | None:
    """The heartbeat at `at`; None where there is none."""
    if every is None:
        return None
    late = at - heard_at > every * _MISSED if heard_at else failed > 0
    return Beat(every, heard_at, good, failed, late)


def loops(known: Iterable[tuple[str, datetime, timedelta]], at: datetime) -> list[Loop]:
    """The loops, those that are late first."""
    found = [Loop(name, beat, within, at - beat > within) for name, beat, within in known]
    return sorted(found, key=lambda one: (not one.late, one.name))


def desks(speech: Speech, tally: Mapping[tuple[str, Standing], int], failing: Mapping[str, str]) -> list[Desk]:
    """All receivers of the policy and those that messages still wait for, the troubled ones first."""
    names = dict.fromkeys((*speech.receivers, *(name for name, _ in tally)))
    found = [
        Desk(
            name=name,
            kinds=speech.kinds.get(name, ()),
            waiting=tally.get((name, Standing.WAITING), 0),
            dead=tally.get((name, Standing.DEAD), 0),
            sent=tally.get((name, Standing.SENT), 0),
            trouble=failing.get(name, ""),
        )
        for name in names
    ]
    return sorted(found, key=lambda one: (not one.trouble, not one.waiting))


def of(
    site: Site,
    size: Size | None = None,
    tally: Mapping[tuple[str, Standing], int] = MappingProxyType({}),
    troubled: Mapping[str, str] = MappingProxyType({}),
    census: Census = NOBODY,
) -> Condition:
    """How the service of `site` stands, with what its store says; without that as far as the process knows it."""
    at, speech, meters = site.now(), site.speech(), site.meters
    good, failed = (int(meters.value("fdi_monitor_heartbeats_total", outcome=one)) for one in ("good", "failed"))
    return Condition(
        at=at,
        begun=site.pulse.begun,
        loops=loops(site.pulse.loops(), at),
        speech=speech,
        desks=desks(speech, tally, troubled),
        degraded=bool(meters.value("fdi_monitor_store_degraded")),
        held=int(meters.value("fdi_monitor_store_held")),
        size=size,
        census=census,
        nodes=nodes(census, site.node, site.lease),
        beat=beat(speech.heartbeat, meters.heard_when(), good, failed, at),
    )


def verdict(found: Condition, words: Words) -> Verdict:
    """What to read first."""
    late, notes = [one for one in found.loops if one.late], tuple(_notes(found, words))
    if not found.begun:
        return Verdict(Level.NEW, words("status.starting"), notes)
    if late:
        first = told(late[0].name, words.code)
        return Verdict(Level.CRITICAL, words("status.late", count=len(late), loop=first), notes)
    if notes:
        level = Level.CRITICAL if found.degraded or found.size is None else Level.WARNING
        return Verdict(level, words("status.limping"), notes)
    return Verdict(Level.WELL, words("status.well"))


def _notes(found: Condition, words: Words) -> Iterator[str]:
    if found.size is None:
        yield words("status.note_away")
    if found.degraded:
        yield words("status.note_degraded")
    if found.speech.faults:
        yield words("status.note_faults", count=len(found.speech.faults))
    if troubled := sum(bool(one.trouble) for one in found.desks):
        yield words("status.note_receivers", count=troubled)
    if silent := sum(one.silent for one in found.nodes):
        yield words("status.note_silent", count=silent)
    if found.census.free:
        yield words("status.note_free", count=len(found.census.free))
    if found.census.leaderless:
        yield words("status.note_leaderless")
    if found.beat and found.beat.late:
        yield words("status.note_heartbeat")
