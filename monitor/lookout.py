"""Sees that files of the policy changed: at once where the system tells, by looking where it does not.

NFS and some container volumes tell of nothing. Renames over a file, and the swap of a `..data` link by which
Kubernetes replaces a ConfigMap, change what a name leads to: that is what is compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import structlog
from watchfiles import awatch

from monitor.errors import UsageError
from monitor.policy.files import UnreadableFile, contents
from monitor.policy.loader import paths
from monitor.policy.policy import Policy
from monitor.policy.source import MAX_BYTES

LOOK_EVERY = 10.0
"""Seconds between two looks where the system tells of nothing."""

CALM = 0.3
"""Seconds without a change until the files are taken to be written to their end."""

_DEBOUNCE_MS, _STEP_MS = 200, 50

log = structlog.get_logger()

Look = tuple[tuple[str, int, int, int, int], ...]


class Lookout:
    """Watches one folder and calls `changed`."""

    def __init__(self, folder: Path, policy: Policy, changed: Callable[[], None], *, every: float = LOOK_EVERY) -> None:
        """`policy` was read from the folder before: what changed since is seen as well."""
        self._folder = folder
        self._read = policy.contents
        self._changed = changed
        self._every = every
        self._blind = False

    async def run(self) -> None:
        """Watches until cancelled."""
        seen = await asyncio.to_thread(look, self._folder)
        if not await asyncio.to_thread(self._is_as_read):
            self._changed()
        async with aclosing(self._ticks()) as ticks:
            async for _ in ticks:
                now = await asyncio.to_thread(look, self._folder)
                while now != seen:
                    seen = now
                    await asyncio.sleep(CALM)
                    now = await asyncio.to_thread(look, self._folder)
                    if now == seen:
                        self._changed()

    async def _ticks(self) -> AsyncGenerator[None, None]:
        """One after every event, and one at least in every interval."""
        while True:
            try:
                folder = _identity(self._folder)
                async with aclosing(self._events()) as events:
                    async for _ in events:
                        self._blind = False
                        yield
                        if _identity(self._folder) != folder:
                            break  # another folder stands there now: the old one would never tell of it
            except (OSError, RuntimeError) as error:
                if not self._blind:
                    log.warning(
                        "the system does not tell of changed policy files, they are looked at by time",
                        folder=str(self._folder),
                        every=self._every,
                        reason=str(error),
                    )
                self._blind = True
                await asyncio.sleep(self._every)
            yield

    def _events(self) -> AsyncGenerator[object, None]:
        return awatch(
            self._folder,
            watch_filter=None,
            debounce=_DEBOUNCE_MS,
            step=_STEP_MS,
            rust_timeout=int(self._every * 1000),
            yield_on_timeout=True,
            recursive=False,
        )

    def _is_as_read(self) -> bool:
        try:
            found = {str(path): contents(path, limit=MAX_BYTES) for path in paths(self._folder)}
        except (UnreadableFile, UsageError):
            return False
        return found == self._read


def look(folder: Path) -> Look:
    """What the names of the policy's files lead to now; nothing where the folder cannot be read."""
    try:
        return tuple(_of(path) for path in paths(folder))
    except UsageError:
        return ()


def _of(path: Path) -> tuple[str, int, int, int, int]:
    try:
        found = path.stat()
    except OSError as error:
        return (path.name, error.errno or 0, 0, 0, 0)
    return (path.name, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino
