"""Outbox row -> notifier -> settled, again later, or given up.

Destinations are independent: each is served by a task of its own, so a dead one delays nobody else, and the messages
of one group reach one destination in their order. A try is written down after it was made: a crash in between repeats
the message with the same id, and never loses it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo

import structlog

from monitor.carriage import Carriage
from monitor.clock import Clock
from monitor.errors import StoreFailed
from monitor.meters import Meters, Pulse
from monitor.model import Severity
from monitor.notifiers import Outcome, Verdict
from monitor.postage import Postage
from monitor.rounds import Rounds
from monitor.settling import settle
from monitor.standin import Carrier, Destination, hand_over, overdue, take_back
from monitor.store import living, outbox
from monitor.store.database import Store
from monitor.store.living import Living
from monitor.store.outbox import Letter, Standing
from monitor.tenure import Tenure
from monitor.turns import Turns

FAREWELL = timedelta(seconds=5)
"""How long a stop waits for tries that are under way."""

LONGEST_REST = timedelta(seconds=30)
"""How long one message that fails may hold up the others of its destination, unless that asked for more."""

SAID_AGAIN = timedelta(seconds=15)
"""How soon a repetition that failed is tried once more."""

log = structlog.get_logger()


class Courier:
    """Carries messages out, to the destinations that the policy names."""

    def __init__(
        self,
        store: Store,
        carriers: Mapping[Destination, Carrier],
        *,
        now: Clock,
        zone: tzinfo,
        public_url: str,
        meters: Meters,
        pulse: Pulse,
        settled: Callable[[], None],
        key: bytes = b"",
        tenure: Tenure | None = None,
    ) -> None:
        """`key` signs the links in messages, where `public_url` leads to them. `tenure`: where several nodes deliver
        from one outbox, each destination has its turns."""
        self._turns = Turns(store, tenure)
        self.carriage = Carriage(carriers, zone, public_url, key, past=store)
        self._store = store
        self._now = now
        self._meters = meters
        self._settled = settled
        self._rounds = Rounds("courier", now=now, pulse=pulse)
        self._busy: dict[Destination, asyncio.Task[None]] = {}
        self._rest: dict[Destination, datetime] = {}
        self._unwritten: dict[str, tuple[Verdict, int]] = {}
        """What became of messages while the store took no writes: they are not sent again for that."""
        self._paced: dict[Destination, datetime] = {}
        self._postage = Postage(store, shared=tenure is not None)

    def adopt(self, carriers: Mapping[Destination, Carrier]) -> None:
        """Reaches destinations this way from now on. What waits for one that is gone is given up at once."""
        self.carriage.carriers = carriers
        self.wake()

    def wake(self) -> None:
        """A message was queued: look at once."""
        self._rounds.wake()

    async def run(self) -> None:
        """Passes until cancelled: when woken, and when the next message is due."""
        async with asyncio.TaskGroup() as tasks:
            try:
                await self._rounds.run(lambda at: self.step(at, tasks))
            finally:
                # What is on its way may arrive: cut off, it would be sent a second time after the next start.
                if self._busy:
                    await asyncio.wait(self._busy.values(), timeout=FAREWELL.total_seconds())

    async def step(self, at: datetime, tasks: asyncio.TaskGroup) -> datetime | None:
        """One pass: gives every idle destination its due messages.

        Returns when the next message is due, None while none waits for its time.

        Raises:
            StoreFailed: nothing was tried.
        """
        # Taken before the read: a destination that gets done meanwhile has settled letters that the read still shows.
        busy, known = set(self._busy), self.carriage.carriers.keys()
        async with self._store.read() as tx:
            resting, paced = ({*_still(rest, at)} & known for rest in (self._rest, self._paced))
            waiting = await outbox.waiting(tx, resting=resting, paced=paced)
            again = await living.due(tx, at)
            next_again = await living.next_again(tx)
            late = await overdue(tx, self.carriage.carriers, at)
        self._postage.see(waiting)
        if late:
            async with self._store.write() as tx:
                await hand_over(tx, late, self.carriage.carriers, at)
            self.wake()
        letters: dict[Destination, list[Letter]] = {}
        later: list[datetime] = [next_again] if next_again is not None and next_again > at else []
        later += [*_still(self._rest, at).values(), *_still(self._paced, at).values()]
        for letter in (*waiting, *again):
            destination = (letter.receiver, letter.position)
            next_at = at if letter.state is Standing.SENT else letter.next_at
            ready_at = max(next_at, self._rest.get(destination, next_at))
            if self.carriage.of(letter) is None:
                ready_at = at
            if destination in busy:
                continue
            if ready_at > at:
                later.append(ready_at)
            else:
                letters.setdefault(destination, []).append(letter)
        for destination, due in letters.items():
            # A message that keeps failing comes last, so that it cannot starve the others.
            due.sort(key=lambda letter: letter.attempts)
            task = tasks.create_task(self._serve(destination, due), name=f"courier to {destination[0]}")
            self._busy[destination] = task
        return min(later, default=None)

    async def _serve(self, destination: Destination, letters: list[Letter]) -> None:
        """Tries the due messages of one destination, one after the other; the first that must wait stops the rest."""
        self._rest.pop(destination, None)
        try:
            if (later := await self._turns.begin(destination, self._now())) is not None:
                self._rest[destination] = later
                return
            letters = await self._turns.fresh(letters)
            again = [one for one in letters if one.state is Standing.SENT]
            fresh = [one for one in letters if one.state is not Standing.SENT]
            arrived = [one for one in fresh if one.id in self._unwritten]
            ready = await self._sorted(destination, [one for one in fresh if one not in arrived])
            for letter in (*arrived, *ready, *again):
                async with self._store.read() as tx:
                    known = await living.find(tx, letter)
                if letter.state is Standing.SENT:
                    await self._say_again(letter, known)
                    continue
                verdict, settled = await self._deliver(letter, edits=known.ref if known else "")
                self._tell(letter, settled)
                if settled.state is Standing.WAITING:
                    throttled = verdict.outcome is Outcome.THROTTLED
                    longest = self._now() + LONGEST_REST
                    self._rest[destination] = settled.next_at if throttled else min(settled.next_at, longest)
                    break
            await self._turns.end(destination, self._rest.get(destination))
        except StoreFailed as error:
            log.error("what became of a message could not be written down yet", reason=str(error))
            self._rest[destination] = self._now() + LONGEST_REST
        finally:
            del self._busy[destination]
            self.wake()
            self._settled()

    async def _sorted(self, destination: Destination, letters: list[Letter]) -> list[Letter]:
        """What of these letters goes out now; the others wait until the limits of the destination allow them."""
        if not letters:
            return []
        ready, later = await self._postage.sort(destination, letters, self._now())
        if later is not None:
            # What is kept for criticals is there for the next one.
            going = {one.notification.group_key for one in ready}
            critical = (one for one in letters if one.notification.severity is Severity.CRITICAL)
            full = any(one.notification.group_key not in going for one in critical)
            (self._rest if full else self._paced)[destination] = later
        return ready

    async def _deliver(self, letter: Letter, *, edits: str) -> tuple[Verdict, Letter]:
        """One try, written down; what was made before and could not be is only written down.

        Raises:
            StoreFailed: it is not written down.
        """
        if letter.id not in self._unwritten:
            # A change of a living message is told in a reply as well.
            messages = 2 if edits else 1
            self._turns.check()
            await self._postage.spend(letter, self._now(), messages)
            self._unwritten[letter.id] = await self.carriage.deliver(letter, edits=edits), messages
        verdict, messages = self._unwritten[letter.id]
        at = self._now()
        settled = settle(letter, verdict, at=at, draw=random.random())
        async with self._store.write() as tx:
            await self._turns.fence(tx, (letter.receiver, letter.position))
            await outbox.settle(tx, settled)
            await self._postage.arrived(tx, letter, at, messages)
            if settled.state is Standing.DEAD:
                await hand_over(tx, [settled], self.carriage.carriers, at)
            if settled.state is Standing.SENT:
                await take_back(tx, settled, self.carriage.carriers, at)
                await living.keep(tx, letter, ref=verdict.ref, again_at=at + verdict.again if verdict.again else None)
        del self._unwritten[letter.id]
        return verdict, settled

    async def _say_again(self, letter: Letter, known: Living | None) -> None:
        """Repeats what was delivered, to a receiver that forgets. A try that fails is made again soon."""
        if known is None or known.letter != letter.id:
            return
        self._turns.check()
        verdict = await self.carriage.deliver(letter, edits=known.ref)
        wait = verdict.again or max(verdict.wait or SAID_AGAIN, SAID_AGAIN)
        gone = verdict.outcome is Outcome.REFUSED
        async with self._store.write() as tx:
            await living.keep(tx, letter, ref=known.ref, again_at=None if gone else self._now() + wait)
        self._meters.deliveries.labels(letter.receiver, letter.kind, f"again-{verdict.outcome}").inc()
        if gone:
            log.error("message is not said again", receiver=letter.receiver, kind=letter.kind, reason=verdict.reason)

    def _tell(self, before: Letter, after: Letter) -> None:
        """Counts the try; says what changed: a delivery, the first failure, the end of trying."""
        self._meters.deliveries.labels(after.receiver, after.kind, after.verdict).inc()
        words = {"receiver": after.receiver, "kind": after.kind, "id": after.id, "attempts": after.attempts}
        if after.state is Standing.SENT:
            took = (self._now() - before.notification.at).total_seconds()
            self._meters.delivered.labels(after.receiver, after.kind).observe(took)
            log.info("message delivered", **words)
        elif after.state is Standing.DEAD:
            log.error("message given up", verdict=after.verdict, reason=after.reason, **words)
        elif before.reason != after.reason:
            log.warning("message not delivered yet", verdict=after.verdict, reason=after.reason, **words)


def _still(rest: Mapping[Destination, datetime], at: datetime) -> dict[Destination, datetime]:
    """The destinations that rest at `at`, and until when."""
    return {destination: until for destination, until in rest.items() if until > at}
