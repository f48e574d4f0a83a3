"""What the pages show of the store: instances with their latest run, alerts with what was before them, letters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

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
    wanted = sa.select(*_BRIEF).where(alert.c.state.in_(alerts.LIVE)).order_by(alert.c.since)
    found = await made(await tx.execute(wanted), _brief)
    order = {(state, severity): (not state.fires, -severity.rank) for state in State for severity in Severity}
    return sorted(found, key=lambda one: order[one.state, one.severity])


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
    wanted = (
        sa.select(*_ABOUT, good_at.scalar_subquery().label("good_at"), *history.ROW)
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
    return dict(await made(rows, lambda row: (row[0], run_of(row[1:]))))


def _named(columns: Iterable[sa.ColumnElement[Any]], *names: str) -> list[sa.ColumnElement[Any]]:
    known = {one.name: one for one in columns}
    return [known[name] for name in names]


_ABOUT = _named(raw(instance), "account", "cloud_id", "name", "region", "project_id", "labels")
_BRIEF = _named(alerts.ROW, "key", "rule", "account", "cloud_id", "labels", "severity", "state")


def _parts(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[begin : begin + _AT_ONCE] for begin in range(0, len(keys), _AT_ONCE))


def _brief(row: Sequence[Any]) -> Brief:
    key, rule, account, cloud_id, labels, severity, state = row
    about = None if account is None else InstanceKey(account, cloud_id)
    return Brief(key, rule, about, document(labels), alerts.SEVERITIES[severity], alerts.STATES[state])


def _seen(row: Sequence[Any]) -> Seen:
    account, cloud_id, name, region, project_id, labels, good_at, *last = row
    one = Instance(account, cloud_id, name, region, project_id, document(labels))
    # without a run its columns are empty
    return Seen(one) if last[0] is None else Seen(one, run_of(last), moment(good_at))
