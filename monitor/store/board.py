"""What the pages show of the store: instances with their latest run, alerts with what was before them, letters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.model import Alert, Instance, InstanceKey, Labels, Run, Severity, State
from monitor.store import alerts, history, mailroom, outbox
from monitor.store.history import run_of
from monitor.store.mailroom import Slip
from monitor.store.outbox import Standing
from monitor.store.raw import document, made, moment, raw
from monitor.store.tables import alert, instance, run

_AT_ONCE = 500


class Brief(NamedTuple):
    """As much of a live alert as has to be known of all there are, called as an `Alert` calls it."""

    key: str
    rule: str
    instance: InstanceKey | None
    labels: Labels
    severity: Severity
    state: State


Live = Alert | Brief


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

    `live` are the alerts that are pending, firing or clearing, worst and oldest first; `told` the first of those that
    fire and of those that wait, by key; `before` are the last good runs that began before these, by the alert's key, as
    far as known. `resolved` and `letters` are the newest, newest first; `tally` counts all letters by receiver.
    """

    seen: Sequence[Seen]
    live: Sequence[Brief]
    told: Mapping[str, Alert]
    before: Mapping[str, Run]
    resolved: Sequence[Alert]
    letters: Sequence[Slip]
    tally: Mapping[tuple[str, Standing], int]


async def read(tx: AsyncConnection, *, told: int | None, resolved: int, letters: int) -> Board:
    """All of it in one view, with at most so many alerts of a kind `told`, or all, and as many `resolved` ones and
    `letters`."""
    known = await live(tx)
    fires, waits = ([one.key for one in known if one.state.fires is it][:told] for it in (True, False))
    return Board(
        seen=await instances(tx),
        live=known,
        told={key: one for keys in _parts([*fires, *waits]) for key, one in (await alerts.by_key(tx, keys)).items()},
        before={key: one for keys in _parts([*fires, *waits]) for key, one in (await before(tx, keys)).items()},
        resolved=await alerts.resolved(tx, most=resolved),
        letters=await mailroom.recent(tx, most=letters),
        tally=await outbox.tally(tx),
    )


async def live(tx: AsyncConnection) -> list[Brief]:
    """The alerts that are pending, firing or clearing, worst and oldest first: `alerts.live` in brief."""
    columns = [one for one in alerts.ROW if one.name in {*Brief._fields, "account", "cloud_id"}]
    wanted = sa.select(*columns).where(alert.c.state.in_(alerts.LIVE)).order_by(alert.c.since)
    found = await made(await tx.execute(wanted), _brief)
    return sorted(found, key=lambda one: (not one.state.fires, -one.severity.rank))


async def instances(tx: AsyncConnection) -> list[Seen]:
    """Every instance that is known, by account and name."""
    last, good = run.alias(), run.alias()
    started = sa.select(sa.func.max(last.c.started_at)).where(last.c.instance_id == instance.c.id).correlate(instance)
    # ordered and cut, not aggregated: the search ends at the first good run, found by the primary key
    good_at = (
        sa.select(sa.type_coerce(good.c.ended_at, sa.BigInteger))
        .where(good.c.instance_id == instance.c.id, good.c.failure.is_(None))
        .order_by(good.c.started_at.desc())
        .limit(1)
        .correlate(instance)
    )
    columns = [one for one in raw(instance) if one.name in _ABOUT]
    wanted = (
        sa.select(*columns, *history.ROW, good_at.scalar_subquery().label("good_at"))
        .select_from(instance)
        .outerjoin(run, sa.and_(run.c.instance_id == instance.c.id, run.c.started_at == started.scalar_subquery()))
        .order_by(instance.c.account, instance.c.name, instance.c.cloud_id)
    )
    return await made(await tx.execute(wanted), _seen)


async def before(tx: AsyncConnection, keys: Collection[str]) -> dict[str, Run]:
    """The last good run of its instance that began before each of these alerts did, by the alert's key."""
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
        sa.select(alert.c.key, *history.ROW)
        .select_from(alert)
        .join(instance, sa.and_(instance.c.account == alert.c.account, instance.c.cloud_id == alert.c.cloud_id))
        .join(run, sa.and_(run.c.instance_id == instance.c.id, run.c.started_at == started.scalar_subquery()))
        .where(alert.c.key.in_(keys))
    )
    return dict(await made(rows, lambda row: (row["key"], run_of(row))))


_ABOUT = ("account", "cloud_id", "name", "region", "project_id", "labels")
_INSTANCE = itemgetter(*_ABOUT)


def _parts(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[begin : begin + _AT_ONCE] for begin in range(0, len(keys), _AT_ONCE))


def _brief(row: sa.RowMapping) -> Brief:
    about = None if row["account"] is None else InstanceKey(row["account"], row["cloud_id"])
    labels = document(row["labels"])
    return Brief(row["key"], row["rule"], about, labels, Severity(row["severity"]), State(row["state"]))


def _seen(row: sa.RowMapping) -> Seen:
    account, cloud_id, name, region, project_id, labels = _INSTANCE(row)
    one = Instance(account, cloud_id, name, region, project_id, document(labels))
    return Seen(one) if row["started_at"] is None else Seen(one, run_of(row), moment(row["good_at"]))
