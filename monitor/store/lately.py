"""What fired and what was said lately, as far as it is kept."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.hindsight import Began
from monitor.notification import Notification
from monitor.store.letters import ROW, letters_of
from monitor.store.tables import alert, outbox, transition

_FIRES = ("firing", "clearing")


async def began(tx: AsyncConnection, since: datetime, *, most: int) -> list[Began]:
    """What began to fire after `since`, oldest first; of more than `most` the last ones."""
    wanted = (
        sa.select(transition.c.at, transition.c.severity, alert.c.key, alert.c.labels)
        .join(alert, alert.c.key == transition.c.alert)
        .where(transition.c.at > since, transition.c.after.in_(_FIRES), transition.c.before.not_in(_FIRES))
    )
    rows = await tx.execute(wanted.order_by(transition.c.id.desc()).limit(most))
    return [Began(key, at, {**labels, "severity": severity}) for at, severity, key, labels in rows][::-1]


async def said(tx: AsyncConnection, since: datetime, *, most: int) -> list[Notification]:
    """The messages that groups had for their receivers after `since`, oldest first; of more than `most` the last ones.
    Several kinds under one name count once, and what went to a fallback instead counts where it was meant for."""
    wanted = sa.select(*ROW).where(outbox.c.created_at > since, outbox.c.position == 0)
    rows = await tx.execute(wanted.order_by(outbox.c.seq.desc()).limit(most))
    found = [one.notification for one in await letters_of(rows)]
    return [one for one in found[::-1] if not one.instead_of]
