"""What this node may do among those that share a database: nothing once it is not known to be alive, but poll a little.

How long it may is counted from before it asked, by a clock that goes on while the process is frozen: so it stops
before anybody else begins. What it writes is checked in the same transaction, by the rows of the leases themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.errors import StoreFailed
from monitor.sharing import FROM_MEMORY, LEAD, share_from_memory
from monitor.store import nodes

Fence = Callable[[AsyncConnection, Collection[str]], Awaitable[Collection[str]]]
"""Says in a transaction, where several nodes share the accounts, which of them this node may write about."""

MARGIN = 0.9
"""The share of a lease that is used: clocks do not run quite alike, and what was sent has to arrive."""

ARRIVED = 2
"""Windows after which what a node sent last has left every window that matters, however slowly it arrived."""


class Tenure:
    """The leases of this node: `epochs` by account, under its present `id`, which is empty while it has none."""

    def __init__(self, length: timedelta, *, missed: Callable[[], None] = lambda: None) -> None:
        """`missed` is called when a write shows that a lease is gone."""
        self.id = ""
        self.length = length
        self.epochs: dict[str, int] = {}
        self._until = float("-inf")
        self._strays: dict[str, float] = {}
        self._accompanied: set[str] = set()
        self.missed = missed

    def renewed(self, asked_at: float) -> None:
        """The database knows that the node is alive; it was asked at `asked_at` by the loop's clock."""
        self._until = asked_at + self.length.total_seconds() * MARGIN

    def over(self) -> None:
        """The node was buried: it has nothing any more."""
        self.id, self.epochs, self._until = "", {}, float("-inf")

    def saw(self, account: str, stray: float | None) -> None:
        """For how many more seconds a node that held the account before may poll it from memory, by the rows that were
        read just now; negative: that ended so long ago. None: there was none."""
        self._accompanied.discard(account)
        if stray is None:
            self._strays.pop(account, None)
            return
        self._strays[account] = asyncio.get_running_loop().time() + stray
        if stray > 0:
            self._accompanied.add(account)

    def patience(self) -> timedelta:
        """How long to leave it to the lead to say what all nodes see; it may be the lead that is gone."""
        return timedelta() if LEAD in self.epochs else 2 * self.length

    @property
    def alive(self) -> bool:
        """Whether nobody else can have what this node holds."""
        return bool(self.id) and asyncio.get_running_loop().time() < self._until

    def allowance(self, account: str, requests: int, window: float) -> int:
        """How many of the `requests` that the account's quota allows in any `window` of so many seconds this node may
        send now.

        All, while nobody else can have the account; without what one may send that held it before and was cut off. Cut
        off itself it may send that little, as long as the next holder reckons with it: who was left room for another
        may not, so there is never more than one.
        """
        if account not in self.epochs:
            return 0
        now, spared = asyncio.get_running_loop().time(), share_from_memory(requests)
        if self.alive:
            return requests - spared * (now < self._strays.get(account, float("-inf")) + ARRIVED * window)
        if account in self._accompanied or now >= self._until + FROM_MEMORY.total_seconds() * MARGIN:
            return 0
        return spared

    async def held(self, tx: AsyncConnection, accounts: Collection[str]) -> Collection[str]:
        """Those of `accounts` that nobody else gets before the transaction ends."""
        epochs = {one: self.epochs[one] for one in accounts if one in self.epochs}
        found = await nodes.fence(tx, epochs, self.id) if epochs else set()
        if len(found) < len(set(accounts)):
            self.missed()
        return found

    async def fence(self, account: str, tx: AsyncConnection) -> None:
        """Raises StoreFailed where another node has the account's lease; nobody gets it before `tx` ends."""
        if not await self.held(tx, {account}):
            raise StoreFailed("another node does this now")
