"""What systemd is told of the service: that it runs, stops, and is alive as long as every loop makes progress.

The protocol is one datagram of `NAME=value` lines to the socket that NOTIFY_SOCKET names (sd_notify(3)).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from datetime import timedelta

import structlog

from monitor.clock import Clock
from monitor.meters import Pulse

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"

log = structlog.get_logger()


class Systemd:
    """The way to the service manager; without NOTIFY_SOCKET in `environ` nobody is told anything."""

    def __init__(self, environ: Mapping[str, str], *, pid: int) -> None:
        """`pid` is this process: a watchdog that is meant for another one is none of ours."""
        address = environ.get("NOTIFY_SOCKET", "")
        # A name that begins with @ is of the abstract namespace, which has no file.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        meant = environ.get("WATCHDOG_PID", "") in ("", str(pid))
        patience = environ.get("WATCHDOG_USEC", "")
        self._patience = (
            timedelta(microseconds=int(patience)) if meant and patience.isascii() and patience.isdigit() else None
        )
        self._failing = False

    def tell(self, word: str) -> None:
        """Sends one word. A manager that does not listen is told of in the log, once."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as way:
                way.sendto(word.encode(), self._address)
        except OSError as error:
            if not self._failing:
                log.warning("systemd could not be told", word=word, reason=error.strerror)
            self._failing = True
            return
        self._failing = False

    async def watch(self, pulse: Pulse, now: Clock) -> None:
        """Says that the service is alive, twice as often as asked, as long as no loop is late; until cancelled."""
        if not self._address or not self._patience:
            return
        late = False
        while True:
            stuck = [loop for loop, _ in pulse.late(now())]
            if not stuck:
                self.tell(ALIVE)
            elif not late:
                log.error("systemd is not told that the service is alive", late=stuck)
            late = bool(stuck)
            await asyncio.sleep(self._patience.total_seconds() / 2)
