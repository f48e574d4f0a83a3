"""Messages that go out inside another one. They wait until that one is settled, and share what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.notification import Notification
from monitor.store.letters import Letter, Standing, dumped, letter_of
from monitor.store.tables import outbox

MOST = 500
"""Ids that one statement names."""


async def mergeable(tx: AsyncConnection, receiver: str, position: int) -> list[Letter]:
    """The messages that wait for a destination, oldest first, without those inside others."""
    rows = await tx.execute(
        sa.select(outbox)
        .where(
            outbox.c.state == str(Standing.WAITING),
            outbox.c.receiver == receiver,
            outbox.c.position == position,
            outbox.c.merged_into.is_(None),
        )
        .order_by(outbox.c.seq)
    )
    return [letter_of(row) for row in rows.mappings()]


async def behind(tx: AsyncConnection, heads: Sequence[Letter]) -> dict[str, list[Letter]]:
    """What waits behind these messages to one destination, each the first of its group, by their groups, oldest first.
    None that was tried, nor what comes after such a one."""
    if not heads:
        return {}
    keys = [one.notification.group_key for one in heads]
    waiting = await tx.execute(
        sa.select(outbox)
        .where(
            outbox.c.state == str(Standing.WAITING),
            outbox.c.receiver == heads[0].receiver,
            outbox.c.position == heads[0].position,
            outbox.c.group_key.in_(keys),
            outbox.c.id.not_in([one.id for one in heads]),
            outbox.c.merged_into.is_(None),
        )
        .order_by(outbox.c.seq)
    )
    found: dict[str, list[Letter]] = {}
    tried: set[str] = set()
    for row in waiting.mappings():
        if row["attempts"]:
            tried.add(row["group_key"])
        elif row["group_key"] not in tried:
            found.setdefault(row["group_key"], []).append(letter_of(row))
    return found


async def inside(tx: AsyncConnection, name: str) -> list[Letter]:
    """The messages inside the one with this id, oldest first."""
    rows = await tx.execute(sa.select(outbox).where(outbox.c.merged_into == name).order_by(outbox.c.seq))
    return [letter_of(row) for row in rows.mappings()]


async def merge(tx: AsyncConnection, names: Sequence[str], into: str) -> None:
    """Puts the messages with these ids, and what is inside them, into another one."""
    for begin in range(0, len(names), MOST):
        some = names[begin : begin + MOST]
        await tx.execute(
            outbox.update()
            .where(outbox.c.id.in_(some) | outbox.c.merged_into.in_(some))
            .values(merged_into=into, reason=f"goes out with {into}")
        )


async def reword(tx: AsyncConnection, name: str, notification: Notification) -> None:
    """Gives a message that was never tried other words."""
    await tx.execute(
        outbox.update()
        .where(outbox.c.id == name)
        .values(notification=dumped(notification), urgency=notification.severity.rank)
    )
