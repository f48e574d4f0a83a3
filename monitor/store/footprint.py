"""Under which name the process before took part among the nodes, left in the data folder of its machine.

Who holds the lock of that file knows that the process before it is gone, and may say so to the others.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

FILE = "fdi-monitor.node"


class Footprint:
    """`before` is the name of the process before, once it is known to be gone; empty where nobody can tell: at a first
    start, where the folder cannot be written, or while another process works in it."""

    def __init__(self, data: Path) -> None:
        self._file = _locked(data / FILE)
        self.before = os.read(self._file, 1000).decode(errors="replace") if self._file is not None else ""

    def leave(self, name: str) -> None:
        """The process takes part under this name from now on."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, name.encode(), 0)

    def close(self) -> None:
        """The process ends."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _locked(path: Path) -> int | None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file
