"""What receivers that stand in for others get of the outbox."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.merging import DIGEST
from monitor.store.letters import ROW, Letter, Standing, letters_of
from monitor.store.tables import outbox

COPY = ".fallback"
"""How the ids of copies for who stands in end, but for the position among its kinds."""


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


async def instead(tx: AsyncConnection, letters: Sequence[Letter], fallback: str) -> list[Letter]:
    """What `fallback` got, or is to get, in place of the receiver of these messages: of their groups, and in digests,
    oldest first. Of several kinds it is what the first one did."""
    names, inner = [one.id for one in letters], outbox.alias()
    groups = sa.select(inner.c.group_key).where(inner.c.id.in_(names) | inner.c.merged_into.in_(names))
    told = (outbox.c.state != str(Standing.DEAD)) | (outbox.c.fallback != "")
    # the states are named so that the index serves
    states = outbox.c.state.in_([str(state) for state in Standing])
    mine = states & (outbox.c.receiver == fallback) & (outbox.c.position == 0) & outbox.c.id.like(f"%{COPY}")
    about = outbox.c.group_key.in_(groups) | outbox.c.group_key.like(f"{DIGEST}%")
    found = await letters_of(await tx.execute(sa.select(*ROW).where(mine, told, about).order_by(outbox.c.seq)))
    receivers = {one.notification.instead_of or one.receiver for one in letters}
    return [one for one in found if one.notification.instead_of in receivers]
