"""What people see of the outbox, and what they do there by hand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.letters import ROW, Letter, Standing, letter_of
from monitor.store.raw import made_long
from monitor.store.tables import outbox


class Slip(NamedTuple):
    """A message without its words. `next_at` is None once nothing more is tried; `settled_at` until then."""

    id: str
    receiver: str
    kind: str
    state: Standing
    verdict: str
    reason: str
    attempts: int
    next_at: datetime | None
    merged_into: str | None
    seq: int
    created_at: datetime
    settled_at: datetime | None


_COLUMNS = tuple(outbox.c[name] for name in Slip._fields)
_DELIVERED = sa.case((outbox.c.state == str(Standing.SENT), 1), else_=0)


async def listed(
    tx: AsyncConnection,
    *,
    states: Collection[Standing] = tuple(Standing),
    most: int,
    after: Sequence[int | str] | None = None,
) -> list[Slip]:
    """The messages in these states: what was not delivered before what was, each newest first; `after` the one that is
    delivered (1) or not (0) and has this `seq`."""
    wanted = sa.select(*_COLUMNS).where(outbox.c.state.in_([str(one) for one in states]))
    if after is not None:
        group, seq = after
        wanted = wanted.where((group < _DELIVERED) | (_DELIVERED.in_([group]) & (outbox.c.seq < seq)))
    return [_slip(row) for row in await tx.execute(wanted.order_by(_DELIVERED, outbox.c.seq.desc()).limit(most))]


async def recent(tx: AsyncConnection, *, most: int) -> list[Slip]:
    """The newest messages, whatever became of them."""
    return [_slip(row) for row in await tx.execute(sa.select(*_COLUMNS).order_by(outbox.c.seq.desc()).limit(most))]


class Shown(NamedTuple):
    """A whole message, and the one that it goes out with, if any."""

    letter: Letter
    merged_into: str | None


async def page(
    tx: AsyncConnection, *, states: Collection[Standing] = tuple(Standing), receiver: str = "", skip: int, most: int
) -> list[Shown]:
    """As `listed`, whole, from the place `skip` on; only those for `receiver` where one is given."""
    wanted = sa.select(*ROW).where(outbox.c.state.in_([str(one) for one in states]))
    wanted = wanted.where(outbox.c.receiver == receiver) if receiver else wanted
    rows = await tx.execute(wanted.order_by(_DELIVERED, outbox.c.seq.desc()).offset(skip).limit(most))
    return await made_long(rows, _shown, "notification")


async def whole(tx: AsyncConnection, name: str) -> Shown | None:
    """One message as a whole."""
    found = await made_long(await tx.execute(sa.select(*ROW).where(outbox.c.id == name)), _shown, "notification")
    return found[0] if found else None


async def given_up(tx: AsyncConnection, receiver: str) -> list[str]:
    """The messages for a receiver that were given up and go out with no other one, oldest first."""
    dead = (outbox.c.receiver == receiver, outbox.c.state == str(Standing.DEAD), outbox.c.merged_into.is_(None))
    return list(await tx.scalars(sa.select(outbox.c.id).where(*dead).order_by(outbox.c.seq)))


async def find(tx: AsyncConnection, name: str) -> Slip | None:
    """One message."""
    row = (await tx.execute(sa.select(*_COLUMNS).where(outbox.c.id == name))).first()
    return _slip(row) if row else None


async def retry(tx: AsyncConnection, name: str, at: datetime) -> None:
    """Has an undelivered message tried at once, and for as long as a new one."""
    await tx.execute(
        outbox.update()
        .where(outbox.c.id == name, outbox.c.state != str(Standing.SENT))
        .values(state=str(Standing.WAITING), next_at=at, retried_at=at, settled_at=None)
    )


async def drop(tx: AsyncConnection, name: str) -> None:
    """Forgets an undelivered message, and those inside it."""
    mine = (outbox.c.id == name) | (outbox.c.merged_into == name)
    await tx.execute(outbox.delete().where(mine, outbox.c.state != str(Standing.SENT)))


def _slip(row: Sequence[Any]) -> Slip:
    name, receiver, kind, state, verdict, reason, attempts, next_at, inside, seq, created_at, settled_at = row
    standing = Standing(state)
    planned = next_at if standing is Standing.WAITING else None
    words = (verdict or "", reason)
    return Slip(name, receiver, kind, standing, *words, attempts, planned, inside, seq, created_at, settled_at)


def _shown(row: sa.RowMapping) -> Shown:
    return Shown(letter_of(row), row["merged_into"])
