"""How late the event loop comes to what is due: when it is slow, everything is."""

from __future__ import annotations

import asyncio

from monitor.meters import Meters

EVERY = 0.5
"""Seconds between two looks."""


class Lateness:
    """Sleeps, and notes how much too long that took, and how many tasks there are."""

    def __init__(self, meters: Meters, *, every: float = EVERY) -> None:
        self._meters = meters
        self._every = every

    async def run(self) -> None:
        """Looks until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self._every
            await asyncio.sleep(self._every)
            self._meters.late.observe(max(0.0, loop.time() - due))
            self._meters.tasks.set(len(asyncio.all_tasks(loop)))
