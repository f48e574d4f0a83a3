"""The instances that were ever polled."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.model import Instance, InstanceKey
from monitor.store.tables import instance

_CHANGING = ("name", "region", "project_id", "labels")


async def remember(tx: AsyncConnection, seen: Iterable[Instance], *, at: datetime) -> None:
    """Writes instances that are new at `at`; of known ones the name and the labels may have changed."""
    seen = list(seen)
    known = await ids(tx, {one.account for one in seen})
    new, old = [], []
    for one in seen:
        row = {"name": one.name, "region": one.region, "project_id": one.project_id, "labels": dict(one.labels)}
        if one.key in known:
            old.append({"row_id": known[one.key], **{f"new_{name}": value for name, value in row.items()}})
        else:
            new.append({**row, "account": one.account, "cloud_id": one.id, "first_seen_at": at})
    if new:
        await tx.execute(instance.insert(), new)
    if old:
        changes: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in _CHANGING}
        await tx.execute(instance.update().where(instance.c.id == sa.bindparam("row_id")).values(**changes), old)


async def known(tx: AsyncConnection, account: str | None = None) -> list[Instance]:
    """All of them, or those of one account, as they were polled last."""
    wanted = sa.select(*(instance.c[name] for name in ("account", "cloud_id", *_CHANGING)))
    if account is not None:
        wanted = wanted.where(instance.c.account == account)
    return [Instance(*row) for row in await tx.execute(wanted)]


async def find(tx: AsyncConnection, key: InstanceKey) -> Instance | None:
    """One of them."""
    columns = [instance.c[name] for name in ("account", "cloud_id", *_CHANGING)]
    wanted = sa.select(*columns).where(instance.c.account == key.account, instance.c.cloud_id == key.id)
    row = (await tx.execute(wanted)).first()
    return Instance(*row) if row else None


async def unlike(tx: AsyncConnection, seen: Collection[Instance]) -> list[Instance]:
    """Which of these are new, or not as they were when they were polled last."""
    found: dict[InstanceKey, Instance] = {}
    for account in {one.account for one in seen}:
        found |= {one.key: one for one in await known(tx, account)}
    return [one for one in seen if found.get(one.key) != one]


async def ids(tx: AsyncConnection, accounts: Collection[str] | None = None) -> dict[InstanceKey, int]:
    """The row of each instance, or of each of these accounts."""
    wanted = sa.select(instance.c.account, instance.c.cloud_id, instance.c.id)
    if accounts is not None:
        wanted = wanted.where(instance.c.account.in_(accounts))
    rows = await tx.execute(wanted)
    return {InstanceKey(account, cloud_id): row_id for account, cloud_id, row_id in rows}


async def first_seen(
    tx: AsyncConnection, of: Collection[InstanceKey] | None = None, *, account: str | None = None
) -> dict[InstanceKey, datetime]:
    """When each instance, each of these, or each of one account was seen for the first time."""
    wanted = sa.select(instance.c.account, instance.c.cloud_id, instance.c.first_seen_at)
    if of is not None:
        wanted = wanted.where(sa.tuple_(instance.c.account, instance.c.cloud_id).in_(list(of)))
    if account is not None:
        wanted = wanted.where(instance.c.account == account)
    rows = await tx.execute(wanted)
    return {InstanceKey(account, cloud_id): at for account, cloud_id, at in rows}
