"""How much stands where: for who counts it, and shows no single one of it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.outbox import Standing
from monitor.store.tables import group, outbox


async def verdicts(tx: AsyncConnection) -> dict[tuple[str, str], int]:
    """How many groups of each receiver decided what last: that they spoke, or why they did not."""
    counted = sa.select(group.c.receiver, group.c.verdict, sa.func.count()).group_by(group.c.receiver, group.c.verdict)
    return {(receiver, verdict): number for receiver, verdict, number in await tx.execute(counted)}


async def oldest(tx: AsyncConnection) -> dict[str, datetime]:
    """When the message was written that waits longest, by receiver."""
    found = (
        sa.select(outbox.c.receiver, sa.func.min(outbox.c.created_at).label("since"))
        .where(outbox.c.state == str(Standing.WAITING))
        .group_by(outbox.c.receiver)
    )
    rows: dict[str, datetime] = {row.receiver: row.since for row in await tx.execute(found)}
    return rows
