"""Acknowledgements, one for an alert at most."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.acknowledgement import Ack
from monitor.model import Severity
from monitor.store.people_tables import acknowledgement
from monitor.store.tables import member


async def save(tx: AsyncConnection, one: Ack) -> None:
    """Writes an acknowledgement, in the place of an earlier one."""
    await remove(tx, [one.alert])
    await tx.execute(
        acknowledgement.insert().values(
            alert=one.alert,
            at=one.at,
            owner=one.owner,
            comment=one.comment,
            severity=str(one.severity),
            expires_at=one.expires_at,
        )
    )


async def remove(tx: AsyncConnection, alerts: Collection[str]) -> int:
    """Takes back those of these alerts; how many there were."""
    result = await tx.execute(acknowledgement.delete().where(acknowledgement.c.alert.in_(alerts)))
    return result.rowcount


async def of(tx: AsyncConnection, alerts: Collection[str]) -> dict[str, Ack]:
    """Those of these alerts."""
    rows = await tx.execute(sa.select(acknowledgement).where(acknowledgement.c.alert.in_(alerts)))
    return {row["alert"]: _ack(row) for row in rows.mappings()}


async def in_groups(tx: AsyncConnection, groups: Collection[int]) -> dict[str, Ack]:
    """Those of the members of these groups."""
    members = sa.select(member.c.alert).where(member.c.group_id.in_(groups))
    rows = await tx.execute(sa.select(acknowledgement).where(acknowledgement.c.alert.in_(members)))
    return {row["alert"]: _ack(row) for row in rows.mappings()}


async def every(tx: AsyncConnection) -> dict[str, Ack]:
    """All of them."""
    return {row["alert"]: _ack(row) for row in (await tx.execute(sa.select(acknowledgement))).mappings()}


def _ack(row: sa.RowMapping) -> Ack:
    return Ack(
        alert=row["alert"],
        at=row["at"],
        owner=row["owner"],
        comment=row["comment"],
        severity=Severity(row["severity"]),
        expires_at=row["expires_at"],
    )
