"""The times that alerts fired, as their recorded steps tell them: those that are over; how restless each rule is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.model import Cause, Labels, Severity, State
from monitor.store.columns import Moment, Span
from monitor.store.tables import alert, decision, transition

_FIRES = (str(State.FIRING), str(State.CLEARING))
_BEGINS = transition.c.after.in_(_FIRES) & transition.c.before.not_in(_FIRES)
_ENDS = transition.c.before.in_(_FIRES) & transition.c.after.not_in(_FIRES)
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that an alert fired and resolved. `row` orders them: what ended later has a higher one.

    `severity` is that of its end. `fired_at` is None where its beginning is no longer kept.
    """

    row: int
    key: str
    rule: str
    labels: Labels
    severity: Severity
    fired_at: datetime | None
    resolved_at: datetime
    cause: Cause


@dataclass(frozen=True, slots=True)
class Unrest:
    """What one rule's alerts did since a moment.

    `firings` counts how often they began to fire, `alerts` how many of them did. `brief` of the firings were over
    within the time that was asked for, `again` began so soon after the same alert had resolved, `idle` were one or
    both. `messages` told of them; `total` is how long they fired, all together, up to now.
    """

    firings: int = 0
    alerts: int = 0
    brief: int = 0
    again: int = 0
    idle: int = 0
    messages: int = 0
    total: timedelta = timedelta()


async def over(tx: AsyncConnection, *, before: int | None = None) -> AsyncIterator[Episode]:
    """Those that resolved, newest first, those of rows before `before` where that is given. They are read in batches:
    stop when it is enough. An alert that is no longer kept is left out."""
    last = before
    while True:
        statement = _over().limit(_BATCH)
        rows = (
            (await tx.execute(statement if last is None else statement.where(transition.c.id < last))).mappings().all()
        )
        for row in rows:
            yield _episode(row)
        if len(rows) < _BATCH:
            return
        last = rows[-1]["id"]


async def unrest(
    tx: AsyncConnection, since: datetime, now: datetime, *, brief: timedelta, again: timedelta
) -> dict[str, Unrest]:
    """How restless each rule was from `since` to `now`, by its name; rules whose alerts did not fire are left out."""
    firings = _firings(since, now).subquery()
    is_brief = firings.c.lasted <= sa.literal(brief, Span)
    is_again = firings.c.rested <= sa.literal(again, Span)
    statement = sa.select(
        firings.c.rule,
        sa.func.count(),
        sa.func.count(firings.c.alert.distinct()),
        *(sa.func.sum(sa.case((one, 1), else_=0)) for one in (is_brief, is_again, is_brief | is_again)),
        sa.func.sum(sa.type_coerce(firings.c.fired, sa.BigInteger)),
    )
    told = await _told(tx, since)
    rows = await tx.execute(statement.where(firings.c.begins == 1).group_by(firings.c.rule))
    return {
        rule: Unrest(
            firings=int(firings),
            alerts=int(alerts),
            brief=int(short),
            again=int(soon),
            idle=int(idle),
            messages=told.get(rule, 0),
            total=timedelta(microseconds=int(total)),
        )
        for rule, firings, alerts, short, soon, idle, total in rows
    }


def _over() -> sa.Select[Any]:
    began = transition.alias("began")
    fired_at = (
        sa.select(began.c.at)
        .where(began.c.alert == transition.c.alert, began.c.id < transition.c.id)
        .where(began.c.after.in_(_FIRES), began.c.before.not_in(_FIRES))
        .order_by(began.c.id.desc())
        .limit(1)
        .correlate(transition)
        .scalar_subquery()
    )
    names = ("id", "alert", "rule", "severity", "at", "cause")
    return (
        sa.select(*(transition.c[name] for name in names), alert.c.labels, fired_at.label("fired_at"))
        .join(alert, alert.c.key == transition.c.alert)
        .where(_ENDS)
        .order_by(transition.c.id.desc())
    )


def _firings(since: datetime, now: datetime) -> sa.Select[Any]:
    """Each change between firing and not firing since then: how long it fired, and how long it had rested before."""
    at = sa.type_coerce(transition.c.at, sa.BigInteger)
    ended, earlier = (
        one.over(partition_by=transition.c.alert, order_by=transition.c.id)
        for one in (sa.func.lead(at), sa.func.lag(at))
    )
    return sa.select(
        transition.c.rule,
        transition.c.alert,
        sa.case((_BEGINS, 1), else_=0).label("begins"),
        sa.type_coerce(ended - at, Span).label("lasted"),
        sa.type_coerce(at - earlier, Span).label("rested"),
        sa.type_coerce(sa.func.coalesce(ended, sa.literal(now, Moment)) - at, Span).label("fired"),
    ).where(transition.c.at > since, _BEGINS | _ENDS)


async def _told(tx: AsyncConnection, since: datetime) -> dict[str, int]:
    """How many messages told of each rule since then, one for each receiver."""
    statement = (
        sa.select(alert.c.rule, sa.func.count(decision.c.message.distinct()))
        .join(alert, alert.c.key == decision.c.alert)
        .where(decision.c.at > since, decision.c.message != "")
        .group_by(alert.c.rule)
    )
    return {rule: int(number) for rule, number in await tx.execute(statement)}


def _episode(row: sa.RowMapping) -> Episode:
    return Episode(
        row=row["id"],
        key=row["alert"],
        rule=row["rule"],
        labels=row["labels"],
        severity=Severity(row["severity"]),
        fired_at=row["fired_at"],
        resolved_at=row["at"],
        cause=Cause(row["cause"]),
    )
