"""A message as the store keeps it: a letter to one of a receiver's kinds."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from monitor.notification import Notification

_NOTIFICATION = TypeAdapter(Notification)


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


def letter_of(row: sa.RowMapping) -> Letter:
    """The letter of a row of the outbox."""
    return Letter(
        id=row["id"],
        receiver=row["receiver"],
        position=row["position"],
        kind=row["kind"],
        notification=_NOTIFICATION.validate_python(row["notification"], strict=False),
        created_at=row["created_at"],
        next_at=row["next_at"],
        state=Standing(row["state"]),
        attempts=row["attempts"],
        tried_at=row["tried_at"],
        settled_at=row["settled_at"],
        verdict=row["verdict"] or "",
        reason=row["reason"],
        retried_at=row["retried_at"],
        fallback=row["fallback"],
    )
