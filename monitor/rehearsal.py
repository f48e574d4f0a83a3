"""The service drills by itself: when its schedule says so, once however long it was down, and judges every drill."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from monitor import undelivered
from monitor.book import Book
from monitor.clock import Clock
from monitor.drill import Schedule
from monitor.drilling import Arrival, Terms, arrivals, begin, letters_of
from monitor.meters import Meters, Pulse
from monitor.quieting import earliest
from monitor.rounds import Rounds
from monitor.store import drills
from monitor.store.database import Store
from monitor.store.drills import Drill, State

MOST = 100
"""Drills that are looked at together."""
MISSED = timedelta(minutes=1)
"""One that begins so much later than its schedule says is told in the log."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Plan:
    """What the policy in force says of drills."""

    terms: Terms
    schedule: Schedule | None = None


class Rehearsal:
    """Begins what is due and ends what has arrived or is late. `plan` gives what the policy in force says."""

    def __init__(
        self,
        store: Store,
        book: Book,
        plan: Callable[[], Plan],
        *,
        now: Clock,
        meters: Meters,
        pulse: Pulse,
        queued: Callable[[], None],
    ) -> None:
        self._store = store
        self._book = book
        self._plan = plan
        self._now = now
        self._meters = meters
        self._queued = queued
        self._rounds = Rounds("rehearsal", now=now, pulse=pulse)
        self._remembered = False

    def wake(self) -> None:
        """A message was settled, or a drill begun."""
        self._rounds.wake()

    async def run(self) -> None:
        """Looks until cancelled."""
        await self._rounds.run(self.step)

    async def step(self, at: datetime) -> datetime | None:
        """One look. Returns when the next is due, None while nothing waits for its time.

        Raises:
            StoreFailed: what was not written comes again with the next.
        """
        if not self._remembered:
            await self._remember(at)
        plan = self._plan()
        due = await self._due(plan.schedule, at)
        if plan.schedule is not None and due is not None and due <= at:
            await self._begin(plan.terms, plan.schedule, due, at)
            due = plan.schedule.after(at)
        return earliest(due, await self._judge(plan, at))

    async def _due(self, schedule: Schedule | None, at: datetime) -> datetime | None:
        """When the next drill is due; a schedule that is new counts from now on."""
        if schedule is None:
            return None
        async with self._store.read() as tx:
            since = await drills.latest(tx, schedule.name)
        if since is None:
            async with self._store.write() as tx:
                await drills.add(tx, Drill(str(uuid.uuid4()), at, at, schedule.name, State.ARMED))
        return schedule.after(at if since is None else since)

    async def _begin(self, terms: Terms, schedule: Schedule, due: datetime, at: datetime) -> None:
        """One drill, whatever number of them is due."""
        if at - due > MISSED:
            log.warning("a drill that was due begins only now", late=str(at - due))
        # Made from when it was due, so that no second process begins it too.
        number = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{schedule.name} {due}"))
        receivers = [name for name in schedule.receivers or terms.kinds if name in terms.kinds]
        await begin(
            self._store,
            terms,
            receivers,
            now=self._now,
            within=schedule.within,
            number=number,
            schedule=schedule.name,
        )
        self._queued()

    async def _judge(self, plan: Plan, at: datetime) -> datetime | None:
        """Ends the drills that have arrived or are late; when the next of the others is late."""
        later = None
        async with self._store.read() as tx:
            open_ones = [(one, await letters_of(tx, one)) for one in await drills.recent(tx, [State.OPEN], most=MOST)]
        for drill, letters in reversed(open_ones):
            found = arrivals(drill, letters, at)
            if at <= drill.late_at and any(not one.reason and one.took is None for one in found.values()):
                later = earliest(later, drill.late_at + timedelta(microseconds=1))
                continue
            await self._alert(plan, drill, found, at)
            async with self._store.write() as tx:
                await drills.note(tx, replace(drill, state=State.DONE))
            self._count(drill, found)
        return later

    async def _alert(self, plan: Plan, drill: Drill, found: Mapping[str, Arrival], at: datetime) -> None:
        """Raises the alert about who did not get a drill of the schedule; any drill that arrives ends it."""
        failed = {name: one.reason for name, one in found.items() if one.reason and drill.schedule}
        gone = {
            one.labels["receiver"]
            for one in self._book.general.values()
            if one.rule == undelivered.DRILL and one.labels["receiver"] not in plan.terms.kinds
        }
        heard = gone | {name for name, one in found.items() if one.took is not None}
        changes = undelivered.rehearsed(self._book.general, failed, heard=heard, at=at)
        if changes:
            await self._book.record([(None, change) for change in changes])

    def _count(self, drill: Drill, found: Mapping[str, Arrival]) -> None:
        for name, one in found.items():
            self._meters.drills.labels(name, "failed" if one.took is None else "good").inc()
        self._show(drill, found)
        missing = {name: one.reason for name, one in found.items() if one.took is None}
        tell = log.error if missing else log.info
        tell("drill failed" if missing else "drill arrived", id=drill.id, **({"missing": missing} if missing else {}))

    def _show(self, drill: Drill, found: Mapping[str, Arrival]) -> None:
        for name, one in found.items():
            if one.took is not None:
                self._meters.drilled_at.labels(name).set((drill.at + one.took).timestamp())
                self._meters.drill_seconds.labels(name).set(one.took.total_seconds())

    async def _remember(self, at: datetime) -> None:
        """Shows the last success of each receiver, of earlier processes as well."""
        async with self._store.read() as tx:
            known = await drills.recent(tx, [State.DONE], most=MOST)
            for drill in reversed(known):
                self._show(drill, arrivals(drill, await letters_of(tx, drill), at))
        self._remembered = True
