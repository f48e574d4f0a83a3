"""Tells a watcher elsewhere that all is well: only after a full cycle in which it was, never from a bare timer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
import structlog

from monitor.clock import Clock
from monitor.meters import Meters, Pulse

TIMEOUT = aiohttp.ClientTimeout(total=10)
LOOK = timedelta(seconds=1)
"""How soon it looks again whether a cycle is full."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Beat:
    """Where the heartbeat goes, nowhere if `url` is empty, and how often."""

    url: str = field(default="", repr=False)
    every: timedelta = timedelta(minutes=1)


OFF = Beat()


class Heartbeat:
    """Pings by GET. `pulse` are the loops; `cycles` come round when every instance of an account has been polled,
    and one of them answered."""

    def __init__(
        self,
        beat: Beat,
        session: aiohttp.ClientSession,
        *,
        now: Clock,
        meters: Meters,
        pulse: Pulse,
        cycles: Pulse,
    ) -> None:
        self._session = session
        self._now = now
        self._meters = meters
        self._pulse = pulse
        self._cycles = cycles
        self._failing = False
        self._well = False  # before the first full cycle nothing is held back yet
        self._changed = asyncio.Event()
        self._beat = beat

    def adopt(self, beat: Beat) -> None:
        """Goes by another one from now on."""
        if beat != self._beat:
            self._beat, self._failing = beat, False
            self._changed.set()

    async def run(self) -> None:
        """Pings until cancelled."""
        while True:
            self._changed.clear()
            pinged = bool(self._beat.url) and self._healthy()
            if pinged:
                await self._ping(self._beat.url)
            wait = self._beat.every if pinged else LOOK
            await self._rest(wait if self._beat.url else None)

    async def _rest(self, wait: timedelta | None) -> None:
        try:
            async with asyncio.timeout(wait.total_seconds() if wait else None):
                await self._changed.wait()
        except TimeoutError:
            return

    def _healthy(self) -> bool:
        """Whether every loop makes progress, every account was polled as a whole in its time and answered, and what
        that changed is in the store."""
        at = self._now()
        late = [loop for pulse in (self._pulse, self._cycles) for loop, _ in pulse.late(at)]
        if self._meters.value("fdi_monitor_store_degraded"):
            late.append("store")
        if late and self._well:
            log.warning("heartbeat is held back", late=late)
        self._well = not late and self._cycles.begun
        return self._well

    async def _ping(self, url: str) -> None:
        try:
            async with self._session.get(url, timeout=TIMEOUT, allow_redirects=False) as answer:
                trouble = "" if answer.status < 300 else f"it answered {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # An error of aiohttp may quote the address, which is a secret.
            trouble = f"it did not answer ({type(error).__name__})"
        self._meters.heartbeats.labels("failed" if trouble else "good").inc()
        if not trouble:
            self._meters.heard_at.set(self._now().timestamp())
        if trouble and not self._failing:
            log.warning("heartbeat failed", reason=trouble)
        elif self._failing and not trouble:
            log.info("heartbeat arrives again")
        self._failing = bool(trouble)
