"""Turns what moved into transactions: everything that arrives while one is under way shares the next.

So a quiet service writes at once, and a storm of ten thousand alerts costs a handful of transactions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog

from monitor.errors import StoreFailed
from monitor.model import Run
from monitor.rules.change import Change
from monitor.store import alerts, history
from monitor.store.database import Store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Entry:
    """What one sample changes in the store: runs by the row of their instance, and alerts with their transitions."""

    ended: tuple[int, Run] | None = None
    begun: tuple[int, Run] | None = None
    changes: tuple[Change, ...] = ()


@dataclass(slots=True)
class _Batch:
    entries: list[Entry] = field(default_factory=list)
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Recorder:
    """The one writer of samples and alerts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._batch = None
        self._waiting = asyncio.Event()
        self._failing = False

    _batch: _Batch | None

    async def record(self, entry: Entry) -> None:
        """Returns once the entry is in the store.

        Raises:
            StoreFailed: it is not, and nothing of its transaction is.
        """
        if self._batch is None:
            self._batch = _Batch()
        batch = self._batch
        batch.entries.append(entry)
        self._waiting.set()
        # One waiter that is cancelled must not cancel the transaction of the others.
        await asyncio.shield(batch.done)

    async def run(self) -> None:
        """Writes batches until cancelled; then writes the one that waits, so that a clean stop loses nothing."""
        try:
            while True:
                await self._waiting.wait()
                await self._commit()
        finally:
            await self._commit()

    async def _commit(self) -> None:
        batch, self._batch = self._batch, None
        self._waiting.clear()
        if batch is None:
            return
        try:
            await self._write(batch.entries)
        except StoreFailed as error:
            if not self._failing:
                log.error("store takes no writes", reason=str(error))
            self._failing = True
            batch.done.set_exception(error)
            batch.done.exception()  # read here too: every waiter may be gone by now
            return
        if self._failing:
            log.info("store takes writes again")
        self._failing = False
        batch.done.set_result(None)

    async def _write(self, entries: Iterable[Entry]) -> None:
        entries = tuple(entries)
        changes = [change for entry in entries for change in entry.changes]
        # One alert may move twice in a batch: it is written as it is after the last of these steps.
        latest = {change.key: change for change in changes}.values()
        async with self._store.write() as tx:
            await history.extend(tx, [entry.ended for entry in entries if entry.ended])
            await history.begin(tx, [entry.begun for entry in entries if entry.begun])
            await alerts.save(
                tx,
                [change.alert for change in latest if change.alert],
                dropped=[change.key for change in latest if not change.alert],
            )
            await alerts.append(tx, [change.transition for change in changes if change.transition])
