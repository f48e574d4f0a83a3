"""How a story waits: for a condition with a time-out, never for time alone."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")

SOON = 15.0
"""Seconds: far more than anything takes on a machine with other work. It only bounds a story that fails."""

POLL = 1.0
"""Seconds between two polls in the stories, the shortest there is."""

QUIET = 2.5 * POLL
"""Seconds in which nothing must happen."""

_LOOK = 0.1


@overload
async def want(what: str, probe: Callable[[], Awaitable[bool]], *, within: float = SOON) -> bool: ...


@overload
async def want(what: str, probe: Callable[[], T], *, within: float = SOON) -> T: ...


async def want(what: str, probe: Callable[[], object], *, within: float = SOON) -> object:
    """What `probe` gives as soon as it is true."""
    deadline = time.monotonic() + within
    while not (found := await _asked(probe)):
        if time.monotonic() > deadline:
            raise AssertionError(f"wanted within {within:g} s: {what}")
        await asyncio.sleep(_LOOK)
    return found


async def still(what: str, probe: Callable[[], bool], *, lasts: float = QUIET) -> None:
    """Fails as soon as `probe` is not true while that time lasts."""
    end = time.monotonic() + lasts
    while time.monotonic() < end:
        if not probe():
            raise AssertionError(f"no longer so: {what}")
        await asyncio.sleep(_LOOK)


async def _asked(probe: Callable[[], object]) -> object:
    found = probe()
    return await found if inspect.isawaitable(found) else found
