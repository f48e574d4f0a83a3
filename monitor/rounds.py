"""How the dispatcher and the courier come round: when woken, and when the next thing is due.

A store that fails is told of once and met with patience: what a pass could not do comes again with the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from monitor.clock import Clock
from monitor.errors import StoreFailed
from monitor.meters import Pulse

LONGEST_SLEEP = timedelta(seconds=10)

log = structlog.get_logger()


class Rounds:
    """One loop's rhythm. `name` is how the pulse and the log call it."""

    def __init__(self, name: str, *, now: Clock, pulse: Pulse) -> None:
        self._name = name
        self._now = now
        self._pulse = pulse
        self._woken = asyncio.Event()
        self._failing = False

    def wake(self) -> None:
        """Something is there to do: come round at once."""
        self._woken.set()

    async def run(self, step: Callable[[datetime], Awaitable[datetime | None]]) -> None:
        """Calls `step` until cancelled. It gets the moment, and says when it has to be called again at the latest."""
        self._pulse.expect(self._name, within=LONGEST_SLEEP * 3, at=self._now())
        while True:
            self._woken.clear()
            at = self._now()
            self._pulse.beat(self._name, at)
            next_at = await self._step(step, at)
            await self._sleep(LONGEST_SLEEP if next_at is None else min(LONGEST_SLEEP, next_at - at))

    async def _step(self, step: Callable[[datetime], Awaitable[datetime | None]], at: datetime) -> datetime | None:
        try:
            next_at = await step(at)
        except StoreFailed as error:
            if not self._failing:
                log.error(f"{self._name} cannot work", reason=str(error))
            self._failing = True
            return None
        if self._failing:
            log.info(f"{self._name} works again")
        self._failing = False
        return next_at

    async def _sleep(self, wait: timedelta) -> None:
        try:
            async with asyncio.timeout(max(0.0, wait.total_seconds())):
                await self._woken.wait()
        except TimeoutError:
            return
