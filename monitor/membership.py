"""That this node lives, said to the others that share the database: four times a lease, whatever else it does.

Who is not heard of for a lease is buried by another, and comes back as a new node that has nothing.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection

import structlog

from monitor.clock import Clock
from monitor.errors import StoreFailed
from monitor.meters import Pulse
from monitor.store import nodes
from monitor.store.database import Store
from monitor.store.footprint import Footprint
from monitor.tenure import Tenure

BEATS = 4  # in a lease
log = structlog.get_logger()


class Membership:
    """One node's place among the others. `accounts` are those that it wants to poll, `beyond` those that it cannot
    reach. `alone`: nobody else is there who could take anything, so while the database is away the node goes on."""

    def __init__(
        self,
        store: Store,
        tenure: Tenure,
        *,
        name: str,
        address: str,
        version: str,
        accounts: Callable[[], Collection[str]],
        beyond: Callable[[], Collection[str]],
        now: Clock,
        pulse: Pulse,
        footprint: Footprint,
    ) -> None:
        """`footprint`: what this node was called before, and is not any more."""
        self.alone = True
        self.every = tenure.length.total_seconds() / BEATS
        self._store = store
        self._tenure = tenure
        self._name, self._address, self._version = name, address, version
        self._accounts, self._beyond = accounts, beyond
        self._now = now
        self._pulse = pulse
        self._footprint = footprint
        self._was = footprint.before
        self._contact: float | None = None
        self._failing = False

    def has_watched(self) -> bool:
        """Whether this node can tell who is gone: for a whole lease it could have seen every sign of life. When the
        database comes back all have been silent."""
        now, contact = asyncio.get_running_loop().time(), self._contact
        return contact is not None and now - contact >= self._tenure.length.total_seconds()

    async def run(self, moved: Callable[[], None]) -> None:
        """Beats until cancelled. `moved` is called when the node has joined, or was buried."""
        self._pulse.expect("node", within=max(self._tenure.length * 3, self._tenure.length.resolution), at=self._now())
        while True:
            self._pulse.beat("node", self._now())
            asked_at = asyncio.get_running_loop().time()
            try:
                await self._beat(asked_at, moved)
            except StoreFailed as error:
                if not self._failing:
                    log.error("this node cannot say that it lives", reason=str(error))
                self._failing, self._contact = True, None
                if self.alone:
                    self._tenure.renewed(asked_at)
            else:
                if self._failing:
                    log.info("this node can say again that it lives")
                self._failing = False
                self._contact = asked_at if self._contact is None else self._contact
            await asyncio.sleep(self.every)

    async def _beat(self, asked_at: float, moved: Callable[[], None]) -> None:
        if self._tenure.id:
            async with self._store.quick() as tx:
                known = await nodes.beat(tx, self.itself(self._tenure.id), self._tenure.length)
            if known:
                self._tenure.renewed(asked_at)
                return
            log.warning("this node was not heard of for too long, others have its work", node=self._tenure.id)
            self._was = self._tenure.id
            # From here on nothing is sent in that name, not even from memory.
            self._tenure.over()
            moved()
        me = f"{self._name}-{secrets.token_hex(3)}"
        async with self._store.quick() as tx:
            await nodes.join(tx, self.itself(me), self._tenure.length, before=self._was)
            await nodes.tell(tx)
        self._footprint.leave(me)
        self._tenure.id = me
        self._tenure.renewed(asked_at)
        log.info("this node takes part", node=me)
        moved()

    async def leave(self) -> None:
        """Takes nothing more. Raises StoreFailed."""
        async with self._store.quick() as tx:
            await nodes.beat(tx, self.itself(self._tenure.id), self._tenure.length, leaving=True)

    async def depart(self) -> None:
        """The process ends: nothing is done in its name any more."""
        try:
            async with self._store.quick() as tx:
                await nodes.depart(tx, self._tenure.id)
        except StoreFailed as error:
            log.warning("the other nodes could not be told of the end", reason=str(error))
        finally:
            self._footprint.close()

    def itself(self, name: str) -> nodes.Node:
        """What this node says of itself."""
        return nodes.Node(name, self._name, self._address, self._version, self._accounts(), self._beyond())
