"""Which receivers cannot be told."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.notification import Reason
from monitor.store.outbox import Standing
from monitor.store.tables import outbox

MOST = 500


async def receivers(tx: AsyncConnection, *, late: datetime) -> dict[str, str]:
    """The receivers with a kind that fails, each with the kind and the reason: a message to it was tried in vain and
    waits since `late` or longer, or one was given up and none was delivered after it. Drills are told of elsewhere."""
    place = (outbox.c.receiver, outbox.c.position)
    heard = (
        sa.select(*place, sa.func.max(outbox.c.settled_at).label("at"))
        .where(outbox.c.state == str(Standing.SENT))
        .group_by(*place)
        .subquery()
    )
    waits = (outbox.c.state == str(Standing.WAITING)) & (outbox.c.attempts > 0) & (outbox.c.created_at <= late)
    since = heard.c.at.is_(None) | (heard.c.at <= outbox.c.settled_at)
    given_up = (outbox.c.state == str(Standing.DEAD)) & since
    joined = outbox.outerjoin(
        heard, sa.and_(heard.c.receiver == outbox.c.receiver, heard.c.position == outbox.c.position)
    )
    wanted = (
        sa.select(outbox.c.receiver, outbox.c.kind, outbox.c.reason)
        .select_from(joined)
        .where(
            waits | given_up,
            outbox.c.merged_into.is_(None),
            outbox.c.notification["reason"].as_string() != str(Reason.DRILL),
        )
    )
    rows = await tx.execute(wanted.order_by(outbox.c.seq.desc()).limit(MOST))
    found: dict[str, str] = {}
    for receiver, kind, reason in rows:
        found.setdefault(receiver, f"{kind}: {reason}")
    return found
