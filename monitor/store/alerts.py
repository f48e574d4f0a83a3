"""Alerts as they are, and the transitions that made them so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.model import Alert, Cause, InstanceKey, Severity, State, Transition
from monitor.store.raw import document, made, moment, raw
from monitor.store.tables import alert, member, transition

LIVE = (str(State.PENDING), str(State.FIRING), str(State.CLEARING))

SEVERITIES, STATES = {str(one): one for one in Severity}, {str(one): one for one in State}
"""By their names: of ten thousand rows each is looked up."""

ROW = raw(alert)
"""What `alert_of` needs of the table."""


async def save(tx: AsyncConnection, alerts: Sequence[Alert], *, dropped: Iterable[str] = ()) -> None:
    """Writes alerts as they are now; `dropped` are the keys of pending ones that are no more."""
    gone = [{"gone": key} for key in dropped]
    if gone:
        await tx.execute(alert.delete().where(alert.c.key == sa.bindparam("gone")), gone)
    if alerts:
        keys = [{"gone": one.key} for one in alerts]
        await tx.execute(alert.delete().where(alert.c.key == sa.bindparam("gone")), keys)
        await tx.execute(alert.insert(), [_row(one) for one in alerts])


async def append(tx: AsyncConnection, transitions: Sequence[Transition]) -> None:
    """Writes what moved. Transitions that nobody has to hear of need no routing."""
    if transitions:
        await tx.execute(transition.insert(), [_step(one) for one in transitions])


async def live(tx: AsyncConnection) -> list[Alert]:
    """The alerts that are pending, firing or clearing, worst and oldest first."""
    found = await made(await tx.execute(sa.select(*ROW).where(alert.c.state.in_(LIVE))), alert_of)
    return sorted(found, key=lambda one: (not one.state.fires, -one.severity.rank, one.since))


async def known(tx: AsyncConnection, account: str | None = None) -> list[Alert]:
    """Every alert, the resolved ones included; or those about instances of one account and those about none."""
    wanted = sa.select(*ROW)
    if account is not None:
        wanted = wanted.where(alert.c.account.is_(None) | (alert.c.account == account))
    return await made(await tx.execute(wanted), alert_of)


async def resolved(tx: AsyncConnection, *, most: int) -> list[Alert]:
    """The alerts that resolved last, newest first."""
    statement = sa.select(*ROW).where(alert.c.state == str(State.RESOLVED)).order_by(alert.c.resolved_at.desc())
    return await made(await tx.execute(statement.limit(most)), alert_of)


async def by_key(tx: AsyncConnection, keys: Collection[str]) -> dict[str, Alert]:
    """The alerts with these keys, as far as they are known."""
    found = await made(await tx.execute(sa.select(*ROW).where(alert.c.key.in_(keys))), alert_of)
    return {one.key: one for one in found}


async def about(tx: AsyncConnection, key: InstanceKey) -> list[Alert]:
    """Every alert about one instance, the live ones first, each newest first."""
    wanted = sa.select(*ROW).where(alert.c.account == key.account, alert.c.cloud_id == key.id)
    found = await made(await tx.execute(wanted), alert_of)
    return sorted(found, key=lambda one: (str(one.state) not in LIVE, -one.state_since.timestamp()))


async def steps_since(tx: AsyncConnection, keys: Collection[str], since: datetime) -> list[Transition]:
    """The steps of these alerts after `since`, oldest first."""
    statement = sa.select(transition).where(transition.c.alert.in_(keys), transition.c.at > since)
    return [_transition_of(row) for row in (await tx.execute(statement.order_by(transition.c.id))).mappings()]


async def changes(tx: AsyncConnection, groups: Collection[int], *, since: datetime) -> dict[str, list[datetime]]:
    """When each member of these groups began or ceased to fire after `since`, oldest first."""
    fires = (str(State.FIRING), str(State.CLEARING))
    statement = (
        sa.select(transition.c.alert, transition.c.at)
        .where(transition.c.alert.in_(sa.select(member.c.alert).where(member.c.group_id.in_(groups))))
        .where(transition.c.at > since)
        .where(transition.c.before.in_(fires) != transition.c.after.in_(fires))
        .order_by(transition.c.id)
    )
    found: dict[str, list[datetime]] = {}
    for key, at in await tx.execute(statement):
        found.setdefault(key, []).append(at)
    return found


async def steps(tx: AsyncConnection, key: str, *, until: datetime, most: int) -> list[Transition]:
    """The last steps of one alert's life up to `until`, oldest first."""
    statement = sa.select(transition).where(transition.c.alert == key, transition.c.at <= until)
    rows = await tx.execute(statement.order_by(transition.c.id.desc()).limit(most))
    return [_transition_of(row) for row in rows.mappings()][::-1]


async def newest(tx: AsyncConnection) -> int:
    """The row of the last step of any alert, 0 where none is recorded."""
    return int(await tx.scalar(sa.select(sa.func.max(transition.c.id))) or 0)


async def after(tx: AsyncConnection, row: int, *, most: int) -> list[tuple[int, Transition]]:
    """The steps of all alerts that were recorded after that row, oldest first, with their rows."""
    statement = sa.select(transition).where(transition.c.id > row).order_by(transition.c.id).limit(most)
    return [(found["id"], _transition_of(found)) for found in (await tx.execute(statement)).mappings()]


async def unrouted(tx: AsyncConnection, *, most: int) -> list[tuple[int, Transition]]:
    """Transitions that no group was told of yet, oldest first, with their rows."""
    statement = sa.select(transition).where(transition.c.routed.is_(False)).order_by(transition.c.id).limit(most)
    return [(row["id"], _transition_of(row)) for row in (await tx.execute(statement)).mappings()]


async def routed(tx: AsyncConnection, rows: Sequence[int]) -> None:
    """Marks transitions as told to their groups."""
    if rows:
        statement = transition.update().where(transition.c.id == sa.bindparam("row")).values(routed=True)
        await tx.execute(statement, [{"row": row} for row in rows])


async def prune(tx: AsyncConnection, before: datetime) -> None:
    """Forgets transitions before `before` and alerts that resolved before it."""
    await tx.execute(transition.delete().where(transition.c.at < before, transition.c.routed.is_(True)))
    await tx.execute(alert.delete().where(alert.c.state == str(State.RESOLVED), alert.c.resolved_at < before))


async def tally(tx: AsyncConnection) -> tuple[int, int]:
    """How often an alert began to fire, and how often one resolved, as far as is remembered."""
    fires = (str(State.FIRING), str(State.CLEARING))
    fired = transition.c.after.in_(fires) & transition.c.before.not_in(fires)
    resolved = transition.c.before.in_(fires) & (transition.c.after == str(State.RESOLVED))
    counted = sa.select(*(sa.func.coalesce(sa.func.sum(sa.case((one, 1), else_=0)), 0) for one in (fired, resolved)))
    row = (await tx.execute(counted)).one()
    return int(row[0]), int(row[1])


def _row(one: Alert) -> dict[str, Any]:
    return {
        "key": one.key,
        "rule": one.rule,
        "rule_version": one.rule_version,
        "account": one.instance.account if one.instance else None,
        "cloud_id": one.instance.id if one.instance else None,
        "labels": dict(one.labels),
        "severity": str(one.severity),
        "state": str(one.state),
        "since": one.since,
        "state_since": one.state_since,
        "fired_at": one.fired_at,
        "resolved_at": one.resolved_at,
        "cause": str(one.cause),
        "numbers": dict(one.values),
        "numbers_at": one.values_at,
        "annotations": dict(one.annotations),
        "source": one.source,
        "ends_at": one.ends_at,
    }


def alert_of(row: Sequence[Any]) -> Alert:
    """The alert that a row of the table holds, read as `ROW`."""
    key, rule, version, account, cloud_id, labels, severity, state, since, state_since, *others = row
    fired_at, resolved_at, cause, numbers, numbers_at, annotations, source, ends_at = others
    return Alert(
        key=key,
        rule=rule,
        rule_version=version,
        instance=None if account is None else InstanceKey(account, cloud_id),
        labels=document(labels),
        severity=SEVERITIES[severity],
        state=STATES[state],
        since=moment(since),
        state_since=moment(state_since),
        fired_at=moment(fired_at),
        resolved_at=moment(resolved_at),
        cause=Cause(cause),
        values=document(numbers),
        values_at=moment(numbers_at),
        annotations=document(annotations),
        source=source,
        ends_at=moment(ends_at),
    )


def _step(one: Transition) -> dict[str, Any]:
    return {
        "alert": one.alert,
        "at": one.at,
        "before": str(one.before),
        "after": str(one.after),
        "cause": str(one.cause),
        "severity": str(one.severity),
        "rule": one.rule,
        "rule_version": one.rule_version,
        "numbers": dict(one.values),
        "routed": not one.audible,
    }


def _transition_of(row: sa.RowMapping) -> Transition:
    return Transition(
        alert=row["alert"],
        at=row["at"],
        before=State(row["before"]),
        after=State(row["after"]),
        cause=Cause(row["cause"]),
        severity=Severity(row["severity"]),
        rule=row["rule"],
        rule_version=row["rule_version"],
        values=row["numbers"],
    )
