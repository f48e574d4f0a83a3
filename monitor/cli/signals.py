"""What signals do to a running command: the first one to stop asks, the second one insists; SIGHUP reloads."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from types import FrameType

from monitor.cli import PROGRAM, STOPPED

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def stop_on_signals(loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    """An event that SIGINT and SIGTERM set. The next of either ends the process at once, with exit code 130.

    The second one does not pass through `loop`, so it works even if the loop is stuck. Call it in the main thread.
    """
    stop = asyncio.Event()

    def ask() -> None:
        stop.set()
        for number in SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, _insist)

    for number in SIGNALS:
        loop.add_signal_handler(number, ask)
    return stop


def call_on_hangup(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    """Has SIGHUP call `function`, where it would end the process otherwise. Call it in the main thread."""
    loop.add_signal_handler(signal.SIGHUP, function)


def _insist(_number: int, _frame: FrameType | None) -> None:
    os.write(2, f"\n{PROGRAM}: stopped at once\n".encode())
    os._exit(STOPPED)
