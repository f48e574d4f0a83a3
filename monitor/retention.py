"""Forgets what is older than people want to keep."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from monitor.clock import Clock
from monitor.errors import StoreFailed
from monitor.store import alerts, audit, decisions, drills, history, links, living, outbox, silences
from monitor.store.database import Store

EVERY = timedelta(hours=1)
"""Between two passes; a tenth of what is kept where that is less."""

log = structlog.get_logger()


class Retention:
    """Prunes history, transitions, decisions, resolved alerts, settled messages, silences, audit older than `keep`."""

    def __init__(self, store: Store, *, keep: timedelta, now: Clock) -> None:
        self._store = store
        self._keep = keep
        self._now = now

    async def run(self) -> None:
        """Passes until cancelled, the first at once."""
        while True:
            try:
                await self.prune(self._now() - self._keep)
            except StoreFailed as error:
                log.warning("old history could not be removed, it is tried again later", reason=str(error))
            await asyncio.sleep(min(EVERY, self._keep / 10).total_seconds())

    async def prune(self, before: datetime) -> None:
        """Removes what was over `before`, table by table, so that nobody waits for long.

        Raises:
            StoreFailed: what is left stays for the next pass.
        """
        for table in (history, alerts, outbox, silences, decisions, links, audit, drills):
            async with self._store.write() as tx:
                await table.prune(tx, before)
        async with self._store.write() as tx:
            await living.forget_orphans(tx)
