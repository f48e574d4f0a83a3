"""The nodes that share this database, and which of them polls which account. Only on PostgreSQL.

All of it goes by the database's clock. A node lives while it renews its row. Once its row has run out another buries
it: from then on, and never before, what it held is free. A node whose row is gone knows that it has nothing any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.sharing import FROM_MEMORY, Member
from monitor.store.columns import Moment
from monitor.store.node_tables import claim, lease, node
from monitor.store.transactions import CHANNEL

MOVED = "nodes"
"""What the other nodes hear when one came, went or left something."""


@dataclass(frozen=True, slots=True)
class Node:
    """What a node says of itself. `beyond` are the accounts that it cannot reach."""

    id: str
    name: str
    address: str
    version: str
    accounts: Collection[str]
    beyond: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """A lease that this node has now. `spent`: how many seconds before now each request may have arrived that the
    account's quota still counts; None where nobody knows. `stray` as of `Lease`."""

    account: str
    epoch: int
    spent: Sequence[float] | None
    stray: float | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds an account; nobody where `holder` is empty. `stray`: for how many more seconds a node that was cut off
    may poll it from memory, negative where that is over; None: there was none."""

    account: str
    holder: str
    epoch: int
    since: datetime
    stray: float | None = None


async def join(tx: AsyncConnection, me: Node, length: timedelta, *, before: str = "") -> None:
    """A new node. `before` is what it was until now, and is gone for sure: what that held is free at once, and from
    memory it polls nothing."""
    if before:
        await tx.execute(node.delete().where(node.c.id == before))
        its = sa.select(lease.c.account).where(lease.c.holder == before).with_for_update(skip_locked=True)
        left = {"holder": "", "since": _now(), "spent": None}
        await tx.execute(lease.update().where(lease.c.account.in_(its)).values(**left))
        await tx.execute(lease.update().where(lease.c.stray == before).values(stray="", stray_until=_now()))
    values = {"id": me.id, "name": me.name, "address": me.address, "version": me.version}
    times = {"started_at": _now(), "until": _now(length)}
    await tx.execute(node.insert().values(**values, **times, accounts=sorted(me.accounts), leaving=False))


async def beat(tx: AsyncConnection, me: Node, length: timedelta, *, leaving: bool = False) -> bool:
    """Lives on for `length`; False: it was buried, nothing is its own any more."""
    values = {"until": _now(length), "leaving": leaving, "address": me.address}
    values |= {"accounts": sorted(me.accounts), "beyond": sorted(me.beyond)}
    return (await tx.execute(node.update().where(node.c.id == me.id).values(**values))).rowcount == 1


async def bury(tx: AsyncConnection) -> list[str]:
    """Buries the nodes that did not renew their rows in time; their ids. One that is just renewing is let be."""
    over = sa.select(node.c.id).where(node.c.until < _now()).with_for_update(skip_locked=True)
    return list(await tx.scalars(node.delete().where(node.c.id.in_(over)).returning(node.c.id)))


async def tell(tx: AsyncConnection) -> None:
    """Has the other nodes look, once the transaction is committed."""
    await tx.execute(sa.select(sa.func.pg_notify(CHANNEL, MOVED)))


async def depart(tx: AsyncConnection, me: str) -> None:
    """A node that has ended."""
    await tx.execute(node.delete().where(node.c.id == me))


async def members(tx: AsyncConnection) -> list[Member]:
    """The nodes that are not buried."""
    rows = await tx.execute(sa.select(node).order_by(node.c.id))
    return [Member(row.id, frozenset(row.accounts), row.leaving, frozenset(row.beyond)) for row in rows]


async def known(tx: AsyncConnection) -> list[tuple[Node, datetime, datetime]]:
    """The nodes, each with when it started and until when it lives if it is not heard of again; by name."""
    rows = (await tx.execute(sa.select(node).order_by(node.c.name, node.c.started_at))).mappings()
    said = ("id", "name", "address", "version", "accounts", "beyond")
    return [(Node(*(row[name] for name in said)), row["started_at"], row["until"]) for row in rows]


async def leases(tx: AsyncConnection) -> list[Lease]:
    """All of them, by account."""
    columns = (lease.c.account, lease.c.holder, lease.c.epoch, lease.c.since, lease.c.stray_until, _now().label("at"))
    rows = await tx.execute(sa.select(*columns).order_by(lease.c.account))
    return [Lease(*row[:4], _left(row.stray_until, row.at)) for row in rows]


async def provide(tx: AsyncConnection, accounts: Collection[str]) -> None:
    """Makes leases for accounts that have none."""
    rows = [{"account": one, "holder": "", "epoch": 0} for one in sorted(accounts)]
    if rows:
        new = insert(lease).values([{**row, "since": _now(), "spent": []} for row in rows])
        await tx.execute(new.on_conflict_do_nothing())


async def take(tx: AsyncConnection, accounts: Collection[str], me: str) -> list[Taken]:
    """Takes those of these leases that nobody holds who is not buried. Who is being judged just now waits for the next
    time: a frozen node may hold its row."""
    free = lease.c.holder.not_in(sa.select(node.c.id))
    mine = sa.exists().where(node.c.id == me)
    wanted = sa.select(lease).where(lease.c.account.in_(accounts), free, mine).with_for_update(skip_locked=True)
    found = (await tx.execute(wanted)).mappings().all()
    at = (await tx.execute(sa.select(_now()))).scalar_one()
    taken = []
    for row in found:
        again = {"holder": me, "epoch": row["epoch"] + 1, "since": at, "spent": None}
        stray_until = row["stray_until"]
        # Who was left room for another polls nothing from memory, so there is one at most.
        if row["holder"] and (stray_until is None or stray_until <= at):
            stray_until = at + FROM_MEMORY
            again |= {"stray": row["holder"], "stray_until": stray_until}
        await tx.execute(lease.update().where(lease.c.account == row["account"]).values(**again))
        gone = (at - row["since"]).total_seconds()
        spent = None if row["holder"] or row["spent"] is None else [age + gone for age in row["spent"]]
        taken.append(Taken(row["account"], row["epoch"] + 1, spent, _left(stray_until, at)))
    return taken


async def release(tx: AsyncConnection, account: str, me: str, epoch: int, spent: Sequence[float] | None) -> None:
    """Leaves a lease to whoever comes next, with what was spent of the account's quota."""
    mine = (lease.c.account == account, lease.c.holder == me, lease.c.epoch == epoch)
    await tx.execute(lease.update().where(*mine).values(holder="", since=_now(), spent=spent))


async def drop(tx: AsyncConnection, account: str, me: str, epoch: int) -> None:
    """Removes the lease of an account that is gone from every policy."""
    await tx.execute(lease.delete().where(lease.c.account == account, lease.c.holder == me, lease.c.epoch == epoch))


async def fence(tx: AsyncConnection, epochs: Mapping[str, int], me: str) -> set[str]:
    """Which of these leases `me` still holds with these epochs. Nobody takes them before the transaction ends."""
    wanted = sa.select(lease.c.account, lease.c.epoch).where(lease.c.account.in_(epochs), lease.c.holder == me)
    rows = await tx.execute(wanted.with_for_update(read=True))
    return {account for account, epoch in rows if epochs[account] == epoch}


async def claimed(tx: AsyncConnection, receiver: str, position: int, me: str) -> tuple[bool, datetime | None]:
    """Takes a destination that nobody else serves who is not buried; whether, and until when it wants to rest."""
    row = {"receiver": receiver, "position": position, "holder": ""}
    await tx.execute(insert(claim).values(**row).on_conflict_do_nothing())
    free = claim.c.holder.not_in(sa.select(node.c.id)) | (claim.c.holder == me)
    alive = sa.exists().where(node.c.id == me)
    place = (claim.c.receiver == receiver, claim.c.position == position)
    wanted = sa.select(claim.c.rests_until).where(*place, free, alive).with_for_update(skip_locked=True)
    found = (await tx.execute(wanted)).first()
    if found is None:
        return False, None
    await tx.execute(claim.update().where(*place).values(holder=me))
    return True, found[0]


async def served(tx: AsyncConnection, receiver: str, position: int, me: str, rests_until: datetime | None) -> None:
    """Gives a destination back."""
    place = (claim.c.receiver == receiver, claim.c.position == position, claim.c.holder == me)
    await tx.execute(claim.update().where(*place).values(holder="", rests_until=rests_until))


async def serves(tx: AsyncConnection, receiver: str, position: int, me: str) -> bool:
    """Whether a destination is still served by `me`; if so nobody takes it before the transaction ends."""
    place = (claim.c.receiver == receiver, claim.c.position == position, claim.c.holder == me)
    return (await tx.execute(sa.select(claim.c.holder).where(*place).with_for_update(read=True))).first() is not None


def _left(until: datetime | None, at: datetime) -> float | None:
    return None if until is None else (until - at).total_seconds()


def _now(later: timedelta = timedelta()) -> sa.ColumnElement[Any]:
    """The database's clock, and a moment after it."""
    microseconds = sa.cast(sa.extract("epoch", sa.func.clock_timestamp()) * 1_000_000, sa.BigInteger)
    return sa.type_coerce(microseconds + later // timedelta(microseconds=1), Moment)
