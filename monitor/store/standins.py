"""What receivers that stand in for others get of the outbox."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.merging import DIGEST
from monitor.store.letters import ROW, Letter, Standing, letters_of
from monitor.store.tables import outbox

COPY = ".fallback"
"""How the ids of copies for who stands in end, but for the position among its kinds."""

LATELY = 1000
"""Copies that are looked at to know what was heard."""


async def overdue(tx: AsyncConnection, before: datetime, receivers: Collection[str], *, most: int) -> list[Letter]:
    """Messages for `receivers` that wait since `before` or longer and that no fallback got, oldest first."""
    rows = await tx.execute(
        sa.select(*ROW)
        .where(
            outbox.c.state == str(Standing.WAITING),
            outbox.c.created_at <= before,
            outbox.c.fallback == "",
            outbox.c.receiver.in_(receivers),
            # What is inside a digest that is inside another one is handed over by itself.
            outbox.c.merged_into.is_(None) | outbox.c.group_key.not_like(f"{DIGEST}%"),
        )
        .order_by(outbox.c.seq)
        .limit(most)
    )
    return await letters_of(rows)


async def known(tx: AsyncConnection, names: Collection[str]) -> set[str]:
    """Which of these ids messages have."""
    return set(await tx.scalars(sa.select(outbox.c.id).where(outbox.c.id.in_(names))))


async def stood_in(tx: AsyncConnection, one: Letter, fallback: str) -> None:
    """Writes that `fallback` got the message too."""
    await tx.execute(outbox.update().where(outbox.c.id == one.id).values(fallback=fallback))


async def instead(tx: AsyncConnection, one: Letter, fallback: str) -> list[Letter]:
    """What `fallback` got lately, or is to get, in place of a message's receiver, oldest first: what its first kind
    did."""
    told = (outbox.c.state != str(Standing.DEAD)) | (outbox.c.fallback != "")
    # the states are named so that the index serves
    states = outbox.c.state.in_([str(state) for state in Standing])
    mine = states & (outbox.c.receiver == fallback) & (outbox.c.position == 0) & outbox.c.id.like(f"%{COPY}")
    rows = await tx.execute(sa.select(*ROW).where(mine, told).order_by(outbox.c.seq.desc()).limit(LATELY))
    of = one.notification.instead_of or one.receiver
    return [found for found in await letters_of(rows) if found.notification.instead_of == of][::-1]
