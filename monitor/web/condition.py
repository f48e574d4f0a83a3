"""How the service itself stands: loops, policy, store, receivers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.store.outbox import Standing
from monitor.web.site import Speech
from monitor.web.standing import Level
from monitor.web.words import Words
from monitor.web.words.telling import told


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
class Verdict:
    """The whole in one sentence, with what is wrong."""

    level: Level
    text: str
    notes: tuple[str, ...] = ()


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


def verdict(
    found: Sequence[Loop], speech: Speech, desks: Sequence[Desk], words: Words, *, degraded: bool, begun: bool
) -> Verdict:
    """What to read first."""
    late = [one for one in found if one.late]
    troubled = [one for one in desks if one.trouble]
    notes = []
    if degraded:
        notes.append(words("status.note_degraded"))
    if speech.faults:
        notes.append(words("status.note_faults", count=len(speech.faults)))
    if troubled:
        notes.append(words("status.note_receivers", count=len(troubled)))
    if not begun:
        return Verdict(Level.NEW, words("status.starting"), tuple(notes))
    if late:
        return Verdict(
            Level.CRITICAL, words("status.late", count=len(late), loop=told(late[0].name, words.code)), tuple(notes)
        )
    if notes:
        return Verdict(Level.CRITICAL if degraded else Level.WARNING, words("status.limping"), tuple(notes))
    return Verdict(Level.WELL, words("status.well"))
