"""How far the runs of history have come, written for all instances together every ten seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from monitor.clock import Clock
from monitor.errors import StoreFailed
from monitor.meters import Pulse
from monitor.model import InstanceKey, Run
from monitor.store import history
from monitor.store.database import Store
from monitor.tenure import Fence

FLUSH = timedelta(seconds=10)
"""How much of the end of a run a crash may cost."""


class Stretches:
    """The instances whose last run is longer than the store knows. `run_of` gives its row and the run."""

    def __init__(
        self,
        store: Store,
        run_of: Callable[[InstanceKey], tuple[int, Run] | None],
        *,
        now: Clock,
        pulse: Pulse,
        failed: Callable[[StoreFailed], None],
        fence: Fence | None = None,
    ) -> None:
        """`failed` is told of a store that takes no writes; `fence` as of the recorder."""
        self._fence = fence
        self._store = store
        self._run_of = run_of
        self._now = now
        self._pulse = pulse
        self._failed = failed
        self._keys: set[InstanceKey] = set()

    def __contains__(self, key: InstanceKey) -> bool:
        return key in self._keys

    def add(self, key: InstanceKey) -> None:
        """The instance's run grew."""
        self._keys.add(key)

    def discard(self, key: InstanceKey) -> None:
        """The store knows the instance's run as it is."""
        self._keys.discard(key)

    async def run(self) -> None:
        """Writes by time until cancelled, and once more then."""
        self._pulse.expect("engine", within=FLUSH * 3, at=self._now())
        try:
            while True:
                self._pulse.beat("engine", self._now())
                await asyncio.sleep(FLUSH.total_seconds())
                await self.flush()
        finally:
            await self.flush()

    async def flush(self) -> None:
        """Writes how far all runs have come."""
        keys, self._keys = self._keys, set()
        rows = {key: found for key in keys if (found := self._run_of(key))}
        if not rows:
            return
        try:
            async with self._store.write(alone=False) as tx:
                if self._fence is not None:
                    held = await self._fence(tx, {key.account for key in rows})
                    rows = {key: row for key, row in rows.items() if key.account in held}
                await history.extend(tx, list(rows.values()))
        except StoreFailed as error:
            self._failed(error)
            # These come again with the next flush.
            self._keys |= keys
