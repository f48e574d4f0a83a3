"""The outbox: a message is a row before it is a request, and stays one until it is settled."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.model import Severity
from monitor.notification import Reason
from monitor.store.letters import ROW, letters_of, rows_of
from monitor.store.letters import Letter as Letter
from monitor.store.letters import Standing as Standing
from monitor.store.letters import letter as letter
from monitor.store.tables import outbox

AT_ONCE = 100
"""Messages of one destination that are looked at together."""


async def add(tx: AsyncConnection, letters: Sequence[Letter]) -> None:
    """Puts messages into the outbox, in the caller's transaction."""
    if letters:
        await tx.execute(outbox.insert(), await rows_of(letters))


async def waiting(
    tx: AsyncConnection, *, resting: Collection[tuple[str, int]] = (), paced: Collection[tuple[str, int]] = ()
) -> list[Letter]:
    """The next message of each group and integration: a later one waits for the earlier, unless that is inside it.

    Of each destination the first `AT_ONCE`: those that did not fail yet, the worst, the oldest. None of destinations
    that are `resting`, and only critical ones of those that are `paced`.
    """
    one, earlier = outbox.alias("one"), outbox.alias("earlier")
    blocked = sa.exists().where(
        earlier.c.state == str(Standing.WAITING),
        earlier.c.receiver == one.c.receiver,
        earlier.c.position == one.c.position,
        earlier.c.group_key == one.c.group_key,
        earlier.c.seq < one.c.seq,
        earlier.c.merged_into.is_(None) | (earlier.c.merged_into != one.c.id),
    )
    place = (one.c.receiver, one.c.position)
    row = sa.func.row_number().over(partition_by=place, order_by=(one.c.attempts > 0, one.c.urgency.desc(), one.c.seq))
    free = sa.select(one.c.seq, row.label("place")).where(
        one.c.state == str(Standing.WAITING),
        one.c.merged_into.is_(None),
        sa.tuple_(*place).not_in(list(resting)),
        sa.tuple_(*place).not_in(list(paced)) | (one.c.urgency >= Severity.CRITICAL.rank),
        ~blocked,
    )
    first = free.subquery()
    rows = await tx.execute(
        sa.select(*ROW)
        .select_from(outbox)
        .join(first, first.c.seq == outbox.c.seq)
        .where(first.c.place <= AT_ONCE)
        .order_by(outbox.c.seq)
    )
    return await letters_of(rows)


async def begin(tx: AsyncConnection, one: Letter, at: datetime) -> None:
    """Writes that a try begins."""
    await tx.execute(outbox.update().where(outbox.c.id == one.id).values(tried_at=at))


async def settle(tx: AsyncConnection, one: Letter) -> None:
    """Writes what became of a try; once it is final, what is inside the message shares it."""
    if one.state is not Standing.WAITING:
        final = {"state": str(one.state), "settled_at": one.settled_at, "verdict": one.verdict}
        await tx.execute(outbox.update().where(outbox.c.merged_into == one.id).values(**final))
    await tx.execute(
        outbox.update()
        .where(outbox.c.id == one.id)
        .values(
            state=str(one.state),
            attempts=one.attempts,
            tried_at=one.tried_at,
            next_at=one.next_at,
            settled_at=one.settled_at,
            verdict=one.verdict,
            reason=one.reason,
        )
    )


async def standing(tx: AsyncConnection, names: Collection[str]) -> dict[str, Letter]:
    """How these messages stand, without those inside others, by id."""
    wanted = sa.select(*ROW).where(outbox.c.id.in_(names), outbox.c.merged_into.is_(None))
    return {one.id: one for one in await letters_of(await tx.execute(wanted))}


async def recent(tx: AsyncConnection, *, most: int) -> list[Letter]:
    """The newest messages, whatever became of them."""
    rows = await tx.execute(sa.select(*ROW).order_by(outbox.c.seq.desc()).limit(most))
    return await letters_of(rows)


async def of_messages(tx: AsyncConnection, ids: Collection[str]) -> list[Letter]:
    """What became of these messages, oldest first: a letter for each kind under the receiver's name."""
    first = sa.func.substr(outbox.c.id, 1, 36)
    statement = sa.select(*ROW).where(outbox.c.id.in_(ids) | first.in_(ids)).order_by(outbox.c.seq)
    return await letters_of(await tx.execute(statement))


async def tally(tx: AsyncConnection) -> dict[tuple[str, Standing], int]:
    """How many messages stand where, by receiver."""
    counted = sa.select(outbox.c.receiver, outbox.c.state, sa.func.count()).group_by(outbox.c.receiver, outbox.c.state)
    return {(receiver, Standing(state)): number for receiver, state, number in await tx.execute(counted)}


async def told(tx: AsyncConnection, since: datetime) -> dict[str, int]:
    """How many messages each receiver was sent since then, whatever became of them; several kinds count once, drills
    not at all."""
    counted = (
        sa.select(outbox.c.receiver, sa.func.count())
        .where(outbox.c.created_at >= since, outbox.c.notification["reason"].as_string() != str(Reason.DRILL))
        .group_by(outbox.c.receiver, outbox.c.position)
    )
    found: dict[str, int] = {}
    for receiver, number in await tx.execute(counted):
        found[receiver] = max(number, found.get(receiver, 0))
    return found


async def prune(tx: AsyncConnection, before: datetime) -> None:
    """Forgets messages that were settled before `before`."""
    await tx.execute(outbox.delete().where(outbox.c.settled_at < before))
