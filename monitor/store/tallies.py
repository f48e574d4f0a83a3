"""How much stands where: for who counts it, and shows no single one of it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.model import Severity, State
from monitor.store.alerts import LIVE
from monitor.store.outbox import Standing
from monitor.store.tables import alert, group, outbox


class Crowd(NamedTuple):
    """How many alerts of one rule stand alike."""

    rule: str
    state: State
    severity: Severity
    number: int


async def crowds(tx: AsyncConnection) -> list[Crowd]:
    """The alerts that are pending, firing or clearing."""
    alike = (alert.c.rule, alert.c.state, alert.c.severity)
    counted = sa.select(*alike, sa.func.count()).where(alert.c.state.in_(LIVE)).group_by(*alike)
    return [
        Crowd(rule, State(state), Severity(severity), number)
        for rule, state, severity, number in await tx.execute(counted)
    ]


async def verdicts(tx: AsyncConnection) -> dict[tuple[str, str], int]:
    """How many groups of each receiver decided what last: that they spoke, or why they did not."""
    counted = sa.select(group.c.receiver, group.c.verdict, sa.func.count()).group_by(group.c.receiver, group.c.verdict)
    return {(receiver, verdict): number for receiver, verdict, number in await tx.execute(counted)}


async def oldest(tx: AsyncConnection) -> dict[str, datetime]:
    """When the message was written that waits longest, by receiver."""
    found = (
        sa.select(outbox.c.receiver, sa.func.min(outbox.c.created_at).label("since"))
        .where(outbox.c.state == str(Standing.WAITING))
        .group_by(outbox.c.receiver)
    )
    rows: dict[str, datetime] = {row.receiver: row.since for row in await tx.execute(found)}
    return rows
