"""The only file that reads the time.

A pass of a loop reads `now` once and hands it down as `at`. Sleeps are the event loop's own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

Clock = Callable[[], datetime]
"""Gives the present moment, aware, in UTC."""


def now() -> datetime:
    """The wall clock of this machine, in UTC."""
    return datetime.now(UTC)


def virtual(start: datetime, loop: asyncio.AbstractEventLoop) -> Clock:
    """A clock that stands at `start` now and goes with the event loop's time, for loops under virtual time."""
    zero = loop.time()
    return lambda: start + timedelta(seconds=loop.time() - zero)


def elapsed() -> float:
    """Seconds since this machine started, the time that it was suspended included where the system counts it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Steady:
    """A clock for timers: it begins with the wall clock, passes as real time does, and follows steps only gently.

    Whoever sets the wall clock by an hour or a day moves no `for`, no repeat and no end of a silence: for each minute
    this clock gains or loses one second at most until both agree again. A suspended machine is no step, for that time
    has really passed. A step of more than `FOLLOWED` is a clock that had never been set: it is followed at once.
    """

    SLEW = 1 / 60
    TOLD = timedelta(seconds=5)
    FOLLOWED = timedelta(days=7)

    def __init__(
        self,
        wall: Clock = now,
        passed: Callable[[], float] = elapsed,
        *,
        stepped: Callable[[timedelta], None] = lambda _: None,
    ) -> None:
        """`stepped` is told how far the wall clock was set forward (less than nothing: back), once for each step."""
        self._wall = wall
        self._passed = passed
        self._stepped = stepped
        self._at, self._mark = wall(), passed()
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """The present moment, in UTC. It never goes back but to follow a clock that had never been set."""
        mark = self._passed()
        real = timedelta(seconds=max(0.0, mark - self._mark))
        self._mark = max(mark, self._mark)
        self._at += real
        ahead = self._wall() - self._at
        if abs(ahead - self._ahead) > self.TOLD:
            self._stepped(ahead - self._ahead)
        if abs(ahead) <= self.FOLLOWED:
            most = real * self.SLEW
            followed = min(max(ahead, -most), most)
        else:
            followed = ahead
        self._at += followed
        self._ahead = ahead - followed
        return self._at


class _Local(tzinfo):
    """The zone of this machine with its summer time, which `datetime.astimezone()` alone freezes at one offset."""

    def utcoffset(self, at: datetime | None) -> timedelta | None:
        return self._there(at).utcoffset() if at else None

    def dst(self, at: datetime | None) -> timedelta | None:
        return timedelta() if at else None

    def tzname(self, at: datetime | None) -> str | None:
        return self._there(at).tzname() if at else None

    def fromutc(self, at: datetime) -> datetime:
        there = at.replace(tzinfo=UTC).astimezone()
        return there.replace(tzinfo=self)

    @staticmethod
    def _there(at: datetime) -> datetime:
        return at.replace(tzinfo=None).astimezone()


def zone() -> tzinfo:
    """The time zone of this machine, for the texts that people read."""
    return _Local()
