"""Groups of alerts: what each has said, and when it has to be looked at again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.grouping import Decision, Group, Quiet, Said
from monitor.model import Alert, Severity
from monitor.quieting import Hushed, Why
from monitor.routing import Step
from monitor.store.alerts import LIVE, alert_of
from monitor.store.tables import alert, group, member


class Place(NamedTuple):
    """What tells one group from all others."""

    key: str
    receiver: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A group with the row it stands in, and what it decided last."""

    row: int
    group: Group
    verdict: str = ""


async def find(tx: AsyncConnection, keys: Collection[str]) -> dict[Place, Kept]:
    """The groups with these keys, of every receiver."""
    rows = await tx.execute(sa.select(group).where(group.c.key.in_(keys)))
    return {Place(row["key"], row["receiver"]): _kept(row) for row in rows.mappings()}


async def told(tx: AsyncConnection, alerts: Collection[str]) -> dict[str, list[Group]]:
    """The groups that each of these alerts is a member of."""
    rows = await tx.execute(sa.select(group, member.c.alert).join(member).where(member.c.alert.in_(alerts)))
    found: dict[str, list[Group]] = {}
    for row in rows.mappings():
        found.setdefault(row["alert"], []).append(_kept(row).group)
    return found


async def watching(tx: AsyncConnection, key: str) -> list[Kept]:
    """The groups that an alert is a member of, each with what it decided last."""
    rows = await tx.execute(sa.select(group).join(member).where(member.c.alert == key).order_by(group.c.id))
    return [_kept(row) for row in rows.mappings()]


async def flapping(tx: AsyncConnection) -> set[str]:
    """The alerts that people were told to be flapping."""
    said = await tx.scalars(sa.select(group.c.said))
    return {key for each in said for key, one in each.items() if one.get("flapping")}


async def save(tx: AsyncConnection, one: Group, *, row: int | None, verdict: str) -> int:
    """Writes a group, as a new row without `row`; returns its row."""
    values = {
        "key": one.key,
        "receiver": one.receiver,
        "labels": dict(one.labels),
        "wait": one.wait,
        "interval": one.interval,
        "repeat": one.repeat,
        "version": one.version,
        "changed_at": one.changed_at,
        "spoke_at": one.spoke_at,
        "look_at": one.look_at,
        "said": {key: _said(said) for key, said in one.said.items()},
        "verdict": verdict,
        "mute": list(one.mute),
        "active": list(one.active),
        "repeat_limit": one.repeat_limit,
        "step": None if one.step is None else _step(one.step),
        "repeats": one.repeats,
        "held": {key: [str(held.why), held.by] for key, held in one.held.items()},
        "inhibited": any(held.why is Why.INHIBITED for held in one.held.values()),
    }
    if row is None:
        result = await tx.execute(group.insert().values(**values).returning(group.c.id))
        return int(result.scalar_one())
    await tx.execute(group.update().where(group.c.id == row).values(**values))
    return row


async def join(tx: AsyncConnection, row: int, alerts: Iterable[str]) -> None:
    """Makes alerts members of a group; those that are already stay so."""
    keys = set(alerts)
    known = set((await tx.execute(sa.select(member.c.alert).where(member.c.group_id == row))).scalars())
    new = [{"group_id": row, "alert": key} for key in sorted(keys - known)]
    if new:
        await tx.execute(member.insert(), new)


async def everything(tx: AsyncConnection) -> list[tuple[Kept, list[Alert]]]:
    """All groups, each with its members."""
    joined = sa.select(member.c.group_id, alert).join(alert, member.c.alert == alert.c.key)
    members: dict[int, list[Alert]] = {}
    for row in (await tx.execute(joined)).mappings():
        members.setdefault(row["group_id"], []).append(alert_of(row))
    found = [_kept(row) for row in (await tx.execute(sa.select(group).order_by(group.c.id))).mappings()]
    return [(kept, members.get(kept.row, [])) for kept in found]


async def drop(tx: AsyncConnection, rows: Sequence[int]) -> None:
    """Forgets groups."""
    if rows:
        await tx.execute(group.delete().where(group.c.id == sa.bindparam("row")), [{"row": row} for row in rows])


async def due(tx: AsyncConnection, at: datetime, *, most: int) -> list[Kept]:
    """The groups that have to be looked at by now, longest waiting first."""
    rows = await tx.execute(sa.select(group).where(group.c.look_at <= at).order_by(group.c.look_at).limit(most))
    return [_kept(row) for row in rows.mappings()]


async def next_look(tx: AsyncConnection) -> datetime | None:
    """When the next group has to be looked at; None while none waits."""
    found: datetime | None = (
        await tx.execute(sa.select(sa.func.min(group.c.look_at, type_=group.c.look_at.type)))
    ).scalar()
    return found


async def members(tx: AsyncConnection, row: int) -> list[Alert]:
    """The alerts of a group."""
    rows = await tx.execute(
        sa.select(alert).join(member, member.c.alert == alert.c.key).where(member.c.group_id == row)
    )
    return [alert_of(found) for found in rows.mappings()]


async def settle(tx: AsyncConnection, kept: Kept, decision: Decision) -> None:
    """Writes what a group decided; members that it need not watch any longer leave it."""
    if decision.group is None:
        await tx.execute(group.delete().where(group.c.id == kept.row))
        return
    await save(tx, decision.group, row=kept.row, verdict=str(decision.verdict))
    if decision.verdict is not Quiet.WAITING:
        # what people believe to fire is watched until they are told that it is over
        watched = sa.select(alert.c.key).where(alert.c.state.in_(LIVE) | alert.c.key.in_(decision.group.said))
        await tx.execute(member.delete().where(member.c.group_id == kept.row, member.c.alert.not_in(watched)))


async def touch(tx: AsyncConnection, at: datetime, *, about: Collection[str] | None = None) -> None:
    """Has the groups looked at, all of them or those of the alerts `about`: what keeps quiet has changed."""
    later = sa.or_(group.c.look_at.is_(None), group.c.look_at > at)
    if about is not None:
        later &= group.c.id.in_(sa.select(member.c.group_id).where(member.c.alert.in_(about)))
    await tx.execute(group.update().where(later).values(look_at=at))


async def free(tx: AsyncConnection, at: datetime) -> None:
    """Something that inhibits others is over: the groups that hold such back are looked at in their time."""
    rows = await tx.execute(sa.select(group).where(group.c.inhibited.is_(True)))
    for kept in [_kept(row) for row in rows.mappings()]:
        await tx.execute(group.update().where(group.c.id == kept.row).values(look_at=kept.group.freed(at).look_at))


def _said(said: Said) -> dict[str, Any]:
    return {"severity": str(said.severity), "values": dict(said.values), "flapping": said.flapping}


def _step(step: Step) -> dict[str, Any]:
    return {
        "receiver": step.receiver,
        "after": step.after.total_seconds(),
        "unless_acknowledged": step.unless_acknowledged,
    }


def _kept(row: sa.RowMapping) -> Kept:
    said = {
        key: Said(Severity(one["severity"]), one["values"], one.get("flapping", False))
        for key, one in row["said"].items()
    }
    step = row["step"]
    one = Group(
        key=row["key"],
        receiver=row["receiver"],
        labels=row["labels"],
        wait=row["wait"],
        interval=row["interval"],
        repeat=row["repeat"],
        mute=tuple(row["mute"]),
        active=tuple(row["active"]),
        repeat_limit=row["repeat_limit"],
        step=None if step is None else Step(**{**step, "after": timedelta(seconds=step["after"])}),
        version=row["version"],
        repeats=row["repeats"],
        changed_at=row["changed_at"],
        spoke_at=row["spoke_at"],
        look_at=row["look_at"],
        said=said,
        held={key: Hushed(Why(why), by) for key, (why, by) in row["held"].items()},
    )
    return Kept(row["id"], one, row["verdict"])
