"""An event loop with real sockets whose time stands still while they speak."""

from __future__ import annotations

import asyncio
import selectors
import socket
from typing import Any

QUIET = 0.03
"""Seconds of real time without a byte after which nobody is about to speak."""


class _Selector(selectors.DefaultSelector):
    """Where the loop would sleep until its next timer, it listens for a moment, then jumps there."""

    def __init__(self) -> None:
        super().__init__()
        self.slept = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        found = super().select(QUIET)
        if not found:
            self.slept += timeout
        return found


class QuietLoop(asyncio.SelectorEventLoop):
    """Both ends of every connection live in this loop, so silence means that all wait for time to pass.

    `names` are the hosts that can be resolved, and their addresses.
    """

    def __init__(self) -> None:
        self._clock = _Selector()
        self.names: dict[str, str] = {}
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.slept

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> list[Any]:
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (self.names[host], port))]
