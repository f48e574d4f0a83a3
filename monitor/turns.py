"""Whose turn it is to serve a destination: one node's at a time, so that order, budgets and digests stay exact.

The claim is a row that is taken with SKIP LOCKED. It ends with its holder: who is buried serves nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.errors import StoreFailed
from monitor.standin import Destination
from monitor.store import nodes, outbox
from monitor.store.database import Store
from monitor.store.outbox import Letter
from monitor.tenure import Tenure

LOOK_AGAIN = timedelta(seconds=1)
"""How soon a destination that another node serves is asked for again."""


class Turns:
    """The turns of one courier. Without a `tenure` there is no other one, and every turn is its own."""

    def __init__(self, store: Store, tenure: Tenure | None) -> None:
        self._store = store
        self._tenure = tenure

    async def begin(self, destination: Destination, at: datetime) -> datetime | None:
        """Takes the destination; when to ask again where it is not to be had, None once it is ours.

        Raises:
            StoreFailed: nobody knows whose turn it is.
        """
        if self._tenure is None:
            return None
        if not self._tenure.alive:
            return at + LOOK_AGAIN
        async with self._store.quick() as tx:
            ours, rests_until = await nodes.claimed(tx, *destination, self._tenure.id)
            if ours and rests_until is not None and rests_until > at:
                await nodes.served(tx, *destination, self._tenure.id, rests_until)
                return rests_until
        return None if ours else at + LOOK_AGAIN

    async def end(self, destination: Destination, rests_until: datetime | None) -> None:
        """Gives it back. `rests_until`: nobody shall send before. A claim that cannot be given back is taken again, or
        ends with this node.

        Raises:
            StoreFailed: it could not.
        """
        if self._tenure is not None:
            async with self._store.quick() as tx:
                await nodes.served(tx, *destination, self._tenure.id, rests_until)

    async def fresh(self, letters: Sequence[Letter]) -> list[Letter]:
        """The letters as they are now that the turn is ours: others may have settled some meanwhile."""
        if self._tenure is None or not letters:
            return list(letters)
        async with self._store.read() as tx:
            known = await outbox.standing(tx, [one.id for one in letters])
        return [known[one.id] for one in letters if one.id in known and known[one.id].state is one.state]

    def check(self) -> None:
        """To be asked right before anything is sent.

        Raises:
            StoreFailed: another node may serve the destination by now.
        """
        if self._tenure is not None and not self._tenure.alive:
            raise StoreFailed("this node has not reached the database for longer than its lease")

    async def fence(self, tx: AsyncConnection, destination: Destination) -> None:
        """To be asked in the transaction that writes what became of a message.

        Raises:
            StoreFailed: another node serves the destination.
        """
        if self._tenure is not None and not await nodes.serves(tx, *destination, self._tenure.id):
            raise StoreFailed("another node serves this destination now")
