"""A message as the store keeps it: a letter to one of a receiver's kinds."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from monitor.apart import apart
from monitor.notification import Notification
from monitor.store.raw import made_long, moment, raw
from monitor.store.tables import outbox

_NOTIFICATION = TypeAdapter(Notification)

ROW = raw(outbox)
"""What `letter_of` needs of the table."""


class Standing(enum.StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one integration (`position` among the receiver's kinds). `id` is the same at every try."""

    id: str
    receiver: str
    position: int
    kind: str
    notification: Notification
    created_at: datetime
    next_at: datetime
    state: Standing = Standing.WAITING
    attempts: int = 0
    tried_at: datetime | None = None
    settled_at: datetime | None = None
    verdict: str = ""
    reason: str = ""
    retried_at: datetime | None = None
    """When somebody had it tried again."""
    fallback: str = ""
    """The receiver that got it instead."""

    @property
    def begun(self) -> bool:
        """Whether a try began of which nobody has written down how it ended: it may have arrived."""
        return self.tried_at is not None and self.tried_at >= self.next_at


def letter(notification: Notification, *, kind: str, position: int, at: datetime) -> Letter:
    """A new letter that may go out at once."""
    return Letter(
        id=notification.id,
        receiver=notification.receiver,
        position=position,
        kind=kind,
        notification=notification,
        created_at=at,
        next_at=at,
    )


def dumped(notification: Notification) -> Any:
    """The notification as the store keeps it."""
    return _NOTIFICATION.dump_python(notification, mode="json")


async def rows_of(letters: Sequence[Letter]) -> list[dict[str, Any]]:
    """The rows of letters, some of which may tell of thousands of alerts."""
    return await apart(
        lambda: [row_of(one) for one in letters], size=sum(len(one.notification.alerts) for one in letters)
    )


def row_of(one: Letter) -> dict[str, Any]:
    """The row of a letter."""
    return {
        "id": one.id,
        "receiver": one.receiver,
        "position": one.position,
        "kind": one.kind,
        "group_key": one.notification.group_key,
        "notification": dumped(one.notification),
        "urgency": one.notification.severity.rank,
        "state": str(one.state),
        "created_at": one.created_at,
        "attempts": one.attempts,
        "tried_at": one.tried_at,
        "next_at": one.next_at,
        "settled_at": one.settled_at,
        "verdict": one.verdict,
        "reason": one.reason,
        "retried_at": one.retried_at,
        "fallback": one.fallback,
    }


async def letters_of(found: sa.CursorResult[Any]) -> list[Letter]:
    """The letters of rows of the outbox, read as `ROW`: some may tell of thousands of alerts."""
    return await made_long(found, letter_of, "notification")


def letter_of(row: sa.RowMapping) -> Letter:
    """The letter of a row of the outbox, read as `ROW`."""
    return Letter(
        id=row["id"],
        receiver=row["receiver"],
        position=row["position"],
        kind=row["kind"],
        notification=_NOTIFICATION.validate_json(row["notification"]),
        created_at=moment(row["created_at"]),
        next_at=moment(row["next_at"]),
        state=Standing(row["state"]),
        attempts=row["attempts"],
        tried_at=moment(row["tried_at"]),
        settled_at=moment(row["settled_at"]),
        verdict=row["verdict"] or "",
        reason=row["reason"],
        retried_at=moment(row["retried_at"]),
        fallback=row["fallback"],
    )
