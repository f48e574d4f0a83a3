"""Turns what moved into transactions: everything that arrives while one is under way shares the next.

So a quiet service writes at once, and a storm of ten thousand alerts costs a handful of transactions. While the store
takes no writes, what moved is held in memory, in its order and within a bound, and written when the store is back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from monitor.errors import StoreFailed
from monitor.model import Run
from monitor.rules.change import Change
from monitor.store import alerts, history
from monitor.store.database import Store
from monitor.tenure import Fence

RETRY = timedelta(seconds=5)
"""How soon a store that takes no writes is tried again."""

MOST_HELD = 20_000
"""Entries that are held in memory: some tens of megabytes."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Entry:
    """What one sample changes in the store: runs by the row of their instance, and alerts with their transitions."""

    ended: tuple[int, Run] | None = None
    begun: tuple[int, Run] | None = None
    changes: tuple[Change, ...] = ()
    account: str = ""
    """Whose sample it is; that of what is about no account is empty."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it is left to be written."""
        return self.ended is None and self.begun is None and not self.changes


class Recorder:
    """The one writer of samples and alerts. `trouble` says why the store takes no writes, empty while it does."""

    def __init__(
        self,
        store: Store,
        *,
        turned: Callable[[], None] = lambda: None,
        took: Callable[[float], object] = lambda _: None,
        most: int = MOST_HELD,
        fence: Fence | None = None,
    ) -> None:
        """`turned` is called when the store begins to refuse writes, when it takes them again, and for every entry
        that is held meanwhile; `took` is told the seconds of each transaction. What `fence` does not let through is
        another node's to write, and dropped."""
        self._took = took
        self._fence = fence
        self.trouble = ""
        self._store = store
        self._turned = turned
        self._most = most
        self._queue: deque[Entry] = deque()
        self._next: asyncio.Future[None] | None = None
        self._waiting = asyncio.Event()

    @property
    def held(self) -> int:
        """How many entries only this process knows."""
        return len(self._queue) if self.trouble else 0

    def changes(self) -> Iterator[Change]:
        """What moved and only this process knows, oldest first."""
        for entry in self._queue if self.trouble else ():
            yield from entry.changes

    async def record(self, *entries: Entry) -> None:
        """Returns once the entries are in the store, in one transaction, or are held for one that takes no writes.

        Raises:
            StoreFailed: they are neither, because so many are held already.
        """
        if self.trouble:
            if len(self._queue) >= self._most:
                raise StoreFailed(f"{self.trouble}; {len(self._queue):,} changes are held in memory, no more fit")
            self._queue.extend(entries)
            self._turned()
            return
        self._queue.extend(entries)
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        self._waiting.set()
        # One waiter that is cancelled must not cancel the transaction of the others.
        await asyncio.shield(self._next)

    def disown(self, account: str) -> None:
        """Another node has had the account since: what is not written yet never will be, also when it comes back."""
        lost = [place for place, entry in enumerate(self._queue) if entry.account == account and not entry.is_empty]
        for place in lost:
            self._queue[place] = Entry(account=account)
        self._tell_of(len(lost))

    def _tell_of(self, lost: int) -> None:
        if lost:
            log.warning("another node has the account: what was not written yet is dropped", entries=lost)

    def fail(self, error: StoreFailed) -> None:
        """The store refused a write, of whoever: what comes from now on is held."""
        if not self.trouble:
            log.error("store takes no writes, what moves is held in memory", reason=str(error))
        turned, self.trouble = not self.trouble, str(error)
        if turned:
            self._waiting.set()
            self._turned()

    async def run(self) -> None:
        """Writes until cancelled; then writes what waits, so that a clean stop loses nothing."""
        try:
            while True:
                await self._wait()
                await self._commit()
        finally:
            await self._commit()
            if self._queue:
                log.error("what was held in memory is lost", entries=len(self._queue))

    async def _wait(self) -> None:
        if self.trouble:
            await asyncio.sleep(RETRY.total_seconds())
        else:
            await self._waiting.wait()

    async def _commit(self) -> None:
        done, self._next = self._next, None
        self._waiting.clear()
        entries = list(self._queue)
        try:
            if entries:
                begun = asyncio.get_running_loop().time()
                await self._write(entries)
                self._took(asyncio.get_running_loop().time() - begun)
        except StoreFailed as error:
            self.fail(error)
            _release(self._next)  # what came meanwhile is held as well
            self._next = None
        else:
            for _ in entries:
                self._queue.popleft()
            self._works(len(entries))
        _release(done)

    def _works(self, written: int) -> None:
        """Once nothing is held any more the store works again."""
        if not self.trouble or not written:
            return
        log.info("store takes writes again, what was held is written", entries=written)
        self.trouble = ""
        # What came while that was written waits for nobody: it goes with the next.
        self._waiting.set()
        self._turned()

    async def _write(self, entries: Sequence[Entry]) -> None:
        async with self._store.write(alone=False) as tx:
            if self._fence is not None:
                held = await self._fence(tx, {entry.account for entry in entries})
                self._tell_of(sum(entry.account not in held for entry in entries))
                entries = [entry for entry in entries if entry.account in held]
            changes = [change for entry in entries for change in entry.changes]
            # One alert may move twice in a batch: it is written as it is after the last of these steps.
            latest = {change.key: change for change in changes}.values()
            ended, begun = _runs(entries)
            await history.extend(tx, ended)
            await history.begin(tx, begun)
            await alerts.save(
                tx,
                [change.alert for change in latest if change.alert],
                dropped=[change.key for change in latest if not change.alert],
            )
            await alerts.append(tx, [change.transition for change in changes if change.transition])


def _release(waiters: asyncio.Future[None] | None) -> None:
    if waiters is not None and not waiters.done():
        waiters.set_result(None)


def _runs(entries: Sequence[Entry]) -> tuple[list[tuple[int, Run]], list[tuple[int, Run]]]:
    """The runs that the store knows and that ended, and those that it does not know yet: as they are at the end."""
    ended: dict[tuple[int, datetime], Run] = {}
    begun: dict[tuple[int, datetime], Run] = {}
    for entry in entries:
        if entry.ended is not None:
            row, run = entry.ended
            (begun if (row, run.start) in begun else ended)[row, run.start] = run
        if entry.begun is not None:
            row, run = entry.begun
            begun[row, run.start] = run
    return [(row, run) for (row, _), run in ended.items()], [(row, run) for (row, _), run in begun.items()]
