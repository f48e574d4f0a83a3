"""Everything that one store holds, copied into another that is empty: as one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.errors import StoreFailed, UsageError
from monitor.store.tables import metadata
from monitor.store.transactions import Archive, Store

BATCH = 1000
"""Rows that are on their way at once."""

Tell = Callable[[str, int, int], None]
"""Is told of a table, of how many of its rows have arrived, and of how many there are."""


async def copy(source: Archive, target: Store, *, tell: Tell = lambda _table, _done, _all: None) -> Mapping[str, int]:
    """Copies every row of every table, and counts them at both ends; how many rows each table has.

    Raises:
        UsageError: `target` holds something already.
        StoreFailed: one of them does not answer, or the counts differ; nothing was copied.
    """
    async with source.read() as old, target.write() as new:
        filled = [name for name, number in (await _counts(new)).items() if number]
        if filled:
            raise UsageError(f"the database is not empty: there are rows in {', '.join(filled)}. Name an empty one.")
        expected = await _counts(old)
        for table in metadata.sorted_tables:
            await _copy_table(old, new, table, expected[table.name], tell)
            await _go_on_numbering(new, table)
        found = await _counts(new)
        if found != expected:
            wrong = ", ".join(
                f"{name} {found[name]} of {expected[name]}" for name in found if found[name] != expected[name]
            )
            raise StoreFailed(f"not all rows have arrived, nothing was copied: {wrong}")
    return found


async def _counts(tx: AsyncConnection) -> dict[str, int]:
    counted = (sa.select(sa.func.count()).select_from(table) for table in metadata.sorted_tables)
    numbers = [(await tx.execute(one)).scalar_one() for one in counted]
    return {table.name: int(number) for table, number in zip(metadata.sorted_tables, numbers, strict=True)}


async def _copy_table(old: AsyncConnection, new: AsyncConnection, table: sa.Table, number: int, tell: Tell) -> None:
    done = 0
    rows = await old.stream(sa.select(table).order_by(*table.primary_key.columns))
    async for some in rows.mappings().partitions(BATCH):
        await new.execute(table.insert(), [dict(row) for row in some])
        done += len(some)
        tell(table.name, done, number)


async def _go_on_numbering(tx: AsyncConnection, table: sa.Table) -> None:
    """Numbers given from now on follow those that were copied."""
    column = table.autoincrement_column
    if column is None or tx.dialect.name != "postgresql":
        return
    last = await tx.scalar(sa.select(sa.func.max(column)))
    sequence = await tx.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, column.name)))
    if last is not None and sequence is not None:
        await tx.execute(sa.select(sa.func.setval(sequence, last)))
