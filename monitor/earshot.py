"""Who cannot be told, as the outbox shows: raises and ends the alert `delivery-failing`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from monitor import undelivered
from monitor.book import Book
from monitor.clock import Clock
from monitor.meters import Pulse
from monitor.rounds import Rounds
from monitor.standin import PATIENCE
from monitor.store import failing
from monitor.store.database import Store


class Earshot:
    """Looks after every message that was settled, and by time. `receivers` names those of the policy in force."""

    def __init__(
        self, store: Store, book: Book, receivers: Callable[[], Collection[str]], *, now: Clock, pulse: Pulse
    ) -> None:
        self._store = store
        self._book = book
        self._receivers = receivers
        self._rounds = Rounds("earshot", now=now, pulse=pulse)

    def wake(self) -> None:
        """A message was settled."""
        self._rounds.wake()

    async def run(self) -> None:
        """Looks until cancelled."""
        await self._rounds.run(self.step)

    async def step(self, at: datetime) -> datetime | None:
        """One look. It comes again by itself, for messages get late by time alone.

        Raises:
            StoreFailed: nothing was looked at, or what it shows was not recorded.
        """
        async with self._store.read() as tx:
            found = await failing.receivers(tx, late=at - PATIENCE)
        there = self._receivers()
        unheard = {receiver: reason for receiver, reason in found.items() if receiver in there}
        changes = undelivered.judged(self._book.general, unheard, at=at)
        if changes:
            await self._book.record([(None, change) for change in changes])
        return None
