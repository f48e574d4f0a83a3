"""What the pages show of the store: instances with their latest run, alerts with what was before them, letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.model import Alert, Instance, Run
from monitor.store import alerts, outbox
from monitor.store.history import run_of
from monitor.store.outbox import Letter, Standing
from monitor.store.tables import alert, instance, run

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """One instance as it was last seen.

    `run` is its latest run, None before the first poll; `good_at` is when the last good sample was taken, None if
    there was none.
    """

    instance: Instance
    run: Run | None = None
    good_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """The store at one moment.

    `live` are the alerts that are pending, firing or clearing, worst and oldest first; `before` are the last good
    runs that began before them, by the alert's key, as far as known. `resolved` and `letters` are the newest, newest
    first; `tally` counts all letters by receiver.
    """

    seen: Sequence[Seen]
    live: Sequence[Alert]
    before: Mapping[str, Run]
    resolved: Sequence[Alert]
    letters: Sequence[Letter]
    tally: Mapping[tuple[str, Standing], int]


async def read(tx: AsyncConnection, *, resolved: int, letters: int) -> Board:
    """All of it in one view, with at most so many `resolved` alerts and `letters`."""
    return Board(
        seen=await instances(tx),
        live=await alerts.live(tx),
        before=await before(tx),
        resolved=await alerts.resolved(tx, most=resolved),
        letters=await outbox.recent(tx, most=letters),
        tally=await outbox.tally(tx),
    )


async def instances(tx: AsyncConnection) -> list[Seen]:
    """Every instance that is known, by account and name."""
    last, good = run.alias(), run.alias()
    started = sa.select(sa.func.max(last.c.started_at)).where(last.c.instance_id == instance.c.id).correlate(instance)
    # ordered and cut, not aggregated: the search ends at the first good run, found by the primary key
    good_at = (
        sa.select(good.c.ended_at)
        .where(good.c.instance_id == instance.c.id, good.c.failure.is_(None))
        .order_by(good.c.started_at.desc())
        .limit(1)
        .correlate(instance)
    )
    rows = await tx.stream(
        sa.select(
            *(instance.c[name] for name in ("account", "cloud_id", "name", "region", "project_id", "labels")),
            *run.c,
            good_at.scalar_subquery().label("good_at"),
        )
        .select_from(instance)
        .outerjoin(run, sa.and_(run.c.instance_id == instance.c.id, run.c.started_at == started.scalar_subquery()))
        .order_by(instance.c.account, instance.c.name, instance.c.cloud_id)
    )
    # thousands of rows take a while to be read: others come to their turn meanwhile
    return [_seen(row) async for part in rows.mappings().partitions(_AT_ONCE) for row in part]


async def before(tx: AsyncConnection) -> dict[str, Run]:
    """The last good run of its instance that began before each live alert did, by the alert's key."""
    earlier = run.alias()
    started = (
        sa.select(earlier.c.started_at)
        .where(
            earlier.c.instance_id == instance.c.id, earlier.c.started_at < alert.c.since, earlier.c.failure.is_(None)
        )
        .order_by(earlier.c.started_at.desc())
        .limit(1)
        .correlate(instance, alert)
    )
    rows = await tx.execute(
        sa.select(alert.c.key, *run.c)
        .select_from(alert)
        .join(instance, sa.and_(instance.c.account == alert.c.account, instance.c.cloud_id == alert.c.cloud_id))
        .join(run, sa.and_(run.c.instance_id == instance.c.id, run.c.started_at == started.scalar_subquery()))
        .where(alert.c.state.in_(alerts.LIVE))
    )
    return {row["key"]: run_of(row) for row in rows.mappings()}


def _seen(row: sa.RowMapping) -> Seen:
    one = Instance(row["account"], row["cloud_id"], row["name"], row["region"], row["project_id"], row["labels"])
    return Seen(one) if row["started_at"] is None else Seen(one, run_of(row), row["good_at"])
