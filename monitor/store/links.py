"""The key that signs the links in messages, and the links that were used."""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.redaction import protect
from monitor.store.database import Store
from monitor.store.people_tables import link_key, used_link

_BYTES = 32


async def key(store: Store) -> bytes:
    """The key, made when it is asked for first. It is in no backup but the database's own, and in no log.

    Raises:
        StoreFailed: it could not be read or written.
    """
    async with store.read() as tx:
        found = await _key(tx)
    if found is None:
        async with store.write() as tx:
            found = await _key(tx)
            if found is None:
                found = secrets.token_hex(_BYTES)
                await tx.execute(link_key.insert().values(id=1, key=found))
    protect(found)
    return bytes.fromhex(found)


async def used(tx: AsyncConnection, text: str) -> bool:
    """Whether a link was used already."""
    return (await tx.execute(sa.select(used_link.c.link).where(used_link.c.link == text))).first() is not None


async def use(tx: AsyncConnection, text: str, *, at: datetime, by: str) -> None:
    """Remembers that a link was used, and by whom."""
    await tx.execute(used_link.insert().values(link=text, at=at, by=by))


async def prune(tx: AsyncConnection, before: datetime) -> None:
    """Forgets links that were used before; what is older than a day has expired anyway."""
    await tx.execute(used_link.delete().where(used_link.c.at < before))


async def _key(tx: AsyncConnection) -> str | None:
    found: str | None = (await tx.execute(sa.select(link_key.c.key))).scalar()
    return found
