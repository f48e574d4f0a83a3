"""A bell between the loops: it says that something changed, never what. What changed stands in the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Nudge:
    """Wakes any number of listeners. A ring that nobody waits for is not lost: it is counted.

    A listener that must miss nothing keeps the count it saw last and waits for more:

        seen = nudge.rings
        while True:
            seen = await nudge.wait(since=seen)
    """

    def __init__(self) -> None:
        self._rings = 0
        self._bell = asyncio.Event()

    @property
    def rings(self) -> int:
        """How often it rang so far."""
        return self._rings

    def ring(self) -> None:
        """Wakes all who wait. Cheap; never blocks; from the event loop's own thread only."""
        self._rings += 1
        self._bell.set()
        self._bell = asyncio.Event()

    async def wait(self, *, since: int | None = None) -> int:
        """Returns once it rang more than `since` times (by default: more than now), with the count of then."""
        seen = self._rings if since is None else since
        while self._rings <= seen:
            await self._bell.wait()
        return self._rings


def both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    """Rings two bells at once."""

    def ring() -> None:
        first()
        second()

    return ring
