"""How long one call takes."""

from __future__ import annotations

import asyncio
from datetime import timedelta


class Stopwatch:
    """Times one call from its first byte on, on the event loop's clock; zero before that."""

    __slots__ = ("_sent", "_time")

    def __init__(self) -> None:
        self._time = asyncio.get_running_loop().time
        self._sent: float | None = None

    def start(self) -> None:
        """The first byte leaves."""
        self._sent = self._time()

    def read(self) -> timedelta:
        """The time since then."""
        return timedelta(seconds=0 if self._sent is None else self._time() - self._sent)
