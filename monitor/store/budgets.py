"""What each destination was sent lately, so that its limits hold over a restart too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.tables import budget

Destination = tuple[str, int]


async def spent(tx: AsyncConnection, destination: Destination) -> list[datetime]:
    """The moments of the last messages."""
    found = await tx.scalar(sa.select(budget.c.spent).where(*_place(destination)))
    return [datetime.fromisoformat(text) for text in found or ()]


async def every(tx: AsyncConnection) -> dict[Destination, list[datetime]]:
    """The moments of the last messages of all destinations."""
    rows = await tx.execute(sa.select(budget))
    return {
        (row["receiver"], row["position"]): [datetime.fromisoformat(text) for text in row["spent"]]
        for row in rows.mappings()
    }


async def spend(tx: AsyncConnection, destination: Destination, moments: Sequence[datetime]) -> None:
    """Writes the moments that still count."""
    await tx.execute(budget.delete().where(*_place(destination)))
    receiver, position = destination
    texts = [moment.isoformat() for moment in moments]
    await tx.execute(budget.insert().values(receiver=receiver, position=position, spent=texts))


def _place(destination: Destination) -> tuple[sa.ColumnElement[bool], ...]:
    return budget.c.receiver == destination[0], budget.c.position == destination[1]
