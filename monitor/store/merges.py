"""Messages that go out inside another one. They wait until that one is settled, and share what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.notification import Notification
from monitor.store.letters import ROW, Letter, Standing, dumped, letters_of
from monitor.store.tables import outbox

MOST = 500
"""Ids that one statement names."""


async def mergeable(tx: AsyncConnection, receiver: str, position: int) -> list[Letter]:
    """The messages that wait for a destination, oldest first, without those inside others."""
    rows = await tx.execute(
        sa.select(*ROW)
        .where(
            outbox.c.state == str(Standing.WAITING),
            outbox.c.receiver == receiver,
            outbox.c.position == position,
            outbox.c.merged_into.is_(None),
        )
        .order_by(outbox.c.seq)
    )
    return await letters_of(rows)


async def in_digests(tx: AsyncConnection, receiver: str, position: int) -> set[str]:
    """The groups of which a message waits for a destination inside a digest: what is newer has to wait for that."""
    whole = outbox.alias()
    rows = await tx.scalars(
        sa.select(outbox.c.group_key)
        .join(whole, (whole.c.id == outbox.c.merged_into) & (whole.c.group_key != outbox.c.group_key))
        .where(
            outbox.c.state == str(Standing.WAITING),
            outbox.c.receiver == receiver,
            outbox.c.position == position,
        )
        .distinct()
    )
    return set(rows)


async def behind(tx: AsyncConnection, heads: Sequence[Letter]) -> dict[str, list[Letter]]:
    """What waits behind these messages to one destination, each the first of its group, by their groups, oldest first.
    None that was tried, nor what comes after such a one."""
    if not heads:
        return {}
    keys = [one.notification.group_key for one in heads]
    waiting = await tx.execute(
        sa.select(*ROW)
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
    for one in await letters_of(waiting):
        group = one.notification.group_key
        if one.attempts:
            tried.add(group)
        elif group not in tried:
            found.setdefault(group, []).append(one)
    return found


async def unheard(tx: AsyncConnection, heads: Sequence[Letter]) -> dict[str, list[Letter]]:
    """The messages to one destination that were given up since something of their group was last delivered there, by
    the groups of these messages, oldest first."""
    if not heads:
        return {}
    keys = [one.notification.group_key for one in heads]
    later = outbox.alias()
    told = sa.exists().where(
        later.c.state == str(Standing.SENT),
        later.c.receiver == outbox.c.receiver,
        later.c.position == outbox.c.position,
        later.c.group_key == outbox.c.group_key,
        later.c.seq > outbox.c.seq,
    )
    rows = await tx.execute(
        sa.select(*ROW)
        .where(
            outbox.c.state == str(Standing.DEAD),
            outbox.c.receiver == heads[0].receiver,
            outbox.c.position == heads[0].position,
            outbox.c.group_key.in_(keys),
            ~told,
        )
        .order_by(outbox.c.seq)
    )
    found: dict[str, list[Letter]] = {}
    for one in await letters_of(rows):
        found.setdefault(one.notification.group_key, []).append(one)
    return found


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
