"""What the cloud lends for a while, a token or keys: asked for once however many wait, renewed before it ends.

Decisions go by the event loop's time, which no step of the wall clock moves.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from monitor.clock import Clock
from monitor.errors import AuthFailed, DoorError, Throttled

RETRY = 15.0
"""Seconds after a failure before the lender is asked again."""

RETRY_REFUSED = 300.0
"""The same after a refusal: users get locked for less."""

SHARE, LEAST = 0.05, 1800.0
"""Renewed when this share of its life is left, or this many seconds, whichever is more; of a short life half."""

LONGEST = timedelta(days=365)
"""However long a life is said to be, it is renewed within this time."""

JITTER = 0.2
"""Up to this share earlier than that, so that accounts started together do not renew together."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lent(Generic[T]):
    """What was lent just now; it ends after `life`, which is more than nothing."""

    value: T
    life: timedelta


@dataclass(frozen=True, slots=True)
class _Held(Generic[T]):
    """Times are the event loop's; `expires_at` is for people, None once forgotten."""

    value: T
    renew_at: float
    ends_at: float
    expires_at: datetime | None


class Lease(Generic[T]):
    """Keeps one thing lent, whole: a renewal replaces all of it in one step."""

    def __init__(self, ask: Callable[[], Awaitable[Lent[T]]], now: Clock) -> None:
        """`ask` goes to the lender once, bounds its own time and raises DoorError."""
        self._ask = ask
        self._now = now
        self._held: _Held[T] | None = None
        self._asking = asyncio.Lock()
        self._not_before = float("-inf")
        self._last_error: DoorError | None = None

    @property
    def value(self) -> T | None:
        """What was lent last, even if it has ended since; None before the first time."""
        return self._held.value if self._held is not None else None

    @property
    def expires_at(self) -> datetime | None:
        """When it ends, None while nothing usable is held."""
        return self._held.expires_at if self._held is not None else None

    async def prepare(self) -> None:
        """Makes sure that what is held is good. The old one serves while its renewal is on its way, or fails."""
        if self._is_fresh() or (self._lasts() and (self._asking.locked() or _time() < self._not_before)):
            return
        async with self._asking:
            if not self._is_fresh():
                await self._renew()

    def forget(self) -> None:
        """What is held is no good any more, whatever its time: the next `prepare` asks anew."""
        if self._held is not None:
            self._held = replace(self._held, renew_at=float("-inf"), ends_at=float("-inf"), expires_at=None)

    def _is_fresh(self) -> bool:
        return self._held is not None and _time() < self._held.renew_at

    def _lasts(self) -> bool:
        return self._held is not None and _time() < self._held.ends_at

    async def _renew(self) -> None:
        if _time() >= self._not_before:
            try:
                self._keep(await self._ask())
            except DoorError as error:
                self._last_error = error
                self._not_before = _time() + _pause_after(error)
        if self._last_error is not None and not self._lasts():
            raise self._last_error.with_traceback(None)

    def _keep(self, lent: Lent[T]) -> None:
        lasts = min(lent.life, LONGEST)
        life, start = lasts.total_seconds(), _time()
        early = max(life * SHARE, min(LEAST, life / 2)) * (1 + random.uniform(0, JITTER))
        self._held = _Held(lent.value, start + life - early, start + life, self._now() + lasts)
        self._not_before, self._last_error = float("-inf"), None


def _pause_after(error: DoorError) -> float:
    """Seconds until the lender may be asked again."""
    if isinstance(error, Throttled):
        return error.wait.total_seconds()
    return RETRY_REFUSED if isinstance(error, AuthFailed) else RETRY


def _time() -> float:
    return asyncio.get_running_loop().time()
