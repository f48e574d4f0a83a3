"""The audit: who did what, until retention forgets it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.access import Way
from monitor.audit import Act, Entry
from monitor.store.people_tables import audit


async def write(tx: AsyncConnection, one: Entry) -> None:
    """Writes an entry, in the transaction of what it tells of."""
    row = {"way": str(one.way), "name": one.name, "address": one.address}
    await tx.execute(audit.insert().values(at=one.at, act=str(one.act), subject=one.subject, detail=one.detail, **row))


async def page(
    tx: AsyncConnection, *, most: int, before: int | None = None, about: Collection[str] = ()
) -> list[Entry]:
    """The newest entries first, those older than the entry `before`; with `about` only those of these subjects."""
    statement = sa.select(audit).order_by(audit.c.id.desc()).limit(most)
    if before is not None:
        statement = statement.where(audit.c.id < before)
    if about:
        statement = statement.where(audit.c.subject.in_(about))
    return [_entry(row) for row in (await tx.execute(statement)).mappings()]


async def prune(tx: AsyncConnection, before: datetime) -> None:
    """Forgets what was done before."""
    await tx.execute(audit.delete().where(audit.c.at < before))


def _entry(row: sa.RowMapping) -> Entry:
    return Entry(
        at=row["at"],
        way=Way(row["way"]),
        name=row["name"],
        address=row["address"],
        act=Act(row["act"]),
        subject=row["subject"],
        detail=row["detail"],
        id=row["id"],
    )
