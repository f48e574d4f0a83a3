"""What was said last to each destination about each group, where it can be changed or has to be said again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.letters import ROW, Letter, Standing, letters_of
from monitor.store.tables import group, living, outbox


@dataclass(frozen=True, slots=True)
class Living:
    """One message that lives: `ref` in its notifier's words, empty if it cannot be changed; the `letter` that said it;
    when to say it `again_at`, None for never."""

    letter: str
    ref: str
    again_at: datetime | None


async def find(tx: AsyncConnection, one: Letter) -> Living | None:
    """What was said last of the letter's group to its destination, by a notifier of the same kind."""
    found = (await tx.execute(sa.select(living).where(*_place(one), living.c.kind == one.kind))).mappings().first()
    return Living(found["letter"], found["ref"], found["again_at"]) if found else None


async def keep(tx: AsyncConnection, one: Letter, *, ref: str, again_at: datetime | None) -> None:
    """Writes what the letter, now delivered, left behind; nothing is left of one without both."""
    await tx.execute(living.delete().where(*_place(one)))
    if ref or again_at is not None:
        place = {"receiver": one.receiver, "position": one.position, "group_key": one.notification.group_key}
        await tx.execute(living.insert().values(**place, kind=one.kind, letter=one.id, ref=ref, again_at=again_at))


async def due(tx: AsyncConnection, at: datetime) -> list[Letter]:
    """The letters that have to be said again by now, unless something newer of the same group waits to be said."""
    later = outbox.alias()
    newer = sa.exists().where(
        later.c.receiver == living.c.receiver,
        later.c.position == living.c.position,
        later.c.group_key == living.c.group_key,
        later.c.state == str(Standing.WAITING),
    )
    said = sa.select(*ROW).select_from(outbox).join(living, living.c.letter == outbox.c.id)
    return await letters_of(await tx.execute(said.where(living.c.again_at <= at, ~newer).order_by(outbox.c.seq)))


async def next_again(tx: AsyncConnection) -> datetime | None:
    """When the next letter has to be said again; None if none has."""
    found: datetime | None = (
        await tx.execute(sa.select(sa.func.min(living.c.again_at, type_=living.c.again_at.type)))
    ).scalar()
    return found


async def forget_orphans(tx: AsyncConnection) -> None:
    """Removes what was said of groups that are gone, and by letters that are."""
    kept = sa.exists().where(group.c.key == living.c.group_key, group.c.receiver == living.c.receiver)
    known = sa.exists().where(outbox.c.id == living.c.letter)
    await tx.execute(living.delete().where(~kept | ~known))


def _place(one: Letter) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        living.c.receiver == one.receiver,
        living.c.position == one.position,
        living.c.group_key == one.notification.group_key,
    )
