"""Groups of alerts: what each has said, and when it has to be looked at again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.apart import apart
from monitor.grouping import Decision, Group, Quiet, Said
from monitor.model import Alert, Severity
from monitor.quieting import Hushed, Why
from monitor.routing import Step
from monitor.store.alerts import LIVE, ROW, alert_of
from monitor.store.raw import document, made, made_long, moment, raw
from monitor.store.tables import alert, group, member

_GROUP = raw(group)
_AT_ONCE = 500
"""Rows that are written in one statement."""


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
    found = await _read(tx, sa.select(*_GROUP).where(group.c.key.in_(keys)))
    return {Place(one.group.key, one.group.receiver): one for one in found}


async def told(tx: AsyncConnection, alerts: Collection[str]) -> dict[str, list[Group]]:
    """The groups that each of these alerts is a member of."""
    # A group may be large and have all of these alerts: it is read once.
    joined = [(row, key) for key, row in await tx.execute(_places(member.c.alert.in_(alerts)))]
    read = await _read(tx, sa.select(*_GROUP).where(group.c.id.in_({row for row, _ in joined})))
    known = {one.row: one.group for one in read}
    found: dict[str, list[Group]] = {}
    for row, key in sorted(joined):
        found.setdefault(key, []).append(known[row])
    return found


async def watching(tx: AsyncConnection, key: str) -> list[Kept]:
    """The groups that an alert is a member of, each with what it decided last."""
    mine = sa.select(*_GROUP).select_from(group).join(member).where(member.c.alert == key)
    return await _read(tx, mine.order_by(group.c.id))


async def flapping(tx: AsyncConnection) -> set[str]:
    """The alerts that people were told to be flapping."""
    said = await tx.scalars(sa.select(group.c.said))
    return {key for each in said for key, one in each.items() if one.get("flapping")}


async def add(tx: AsyncConnection, new: Sequence[Group], *, verdict: str) -> list[Kept]:
    """Writes groups that the store does not know yet."""
    if not new:
        return []
    written = group.insert().returning(group.c.id, group.c.key, group.c.receiver)
    rows = await tx.execute(written, [_row(one, verdict) for one in new])
    found = {Place(key, receiver): row for row, key, receiver in rows}
    return [Kept(found[Place(one.key, one.receiver)], one, verdict) for one in new]


async def save(tx: AsyncConnection, known: Sequence[Kept]) -> None:
    """Writes groups that the store knows as they are now."""
    if known:
        changed = group.update().where(group.c.id == sa.bindparam("row"))
        size = sum(len(one.group.said) for one in known)
        rows = await apart(lambda: [{"row": one.row, **_row(one.group, one.verdict)} for one in known], size=size)
        await tx.execute(changed, rows)


async def join(tx: AsyncConnection, joining: Mapping[int, Collection[str]]) -> None:
    """Makes alerts members of the groups in these rows; those that are already stay so."""
    known = {(row, key) for key, row in await tx.execute(_places(member.c.group_id.in_(joining)))}
    new = [(row, key) for row, keys in joining.items() for key in sorted(keys) if (row, key) not in known]
    for begin in range(0, len(new), _AT_ONCE):
        some = new[begin : begin + _AT_ONCE]
        await tx.execute(member.insert(), [{"group_id": row, "alert": key} for row, key in some])


async def everything(tx: AsyncConnection) -> list[tuple[Kept, list[Alert]]]:
    """All groups, each with its members."""
    joining: dict[int, list[Alert]] = {}
    for row, one in await made(await tx.execute(_MEMBERS), _member_of):
        joining.setdefault(row, []).append(one)
    found = await _read(tx, sa.select(*_GROUP).order_by(group.c.id))
    return [(kept, joining.get(kept.row, [])) for kept in found]


async def drop(tx: AsyncConnection, rows: Sequence[int]) -> None:
    """Forgets groups."""
    if rows:
        await tx.execute(group.delete().where(group.c.id == sa.bindparam("row")), [{"row": row} for row in rows])


async def due(tx: AsyncConnection, at: datetime, *, most: int) -> list[Kept]:
    """The groups that have to be looked at by now, longest waiting first."""
    return await _read(tx, sa.select(*_GROUP).where(group.c.look_at <= at).order_by(group.c.look_at).limit(most))


async def next_look(tx: AsyncConnection) -> datetime | None:
    """When the next group has to be looked at; None while none waits."""
    found: datetime | None = (
        await tx.execute(sa.select(sa.func.min(group.c.look_at, type_=group.c.look_at.type)))
    ).scalar()
    return found


async def members(tx: AsyncConnection, rows: Collection[int]) -> dict[int, list[Alert]]:
    """The alerts of the groups in these rows."""
    found: dict[int, list[Alert]] = {row: [] for row in rows}
    for row, one in await made(await tx.execute(_MEMBERS.where(member.c.group_id.in_(rows))), _member_of):
        found[row].append(one)
    return found


async def settle(tx: AsyncConnection, decided: Sequence[tuple[Kept, Decision]]) -> None:
    """Writes what groups decided; members that they need not watch any longer leave them."""
    await drop(tx, [kept.row for kept, decision in decided if decision.group is None])
    going_on = [
        Kept(kept.row, decision.group, str(decision.verdict))
        for kept, decision in decided
        if decision.group is not None
    ]
    await save(tx, going_on)
    # What people believe to fire is watched until they are told that it is over.
    told = {one.row: one.group.said for one in going_on if one.verdict != Quiet.WAITING}
    dead = sa.select(member.c.alert, member.c.group_id).outerjoin(alert, alert.c.key == member.c.alert)
    over = alert.c.state.is_(None) | alert.c.state.not_in(LIVE)
    rows = await tx.execute(dead.where(member.c.group_id.in_(told), over))
    leaving = [{"row": row, "key": key} for key, row in rows if key not in told[row]]
    gone = (member.c.group_id == sa.bindparam("row")) & (member.c.alert == sa.bindparam("key"))
    for begin in range(0, len(leaving), _AT_ONCE):
        await tx.execute(member.delete().where(gone), leaving[begin : begin + _AT_ONCE])


async def touch(tx: AsyncConnection, at: datetime, *, about: Collection[str] | None = None) -> None:
    """Has the groups looked at, all of them or those of the alerts `about`: what keeps quiet has changed."""
    later = sa.or_(group.c.look_at.is_(None), group.c.look_at > at)
    if about is not None:
        later &= group.c.id.in_(sa.select(member.c.group_id).where(member.c.alert.in_(about)))
    await tx.execute(group.update().where(later).values(look_at=at))


async def free(tx: AsyncConnection, at: datetime) -> None:
    """Something that inhibits others is over: the groups that hold such back are looked at in their time."""
    for kept in await _read(tx, sa.select(*_GROUP).where(group.c.inhibited.is_(True))):
        await tx.execute(group.update().where(group.c.id == kept.row).values(look_at=kept.group.freed(at).look_at))


_MEMBERS = sa.select(member.c.group_id, *ROW).select_from(member).join(alert, member.c.alert == alert.c.key)


def _member_of(row: Sequence[Any]) -> tuple[int, Alert]:
    return row[0], alert_of(row[1:])


async def _read(tx: AsyncConnection, wanted: sa.Select[Any]) -> list[Kept]:
    """Groups, some of which may have said much."""
    return await made_long(await tx.execute(wanted), _kept, "said")


def _places(which: sa.ColumnElement[bool]) -> sa.Select[str, int]:
    """Which alerts are members of which groups."""
    return sa.select(member.c.alert, member.c.group_id).where(which)


def _row(one: Group, verdict: str) -> dict[str, Any]:
    return {
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


def _said(said: Said) -> dict[str, Any]:
    return {"severity": str(said.severity), "values": dict(said.values), "flapping": said.flapping, "owner": said.owner}


def _step(step: Step) -> dict[str, Any]:
    return {
        "receiver": step.receiver,
        "after": step.after.total_seconds(),
        "unless_acknowledged": step.unless_acknowledged,
    }


def _kept(row: sa.RowMapping) -> Kept:
    said = {
        key: Said(Severity(one["severity"]), one["values"], one.get("flapping", False), one.get("owner", ""))
        for key, one in document(row["said"]).items()
    }
    step = document(row["step"])
    one = Group(
        key=row["key"],
        receiver=row["receiver"],
        labels=document(row["labels"]),
        wait=row["wait"],
        interval=row["interval"],
        repeat=row["repeat"],
        mute=tuple(document(row["mute"])),
        active=tuple(document(row["active"])),
        repeat_limit=row["repeat_limit"],
        step=None if step is None else Step(**{**step, "after": timedelta(seconds=step["after"])}),
        version=row["version"],
        repeats=row["repeats"],
        changed_at=moment(row["changed_at"]),
        spoke_at=moment(row["spoke_at"]),
        look_at=moment(row["look_at"]),
        said=said,
        held={key: Hushed(Why(why), by) for key, (why, by) in document(row["held"]).items()},
    )
    return Kept(row["id"], one, row["verdict"])
