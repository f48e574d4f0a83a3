"""Opens SQLite in a data folder: one process at a time.

WAL, one writing connection whose transactions begin IMMEDIATE (a read that becomes a write would otherwise lose updates
silently), several reading ones, and a lock file so that a second process refuses.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from pydantic_core import from_json, to_json
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from monitor.errors import UsageError
from monitor.store import migrate
from monitor.store.transactions import Archive, Store, cause

FILE = "fdi-monitor.sqlite3"
LOCK = "fdi-monitor.lock"


_JSON: dict[str, Any] = {
    "json_serializer": lambda value: to_json(value, inf_nan_mode="constants").decode(),
    "json_deserializer": from_json,
}
"""A storm reads and writes tens of thousands of small documents: three times as fast as by the standard library."""


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[Store]:
    """The store in the folder `data`, created and brought to the present schema where needed.

    Raises:
        UsageError: the folder is not writable, or another process works in it.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(_locked(data))
        url = sa.URL.create("sqlite+aiosqlite", database=str(data / FILE))
        writer = create_async_engine(url, pool_size=1, max_overflow=0, **_JSON)
        stack.push_async_callback(writer.dispose)
        reader = create_async_engine(url, pool_size=4, **_JSON)
        stack.push_async_callback(reader.dispose)
        for engine in (writer, reader):
            sa.event.listen(engine.sync_engine, "connect", _configure)
        sa.event.listen(writer.sync_engine, "begin", _begin_to_write)
        sa.event.listen(reader.sync_engine, "begin", _begin_to_read)
        try:
            async with writer.begin() as connection:
                await connection.run_sync(migrate.upgrade)
        except (SQLAlchemyError, OSError) as error:
            raise UsageError(f"the database {data / FILE} cannot be opened: {cause(error)}") from error
        yield Store(writer, reader)


@asynccontextmanager
async def opened_archive(data: Path) -> AsyncIterator[Archive]:
    """What is stored in the folder `data`, to read only: nothing is created, and a service may work in it meanwhile.

    Raises:
        UsageError: nothing is stored there, or by another version.
    """
    file = data / FILE
    if not file.is_file():
        raise UsageError(
            f"there is no history in the data folder {data}: `fdi-monitor run` records it. "
            "Where it is kept elsewhere, name that folder in FDI_MONITOR_DATA."
        )
    url = sa.URL.create("sqlite+aiosqlite", database=f"file:{quote(str(file))}", query={"mode": "ro", "uri": "true"})
    reader = create_async_engine(url, **_JSON)
    sa.event.listen(reader.sync_engine, "begin", _begin_to_read)
    try:
        try:
            async with reader.connect() as connection:
                await connection.run_sync(migrate.check)
        except (SQLAlchemyError, OSError) as error:
            raise UsageError(f"the database {file} cannot be read: {cause(error)}") from error
        yield Archive(reader)
    finally:
        await reader.dispose()


def back_up(data: Path, file: Path) -> int:
    """Writes the database in the folder `data`, as it is at one moment, into a new `file`; its bytes.

    A service may work in the folder meanwhile, of any version. Nothing is left of a copy that could not be finished.

    Raises:
        UsageError: there is no database, or the file is there already or cannot be written.
    """
    source = data / FILE
    if not source.is_file():
        raise UsageError(f"there is nothing to back up: {source} does not exist. FDI_MONITOR_DATA names the folder.")
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise UsageError(f"{file} is there already: name a file that is not, such as one with the date") from error
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error
    try:
        with closing(sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True)) as database:
            database.execute("VACUUM INTO ?", (str(file),))
    except sqlite3.Error as error:
        file.unlink()
        raise UsageError(f"the database {source} cannot be copied to {file}: {error}") from error
    return file.stat().st_size


class _locked:  # noqa: N801 - reads as the statement it is used in
    """Holds the lock file of a data folder, so that a second process refuses instead of doubling every message."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def __enter__(self) -> None:
        try:
            self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._data / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            # SQLite would make the file readable for all; its side files take over what it has.
            os.close(os.open(self._data / FILE, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise UsageError(
                f"the data folder {self._data} cannot be written: {error.strerror}. Make it writable, "
                "or name another one in FDI_MONITOR_DATA."
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise UsageError(
                f"another fdi-monitor works in the data folder {self._data}. Stop it, "
                "or name another folder in FDI_MONITOR_DATA."
            ) from error

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def _configure(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_to_write(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_to_read(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")
