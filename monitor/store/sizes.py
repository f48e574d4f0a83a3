"""What there is to know of the database itself: which kind it is, how large, how far back it remembers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.tables import instance, run

_BYTES = {
    "sqlite": "SELECT (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size())",
    "postgresql": "SELECT pg_database_size(current_database())",
}


@dataclass(frozen=True, slots=True)
class Size:
    """`dialect` is SQLAlchemy's name of the kind; `bytes` what the database takes; `since` when the earliest history
    that it still has ended, None without any; `instances` how many are known."""

    dialect: str
    bytes: int
    since: datetime | None
    instances: int


async def size(tx: AsyncConnection) -> Size:
    """The size now."""
    dialect = tx.dialect.name
    taken = (await tx.exec_driver_sql(_BYTES[dialect])).scalar_one()
    since = (await tx.execute(sa.select(sa.func.min(run.c.ended_at, type_=run.c.ended_at.type)))).scalar_one()
    known = (await tx.execute(sa.select(sa.func.count()).select_from(instance))).scalar_one()
    return Size(dialect, int(taken), since, int(known))
