"""The only file that reads the time.

A pass of a loop reads `now` once and hands it down as `at`. Sleeps are the event loop's own.
"""

from __future__ import annotations

import asyncio
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
