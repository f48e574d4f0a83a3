"""Where several nodes share the store: what is posted at any of them is kept there for the one that leads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial

from monitor.errors import StoreFailed
from monitor.posted import Post
from monitor.sharing import LEAD
from monitor.store import inbox
from monitor.store.database import Store
from monitor.store.inbox import Handed
from monitor.tenure import Tenure

MOST = 1000
"""Requests that may wait for a node that leads."""


class Inbox:
    """What was posted and nobody has taken yet."""

    def __init__(self, store: Store, tenure: Tenure) -> None:
        self._store = store
        self._lead_store = store.fenced(partial(tenure.fence, LEAD))

    async def put(self, posts: Sequence[Post], at: datetime) -> None:
        """Keeps what came at `at`. Raises StoreFailed: it is not kept."""
        async with self._store.write(alone=False) as tx:
            if await inbox.number(tx) >= MOST:
                raise StoreFailed(f"{MOST:,} requests wait for a node that leads, no more are kept")
            await inbox.put(tx, posts, at)

    async def each(self) -> AsyncIterator[Handed]:
        """What waits, oldest first; each is gone once the next is asked for, if this node leads still.

        Raises:
            StoreFailed: it waits still, for this node or for another that leads now.
        """
        while True:
            async with self._store.read() as tx:
                waiting = await inbox.waiting(tx)
            if not waiting:
                return
            for one in waiting:
                yield one
                async with self._lead_store.write(alone=False) as tx:
                    await inbox.done(tx, one.id)
