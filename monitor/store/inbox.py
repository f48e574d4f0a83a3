"""What other systems posted at any of several nodes, kept until the one that leads has taken it, in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.posted import Post
from monitor.store.node_tables import inbox
from monitor.store.transactions import CHANNEL

POSTED = "posted"
"""What the other nodes hear when something was put here."""

AT_ONCE = 100
"""Requests that are read together."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What one request brought, and when."""

    id: int
    at: datetime
    posts: Sequence[Post]


async def put(tx: AsyncConnection, posts: Sequence[Post], at: datetime) -> None:
    """Keeps what came at `at`, and has the node that leads look once the transaction is committed."""
    await tx.execute(inbox.insert().values(at=at, posts=[_written(one) for one in posts]))
    await tx.execute(sa.select(sa.func.pg_notify(CHANNEL, POSTED)))


async def number(tx: AsyncConnection) -> int:
    """How many requests wait."""
    return int(await tx.scalar(sa.select(sa.func.count()).select_from(inbox)) or 0)


async def waiting(tx: AsyncConnection) -> list[Handed]:
    """The oldest that wait."""
    rows = await tx.execute(sa.select(inbox).order_by(inbox.c.id).limit(AT_ONCE))
    return [Handed(row.id, row.at, [_read(one) for one in row.posts]) for row in rows]


async def done(tx: AsyncConnection, handed: int) -> None:
    """It is recorded."""
    await tx.execute(inbox.delete().where(inbox.c.id == handed))


def _written(post: Post) -> dict[str, Any]:
    return {
        "labels": dict(post.labels),
        "annotations": dict(post.annotations),
        "starts_at": post.starts_at and post.starts_at.isoformat(),
        "ends_at": post.ends_at and post.ends_at.isoformat(),
        "source": post.source,
    }


def _read(row: Mapping[str, Any]) -> Post:
    starts_at, ends_at = (row[name] and datetime.fromisoformat(row[name]) for name in ("starts_at", "ends_at"))
    return Post(row["labels"], row["annotations"], starts_at, ends_at, row["source"])
