"""Opens the database: PostgreSQL where the settings name one, else SQLite in the data folder."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

from monitor.store import postgres, sqlite
from monitor.store.sqlite import FILE, LOCK
from monitor.store.transactions import Archive, Store

__all__ = ["FILE", "LOCK", "Archive", "Store", "open_archive", "open_store"]


def open_store(data: Path, url: str = "", *, lease: timedelta = postgres.LEASE) -> AbstractAsyncContextManager[Store]:
    """The store in the database `url`, or without one in the folder `data`, brought to the present schema.

    Nodes that share a database renew their lives within `lease`.

    Raises:
        UsageError: the folder is not writable, another process works in it, or the database cannot be used.
    """
    return postgres.opened(url, lease=lease) if url else sqlite.opened(data)


def open_archive(data: Path, url: str = "") -> AbstractAsyncContextManager[Archive]:
    """What is stored there, to read only: nothing is created, and a service may work in it meanwhile.

    Raises:
        UsageError: nothing is stored there, or by another version.
    """
    return postgres.opened_archive(url) if url else sqlite.opened_archive(data)
