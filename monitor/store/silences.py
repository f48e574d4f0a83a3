"""Silences, those that are over among them until retention forgets them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor import matchers
from monitor.silences import Ended, Silence
from monitor.store.people_tables import silence


async def save(tx: AsyncConnection, one: Silence) -> None:
    """Writes a silence as it is now."""
    await tx.execute(silence.delete().where(silence.c.id == one.id))
    await tx.execute(silence.insert().values(**_row(one)))


async def find(tx: AsyncConnection, name: str) -> Silence | None:
    """The silence with this id."""
    row = (await tx.execute(sa.select(silence).where(silence.c.id == name))).mappings().first()
    return _silence(row) if row else None


async def every(tx: AsyncConnection) -> list[Silence]:
    """All that are known, the one that ends last first."""
    rows = await tx.execute(sa.select(silence).order_by(silence.c.ends_at.desc(), silence.c.id))
    return [_silence(row) for row in rows.mappings()]


async def current(tx: AsyncConnection, at: datetime) -> list[Silence]:
    """Those that are not over at `at`, in the order in which they began."""
    rows = await tx.execute(
        sa.select(silence).where(silence.c.ends_at > at).order_by(silence.c.starts_at, silence.c.id)
    )
    return [_silence(row) for row in rows.mappings()]


async def prune(tx: AsyncConnection, before: datetime) -> None:
    """Forgets those that ended before."""
    await tx.execute(silence.delete().where(silence.c.ends_at < before))


def _row(one: Silence) -> dict[str, Any]:
    return {
        "id": one.id,
        "matchers": str(one.matchers),
        "unless": None if one.unless is None else str(one.unless),
        "until_resolved": one.until_resolved,
        "window": one.window,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "updated_at": one.updated_at,
        "created_by": one.created_by,
        "comment": one.comment,
        "ended": str(one.ended),
    }


def _silence(row: sa.RowMapping) -> Silence:
    return Silence(
        id=row["id"],
        matchers=matchers.parse(row["matchers"]),
        unless=None if row["unless"] is None else matchers.parse(row["unless"]),
        until_resolved=row["until_resolved"],
        window=row["window"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        updated_at=row["updated_at"],
        created_by=row["created_by"],
        comment=row["comment"],
        ended=Ended(row["ended"]),
    )
