"""Begins drills and follows them: what the core decides of one, written to the outbox and looked up there."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.clock import Clock
from monitor.drill import KEEPING, RULE, WITHIN, Course, course, place, said
from monitor.routing import Route
from monitor.store import drills, outbox
from monitor.store.database import Store
from monitor.store.drills import Drill, Step
from monitor.store.outbox import Letter, Standing

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Terms:
    """What the policy says of whom to tell: the tree of routes, and the kinds under each receiver's name."""

    route: Route
    kinds: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a receiver got of a drill: the whole time from the sample to the last of its kinds where all of them took
    it in time, else why not. Both are empty while that is open."""

    took: timedelta | None = None
    reason: str = ""


async def begin(
    store: Store,
    terms: Terms,
    receivers: Sequence[str],
    *,
    now: Clock,
    within: timedelta = WITHIN,
    number: str = "",
    schedule: str = "",
) -> tuple[Drill, list[Letter]]:
    """A drill for these receivers, in the outbox, and its messages. It has to be delivered `within` this time.

    Raises:
        StoreFailed: nothing was begun, or there is a drill of that `number` already.
    """
    at, number = now(), number or str(uuid.uuid4())
    played = course(at)
    steps = [_step("rule", at, now(), f"{RULE.when}: the alert fires")]
    grouping_at = now()
    letters = [one for name in dict.fromkeys(receivers) for one in _letters(terms, name, played, at, number)]
    paths = dict.fromkeys(one.notification.group_key.partition("/drill=")[0] for one in letters)
    steps.append(_step("group", grouping_at, now(), ", ".join(paths)))
    begun = tuple(one.id for one in letters if one.notification.firing)
    drill = Drill(number, at, at + within, schedule, steps=tuple(steps), messages=begun)
    queueing_at = now()
    async with store.write() as tx:
        await drills.add(tx, drill)
        await outbox.add(tx, letters)
    queued = _step("outbox", queueing_at, now(), f"{len(begun)} message{'' if len(begun) == 1 else 's'}")
    drill = replace(drill, steps=(*drill.steps, queued))
    async with store.write() as tx:
        await drills.note(tx, drill)
    log.info("drill begun", id=number, receivers=list(dict.fromkeys(receivers)), scheduled=bool(schedule))
    return drill, letters


async def letters_of(tx: AsyncConnection, drill: Drill) -> list[Letter]:
    """What became of its messages so far; those of its end and what went to fallbacks left out."""
    found = await outbox.of_messages(tx, drill.messages)
    return [one for one in found if one.id in drill.messages]


def arrivals(drill: Drill, letters: Iterable[Letter], at: datetime) -> dict[str, Arrival]:
    """How it stands at `at`, by receiver."""
    by_receiver: dict[str, list[Letter]] = {}
    for one in letters:
        by_receiver.setdefault(one.receiver, []).append(one)
    return {name: _arrival(drill, mine, at) for name, mine in by_receiver.items()}


def _arrival(drill: Drill, letters: Sequence[Letter], at: datetime) -> Arrival:
    settled = [one.settled_at for one in letters if one.state is Standing.SENT and one.settled_at]
    failed = next((one for one in letters if one.state is Standing.DEAD), None)
    if failed is not None:
        return Arrival(reason=f"{failed.kind}: {failed.reason or failed.verdict}")
    if len(settled) == len(letters) and max(settled) <= drill.late_at:
        return Arrival(took=max(settled) - drill.at)
    if at <= drill.late_at:
        return Arrival()
    late = next((one for one in letters if one.state is not Standing.SENT), letters[0])
    limit = (drill.late_at - drill.at).total_seconds()
    return Arrival(reason=f"{late.kind}: not there within {limit:g} s" + (f" ({late.reason})" if late.reason else ""))


def _letters(terms: Terms, receiver: str, played: Course, at: datetime, number: str) -> list[Letter]:
    """One letter for each kind under the receiver's name, and one more where the drill would be kept open."""
    route = place(terms.route, receiver, number)
    found = []
    for position, kind in enumerate(terms.kinds[receiver]):
        fires, over = said(route, played, at, lambda: str(uuid.uuid4()))
        found.append(outbox.letter(fires, kind=kind, position=position, at=at))
        if kind in KEEPING:
            found.append(outbox.letter(over, kind=kind, position=position, at=at))
    return found


def _step(name: str, begun: datetime, done: datetime, verdict: str) -> Step:
    return Step(name, round((done - begun).total_seconds(), 6), verdict)
