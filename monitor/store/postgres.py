"""Opens PostgreSQL, which several processes share.

A frozen process holds nothing for long: the server ends its transactions, and whoever waits for a lock gives up.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from monitor.errors import UsageError
from monitor.redaction import protect
from monitor.store import migrate
from monitor.store.transactions import Archive, Store, cause

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

PATIENCE = timedelta(seconds=15)
"""How long a statement may take, and how long the database may take to answer at all."""

FROZEN = timedelta(seconds=4)
"""How long a transaction may stand still before the server ends it: its process is frozen, or gone."""

_READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_INFINITE = "\x01infinite"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    """The store in the database `url`, brought to the present schema where needed.

    Raises:
        UsageError: it cannot be reached, or its schema is newer.
    """
    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(_engine(url, size=1))
        side = await stack.enter_async_context(_engine(url, size=5))
        with _told(url):
            async with _engine(url, size=1, patience=None) as steps, steps.begin() as connection:
                await connection.run_sync(migrate.upgrade)
        yield Store(writer, side.execution_options(**_READING), side=side)


@asynccontextmanager
async def opened_archive(url: str) -> AsyncIterator[Archive]:
    """The database `url` to read only.

    Raises:
        UsageError: it cannot be reached, or was written by another version.
    """
    async with _engine(url, size=2) as engine:
        reader = engine.execution_options(**_READING)
        with _told(url):
            async with reader.connect() as connection:
                await connection.run_sync(migrate.check)
        yield Archive(reader)


async def connect(url: str, *, patience: timedelta | None = PATIENCE) -> asyncpg.Connection:
    """A connection of the driver's own, whose statements take no longer than `patience`."""
    import asyncpg

    text = url.replace("postgresql+asyncpg://", "postgresql://", 1)
    settings = {
        "application_name": "fdi-monitor",
        "idle_in_transaction_session_timeout": _milliseconds(FROZEN),
        "lock_timeout": _milliseconds(FROZEN * 2),
        "statement_timeout": _milliseconds(patience or timedelta()),
    }
    limit = patience.total_seconds() + 1 if patience else None
    return await asyncpg.connect(
        text, timeout=PATIENCE.total_seconds(), command_timeout=limit, server_settings=settings
    )


class _told:  # noqa: N801 - reads as the statement it is used in
    """Says where the database is, in place of the driver's own words alone."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, SQLAlchemyError | OSError):
            raise UsageError(
                f"the database {shown(self._url)} cannot be used: {cause(error)}. FDI_MONITOR_DATABASE_URL says where "
                "it is."
            ) from error


def shown(url: str) -> str:
    """Where a database is, without its password and options."""
    parts = urlsplit(url)
    return f"{(parts.netloc or 'localhost').rpartition('@')[2] or 'localhost'}{parts.path}"


@asynccontextmanager
async def _engine(url: str, *, size: int, patience: timedelta | None = PATIENCE) -> AsyncIterator[AsyncEngine]:
    if importlib.util.find_spec("asyncpg") is None:
        raise UsageError("PostgreSQL needs its driver: pip install 'fdi-monitor[postgres]'")
    _protect(url)
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect(url, patience=patience),
        pool_size=size,
        max_overflow=0,
        pool_pre_ping=True,
        json_serializer=dumped,
        hide_parameters=True,
    )
    sa.event.listen(engine.sync_engine, "before_cursor_execute", _without_nul, retval=True)
    try:
        yield engine
    finally:
        await engine.dispose()


def _protect(url: str) -> None:
    try:
        password = urlsplit(url).password
    except ValueError:
        password = None
    if password:
        protect(password)


def dumped(value: object) -> str:
    """JSON as PostgreSQL takes it: it knows no Infinity, but a number that is too large, which is read as one."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        text = json.dumps(_marked(value))
        return text.replace(json.dumps(_INFINITE), "1e999").replace(json.dumps(f"-{_INFINITE}"), "-1e999")


def _marked(value: object) -> object:
    if isinstance(value, dict):
        return {key: _marked(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(one) for one in value]
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return _INFINITE if value > 0 else f"-{_INFINITE}"
    return value


def _without_nul(
    _connection: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool
) -> tuple[str, Any]:
    """PostgreSQL stores every character but one; what the cloud says may hold that too."""
    if isinstance(parameters, list):
        return statement, [_clean(row) for row in parameters]
    return statement, _clean(parameters)


def _clean(row: Any) -> Any:
    if not any(isinstance(value, str) and "\0" in value for value in row):
        return row
    return tuple(value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value for value in row)


def _milliseconds(length: timedelta) -> str:
    return str(round(length.total_seconds() * 1000))
