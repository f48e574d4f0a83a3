"""What was polled, kept as runs: a row when something changed, not a row a poll."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.model import KINDS, STATUSES, Counts, Failure, FailureKind, InstanceKey, Run
from monitor.store.columns import Moment
from monitor.store.raw import made, moment, raw
from monitor.store.tables import instance, run

_COUNTS = {kind: tuple(f"{kind}_{status}" for status in STATUSES) for kind in KINDS}
_AT_ONCE = 200

ROW = raw(run)
"""What `run_of` needs of the table."""


async def begin(tx: AsyncConnection, rows: Sequence[tuple[int, Run]]) -> None:
    """Writes runs that began, by the row of their instance."""
    if rows:
        await tx.execute(run.insert(), [{"instance_id": row_id, **_row(one)} for row_id, one in rows])


async def extend(tx: AsyncConnection, rows: Sequence[tuple[int, Run]]) -> None:
    """Writes how far known runs have come."""
    if not rows:
        return
    statement = (
        run.update()
        .where(run.c.instance_id == sa.bindparam("row_id"), run.c.started_at == sa.bindparam("start"))
        .values(ended_at=sa.bindparam("end"), polls=sa.bindparam("count"))
    )
    await tx.execute(
        statement, [{"row_id": row_id, "start": one.start, "end": one.end, "count": one.polls} for row_id, one in rows]
    )


async def since(
    tx: AsyncConnection, at: datetime, *, of: Collection[InstanceKey] | None = None, account: str | None = None
) -> dict[InstanceKey, list[Run]]:
    """The runs that reach beyond `at`, oldest first, by instance: of all, of these, or of those of one account."""
    statement = sa.select(*ROW, instance.c.account, instance.c.cloud_id).join(instance).where(run.c.ended_at > at)
    rows = await tx.execute(_narrowed(statement, of, account).order_by(run.c.instance_id, run.c.started_at))
    found: dict[InstanceKey, list[Run]] = {}
    for key, one in await made(rows, _mine):
        found.setdefault(key, []).append(one)
    return found


async def reaching(tx: AsyncConnection, at: datetime, of: Collection[InstanceKey]) -> dict[InstanceKey, list[Run]]:
    """The runs of these instances that began after `at`, and the last one before, oldest first: found by the primary
    key, so it costs what it gives and not what is stored."""
    found: dict[InstanceKey, list[Run]] = {}
    earlier = run.alias()
    last = (
        sa.select(sa.func.max(earlier.c.started_at))
        .where(earlier.c.instance_id == instance.c.id, earlier.c.started_at <= at)
        .correlate(instance)
        .scalar_subquery()
    )
    wanted = sorted(of)
    for first in range(0, len(wanted), _AT_ONCE):
        rows = await tx.execute(
            sa.select(*ROW, instance.c.account, instance.c.cloud_id)
            .select_from(instance)
            .join(run, run.c.instance_id == instance.c.id)
            .where(sa.tuple_(instance.c.account, instance.c.cloud_id).in_(wanted[first : first + _AT_ONCE]))
            .where(run.c.started_at >= sa.func.coalesce(last, sa.literal(at, Moment)))
            .order_by(run.c.instance_id, run.c.started_at)
        )
        for key, one in await made(rows, _mine):
            found.setdefault(key, []).append(one)
    return found


async def last_good(tx: AsyncConnection, of: InstanceKey) -> Run | None:
    """The last run of good samples of one instance."""
    rows = await tx.execute(
        sa.select(*ROW)
        .join(instance)
        .where(instance.c.account == of.account, instance.c.cloud_id == of.id, run.c.failure.is_(None))
        .order_by(run.c.started_at.desc())
        .limit(1)
    )
    found = rows.first()
    return run_of(found) if found else None


async def failures(tx: AsyncConnection, of: InstanceKey, *, most: int) -> list[Run]:
    """The last runs of failed polls of one instance, newest first."""
    rows = await tx.execute(
        sa.select(*ROW)
        .join(instance)
        .where(instance.c.account == of.account, instance.c.cloud_id == of.id, run.c.failure.is_not(None))
        .order_by(run.c.started_at.desc())
        .limit(most)
    )
    return await made(rows, run_of)


async def leading_to(
    tx: AsyncConnection, moments: Mapping[InstanceKey, datetime], reach: timedelta
) -> dict[InstanceKey, list[Run]]:
    """The runs that reach into the last `reach` before the moment of each of these instances, oldest first."""
    found: dict[InstanceKey, list[Run]] = {}
    by_moment = sorted(moments, key=moments.__getitem__)
    for first in range(0, len(by_moment), _AT_ONCE):
        some = by_moment[first : first + _AT_ONCE]
        rows = await tx.execute(
            sa.select(*ROW, instance.c.account, instance.c.cloud_id)
            .join(instance)
            .where(instance.c.cloud_id.in_({key.id for key in some}), run.c.ended_at > moments[some[0]] - reach)
            .order_by(run.c.instance_id, run.c.started_at)
        )
        for key, one in await made(rows, _mine):
            if key in moments and one.end > moments[key] - reach:
                found.setdefault(key, []).append(one)
    return found


async def latest(
    tx: AsyncConnection,
    *,
    good: bool = False,
    before: datetime | None = None,
    of: Collection[InstanceKey] | None = None,
    account: str | None = None,
) -> dict[InstanceKey, Run]:
    """The last run of each instance, of these, or of those of one account, of the runs that began `before`; with `good`
    the last one of good samples."""
    wanted = sa.select(sa.func.max(run.c.started_at)).where(run.c.instance_id == instance.c.id)
    if before is not None:
        wanted = wanted.where(run.c.started_at < before)
    if good:
        wanted = wanted.where(run.c.failure.is_(None))
    statement = (
        sa.select(*ROW, instance.c.account, instance.c.cloud_id)
        .join(instance)
        .where(run.c.started_at == wanted.correlate(instance).scalar_subquery())
    )
    rows = await tx.execute(_narrowed(statement, of, account))
    return dict(await made(rows, _mine))


def _narrowed(statement: sa.Select[Any], of: Collection[InstanceKey] | None, account: str | None) -> sa.Select[Any]:
    if of is not None:
        statement = statement.where(sa.tuple_(instance.c.account, instance.c.cloud_id).in_(list(of)))
    return statement if account is None else statement.where(instance.c.account == account)


async def newest(tx: AsyncConnection) -> datetime | None:
    """When the last sample was taken of which the store knows."""
    found: datetime | None = await tx.scalar(sa.select(sa.func.max(run.c.ended_at)))
    return found


async def page(
    tx: AsyncConnection,
    key: InstanceKey,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    after: datetime | None = None,
    most: int,
) -> list[Run] | None:
    """The runs of one instance that end after `since` and begin before `until`, oldest first: of those that begin
    after `after` the first few. None where the instance was never polled."""
    mine = (instance.c.account == key.account) & (instance.c.cloud_id == key.id)
    row_id = await tx.scalar(sa.select(instance.c.id).where(mine))
    if row_id is None:
        return None
    wanted = sa.select(*ROW).where(run.c.instance_id == row_id).order_by(run.c.started_at).limit(most)
    if since is not None:
        wanted = wanted.where(run.c.ended_at > since)
    if until is not None:
        wanted = wanted.where(run.c.started_at < until)
    if after is not None:
        wanted = wanted.where(run.c.started_at > after)
    return await made(await tx.execute(wanted), run_of)


async def prune(tx: AsyncConnection, before: datetime) -> None:
    """Forgets runs that ended before `before`, but not the last one of an instance."""
    newer = run.alias()
    await tx.execute(
        run.delete().where(
            run.c.ended_at < before,
            sa.exists().where(newer.c.instance_id == run.c.instance_id, newer.c.started_at > run.c.started_at),
        )
    )


def _row(one: Run) -> dict[str, Any]:
    row: dict[str, Any] = {"started_at": one.start, "ended_at": one.end, "polls": one.polls}
    for kind, counts in (("common", one.common), ("cdc", one.cdc)):
        row.update(zip(_COUNTS[kind], counts or (None,) * len(STATUSES), strict=True))
    row["failure"] = str(one.failure.kind) if one.failure else None
    row["reason"] = one.failure.reason if one.failure else None
    row["request_id"] = one.failure.request_id if one.failure else None
    row["suspicious"] = one.suspicious
    return row


def run_of(row: Sequence[Any]) -> Run:
    """The run that a row of the table holds, read as `ROW`."""
    # Written out, and not as slices: a page reads tens of thousands.
    _, started, ended, polls, c1, c2, c3, c4, d1, d2, d3, d4, failure, reason, request_id, suspicious = row
    if failure is not None:
        why = Failure(FailureKind(failure), reason, request_id)
        return Run(moment(started), moment(ended), polls, None, None, why, suspicious)
    common, cdc = Counts(c1, c2, c3, c4), Counts(d1, d2, d3, d4)
    return Run(moment(started), moment(ended), polls, common, cdc, None, suspicious)


def _mine(row: Sequence[Any]) -> tuple[InstanceKey, Run]:
    """The run of a row with the account and the id of its instance behind."""
    *mine, account, cloud_id = row
    return InstanceKey(account, cloud_id), run_of(mine)
