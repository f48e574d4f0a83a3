"""What this node holds among those that share the database: takes the accounts that are its, leaves others.

Its beats are independent of the work, so nothing that takes long costs a lease.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol

import structlog

from monitor.errors import StoreFailed
from monitor.membership import Membership
from monitor.sharing import LEAD, decide
from monitor.store import nodes
from monitor.store.database import Store
from monitor.store.nodes import Lease, Taken
from monitor.tenure import Tenure

log = structlog.get_logger()


class Crew(Protocol):
    """Those who do the work: `take` goes on with an account or the lead, `leave` stops with all written down and says
    what was spent of the quota, `lose` stops at once, `settle` ends what the policy has no more. All raise StoreFailed.
    """

    async def take(self, taken: Taken) -> None: ...

    async def leave(self, account: str) -> list[float] | None: ...

    async def lose(self, account: str) -> None: ...

    async def settle(self) -> None: ...


class Node:
    """One node. `accounts` are those of its policy, `together` those that have to be where the lead is."""

    def __init__(
        self,
        store: Store,
        tenure: Tenure,
        membership: Membership,
        crew: Crew,
        *,
        accounts: Callable[[], Collection[str]],
        together: Callable[[], Collection[str]],
    ) -> None:
        self._store = store
        self._tenure = tenure
        self._membership = membership
        self._crew = crew
        self._accounts = accounts
        self._together = together
        self._woken = asyncio.Event()
        self._owed: dict[str, Taken] = {}
        self._begun: set[str] = set()

    def wake(self) -> None:
        """Somebody came, went or left something: look at once."""
        self._woken.set()

    async def run(self) -> None:
        """Takes part until cancelled; then leaves everything to others."""
        async with asyncio.TaskGroup() as tasks:
            beats = tasks.create_task(self._membership.run(self.wake), name="beats")
            try:
                await self._share()
            finally:
                beats.cancel()
                await self._part()

    async def _share(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self._look()
            except StoreFailed as error:
                # Told by the beats. What is held stays as it is: it ends with the lease.
                log.debug("nobody knows who holds what", reason=str(error))
            try:
                async with asyncio.timeout(self._membership.every):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        for account in sorted(self._begun - self._tenure.epochs.keys()):
            await self._lose(account)
        me, accounts = self._tenure.id, self._accounts()
        if not me:
            return
        async with self._store.quick() as tx:
            for other in await nodes.bury(tx) if self._membership.has_watched() else ():
                log.warning("a node is gone", node=other)
            await nodes.provide(tx, {LEAD, *accounts})
            members, leases = await nodes.members(tx), await nodes.leases(tx)
        if me != self._tenure.id:
            return
        self._membership.alone = [one.id for one in members] == [me]
        for one in leases:
            self._tenure.saw(one.account, one.stray)
        await self._agree(me, leases)
        holders = {one.account: one.holder for one in leases}
        moves = decide(me, members, holders, together=self._together())
        wanted = {LEAD, *accounts}.union(*(one.accounts for one in members))
        for account in sorted(moves.leave, key=LEAD.__eq__):
            if account in self._tenure.epochs:
                await self._leave(account, drop=False)
        await self._take(me, moves.take)
        for account in [one for one in self._tenure.epochs if one not in wanted and one in self._begun]:
            await self._leave(account, drop=True)

    async def _agree(self, me: str, leases: Collection[Lease]) -> None:
        """Believes the rows: what another has is lost, and what nobody here knows of is free for the next look."""
        rows = {one.account: one.epoch for one in leases if one.holder == me}
        for account, epoch in list(self._tenure.epochs.items()):
            if rows.get(account) != epoch:
                self._tenure.epochs.pop(account, None)  # the beats may have found out as well
                await self._lose(account)
        unknown = {account: epoch for account, epoch in rows.items() if account not in self._tenure.epochs}
        if unknown:
            async with self._store.quick() as tx:
                for account, epoch in unknown.items():
                    await nodes.release(tx, account, me, epoch, None)
            self.wake()

    async def _take(self, me: str, accounts: Collection[str]) -> None:
        if accounts:
            async with self._store.quick() as tx:
                taken = await nodes.take(tx, accounts, me)
            if me != self._tenure.id:
                return
            for one in taken:
                self._tenure.saw(one.account, one.stray)
            self._tenure.epochs |= {one.account: one.epoch for one in taken}
            self._owed |= {one.account: one for one in taken}
        if not self._owed:
            return
        for account, one in sorted(self._owed.items(), key=lambda each: each[0] == LEAD):
            if self._tenure.epochs.get(account) == one.epoch:
                self._begun.add(account)
                await self._crew.take(one)
                log.info("taken", lease=account or "lead", epoch=one.epoch)
            del self._owed[account]
        await self._crew.settle()

    async def _leave(self, account: str, *, drop: bool) -> None:
        epoch, me = self._tenure.epochs[account], self._tenure.id
        spent = await self._crew.leave(account)
        self._begun.discard(account)
        self._tenure.epochs.pop(account, None)
        async with self._store.quick() as tx:
            if drop:
                await nodes.drop(tx, account, me, epoch)
            else:
                await nodes.release(tx, account, me, epoch, spent)
            await nodes.tell(tx)
        log.info("left", lease=account or "lead", epoch=epoch)

    async def _lose(self, account: str) -> None:
        log.warning("lost", lease=account or "lead")
        self._begun.discard(account)
        self._owed.pop(account, None)
        await self._crew.lose(account)

    async def _part(self) -> None:
        try:
            await self._membership.leave()
            for account in [*sorted(self._tenure.epochs.keys() - {LEAD}), LEAD]:
                if account in self._tenure.epochs:
                    await self._leave(account, drop=False)
        except StoreFailed as error:
            log.warning("what this node held is free only when its lease ends", reason=str(error))
