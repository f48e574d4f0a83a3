"""Transactions on an open database, and whose fault it is when one fails."""

from __future__ import annotations

import copy
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from monitor.errors import StoreFailed

_AWAY = (OperationalError, InterfaceError, InternalError, PoolTimeout, OSError)
"""What the world does to a database. Everything else that SQLAlchemy raises is a bug of ours, and stays one."""

_UNSORTED = (DBAPIError, DatabaseError)
"""What a driver says without a class of its own: connections that were cut, time-outs of the server."""

Fence = Callable[[AsyncConnection], Awaitable[None]]

CHANNEL = "fdi_monitor"
"""Where every transaction is told of once it is committed, with the name of the store that wrote."""

_TELL = sa.text(f"SELECT pg_notify('{CHANNEL}', :me)")

_ONE_WRITER = sa.text(f"SELECT pg_advisory_xact_lock(20801), pg_notify('{CHANNEL}', :me)")
"""What `BEGIN IMMEDIATE` is to SQLite: whoever reads before it writes loses no update of another."""


class Archive:
    """A database to read from: `read()` gives a connection inside one transaction."""

    def __init__(self, reader: AsyncEngine) -> None:
        self._reader = reader

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view, read only.

        Raises:
            StoreFailed: the database did not answer.
        """
        try:
            async with self._reader.connect() as connection:
                yield connection
        except (DBAPIError, *_AWAY) as error:
            if not is_away(error):
                raise
            raise StoreFailed(f"the store did not answer: {cause(error)}") from error


class Store(Archive):
    """An open database to read from and to write to; `write()` gives a connection inside one transaction too."""

    def __init__(
        self,
        writer: AsyncEngine,
        reader: AsyncEngine,
        *,
        side: AsyncEngine | None = None,
        quick: AsyncEngine | None = None,
    ) -> None:
        """Where several processes share the database: `side` is the way in for writes that need not be alone, `quick`
        for those that others wait for."""
        super().__init__(reader)
        self.name = secrets.token_hex(8)
        self._writer = writer
        self._side = side
        self._quick = quick
        self.fence: Fence | None = None

    @property
    def shared(self) -> bool:
        """Whether other processes may write into the database."""
        return self._side is not None

    def fenced(self, fence: Fence) -> Store:
        """The same store, for writes that `fence` has to let through first: it raises StoreFailed where it does not."""
        other = copy.copy(self)
        other.fence = fence
        return other

    @asynccontextmanager
    async def write(self, *, alone: bool = True) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed when the block ends well.

        While it lasts no other process writes, so what the block reads stays true until it has written. Not `alone`
        it waits for nobody: for those whose rows nobody else writes, or who lock what they read.

        Raises:
            StoreFailed: nothing of it happened.
        """
        try:
            async with (self._writer if alone or self._side is None else self._side).begin() as connection:
                if self._side is not None:
                    await connection.execute(_ONE_WRITER if alone else _TELL, {"me": self.name})
                if self.fence is not None:
                    await self.fence(connection)
                yield connection
        except (DBAPIError, *_AWAY) as error:
            if not is_away(error):
                raise
            raise StoreFailed(f"the store did not take a write: {cause(error)}") from error

    @asynccontextmanager
    async def quick(self) -> AsyncIterator[AsyncConnection]:
        """A short transaction that waits for nobody and wakes nobody: who is alive, and who holds what.

        Raises:
            StoreFailed: nothing of it happened.
        """
        try:
            async with (self._quick or self._writer).begin() as connection:
                yield connection
        except (DBAPIError, *_AWAY) as error:
            if not is_away(error):
                raise
            raise StoreFailed(f"the store did not answer: {cause(error)}") from error


def is_away(error: Exception) -> bool:
    """Whether the world is at fault, not the statement."""
    return isinstance(error, _AWAY) or type(error) in _UNSORTED or getattr(error, "connection_invalidated", False)


def cause(error: BaseException) -> str:
    """The driver's own words, without the statement and its values."""
    text = str(getattr(error, "orig", None) or error).strip() or "it did not answer in time"
    # a driver's class stands before its words
    return text.splitlines()[0].removeprefix("<class '").split("'>: ", 1)[-1]
