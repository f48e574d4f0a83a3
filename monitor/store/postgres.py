"""Opens PostgreSQL, which several processes share.

A frozen process holds nothing for long: the server ends its transactions, and whoever waits for a lock gives up.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from monitor.errors import StoreFailed, UsageError
from monitor.redaction import protect
from monitor.store import migrate
from monitor.store.transactions import CHANNEL, Archive, Store, cause

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

PATIENCE = timedelta(seconds=15)
"""How long a statement may take, and how long the database may take to answer at all."""

LEASE = timedelta(seconds=15)

SHORTEST = timedelta(seconds=1)
"""How long a transaction may always stand still before the server ends it: its process is frozen, or gone."""

_READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_INFINITE = "\x01infinite"


@asynccontextmanager
async def opened(url: str, *, lease: timedelta = LEASE) -> AsyncIterator[Store]:
    """The store in the database `url`, brought to the present schema where needed. A node whose transaction stands
    still for a third of its `lease` loses it.

    Raises:
        UsageError: it cannot be reached, or its schema is newer.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(_unheard())
        frozen = max(SHORTEST, lease / 3)
        writer = await stack.enter_async_context(_engine(url, size=1, frozen=frozen))
        side = await stack.enter_async_context(_engine(url, size=5, frozen=frozen))
        quick = await stack.enter_async_context(_engine(url, size=2, frozen=frozen, patience=frozen))
        with _told(url):
            async with _engine(url, size=1, patience=None) as steps, steps.begin() as connection:
                await connection.run_sync(migrate.upgrade)
        yield Store(writer, side.execution_options(**_READING), side=side, quick=quick)


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


async def connect(
    url: str, *, patience: timedelta | None = PATIENCE, frozen: timedelta = LEASE / 3
) -> asyncpg.Connection:
    """A connection of the driver's own, whose statements take no longer than `patience`."""
    import asyncpg

    text = url.replace("postgresql+asyncpg://", "postgresql://", 1)
    settings = {
        "application_name": "fdi-monitor",
        "idle_in_transaction_session_timeout": _milliseconds(frozen),
        "lock_timeout": _milliseconds(frozen * 2),
        "statement_timeout": _milliseconds(patience or timedelta()),
    }
    limit = patience.total_seconds() + 1 if patience else None
    return await asyncpg.connect(
        text, timeout=(patience or PATIENCE).total_seconds(), command_timeout=limit, server_settings=settings
    )


async def listen(url: str, heard: Callable[[str], None]) -> None:
    """Calls `heard` with the name of each store that committed something, while the connection lasts.

    Raises:
        StoreFailed: the connection is gone; what was committed meanwhile was not heard.
    """
    try:
        connection, cut = await connect(url), asyncio.Event()
        try:
            connection.add_termination_listener(lambda _connection: cut.set())
            await connection.add_listener(CHANNEL, lambda _connection, _pid, _channel, name: heard(name))
            heard("")
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(cut.wait(), PATIENCE.total_seconds())
                await connection.execute("SELECT 1")
        finally:
            connection.terminate()
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.startswith("asyncpg."):
            raise StoreFailed(f"the store did not answer: {cause(error)}") from error
        raise


@contextmanager
def _unheard() -> Iterator[None]:
    """asyncpg lets go of a connection that it gave up without looking at how that ended, and asyncio complains. Whoever
    wanted the connection was told."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "unexpected connection_lost() call" in str(context.get("exception")):
            return
        (before or type(loop).default_exception_handler)(loop, context)

    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(before)


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
async def _engine(
    url: str, *, size: int, patience: timedelta | None = PATIENCE, frozen: timedelta = LEASE / 3
) -> AsyncIterator[AsyncEngine]:
    if importlib.util.find_spec("asyncpg") is None:
        raise UsageError("PostgreSQL needs its driver: pip install 'fdi-monitor[postgres]'")
    _protect(url)
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect(url, patience=patience, frozen=frozen),
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
