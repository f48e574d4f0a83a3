"""What groups decided about each alert, and why: the answer to "why did I hear nothing"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.ledger import Line
from monitor.store.tables import decision

AT_ONCE = 500
"""Lines that are written in one statement."""


async def append(tx: AsyncConnection, lines: Sequence[Line]) -> None:
    """Writes what was decided."""
    for begin in range(0, len(lines), AT_ONCE):
        await tx.execute(decision.insert(), [_row(one) for one in lines[begin : begin + AT_ONCE]])


async def about(tx: AsyncConnection, alert: str, *, most: int, until: datetime | None = None) -> list[Line]:
    """What was decided about one alert, up to `until` where that is given, newest first."""
    statement = sa.select(decision).where(decision.c.alert == alert).order_by(decision.c.id.desc()).limit(most)
    if until is not None:
        statement = statement.where(decision.c.at <= until)
    return [_line(row) for row in (await tx.execute(statement)).mappings()]


async def newest(tx: AsyncConnection, *, before: int | None, most: int) -> list[tuple[int, Line]]:
    """What was decided about all alerts, with the rows, of which those `before` one are wanted; newest first."""
    statement = sa.select(decision).order_by(decision.c.id.desc()).limit(most)
    if before is not None:
        statement = statement.where(decision.c.id < before)
    return [(row["id"], _line(row)) for row in (await tx.execute(statement)).mappings()]


async def prune(tx: AsyncConnection, before: datetime) -> None:
    """Forgets what was decided before."""
    await tx.execute(decision.delete().where(decision.c.at < before))


def _row(one: Line) -> dict[str, object]:
    return {
        "at": one.at,
        "alert": one.alert,
        "group_key": one.group_key,
        "receiver": one.receiver,
        "verdict": one.verdict,
        "reason": one.reason,
        "because": one.because,
        "message": one.message,
    }


def _line(row: sa.RowMapping) -> Line:
    return Line(
        at=row["at"],
        alert=row["alert"],
        group_key=row["group_key"],
        receiver=row["receiver"],
        verdict=row["verdict"],
        reason=row["reason"],
        because=row["because"],
        message=row["message"],
    )
