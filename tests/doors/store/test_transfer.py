"""From SQLite to PostgreSQL: everything arrives, counted, or nothing does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from databases import Server
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.cli.store import store as command
from monitor.errors import UsageError
from monitor.model import Instance
from monitor.store import instances
from monitor.store.columns import Moment, Span
from monitor.store.database import Store, open_store
from monitor.store.tables import instance, metadata
from monitor.store.transfer import copy

START = datetime(2026, 1, 5, 10, 0, 0, 7, tzinfo=UTC)


def some(column: sa.Column[Any], number: int) -> Any:
    """A value for this column, another one for each number."""
    if column.foreign_keys or isinstance(column.type, sa.Integer | sa.BigInteger):
        return number
    if isinstance(column.type, Moment):
        return START + timedelta(minutes=number)
    if isinstance(column.type, Span):
        return timedelta(seconds=number)
    if isinstance(column.type, sa.JSON):
        return {"订单": [number, 1.5, None]}
    return bool(number % 2) if isinstance(column.type, sa.Boolean) else f"{column.name} {number}"


async def fill(store: Store, rows: int) -> None:
    async with store.write() as tx:
        for table in metadata.sorted_tables:
            await tx.execute(table.insert(), [{c.name: some(c, n) for c in table.c} for n in range(1, rows + 1)])


async def contents(tx: AsyncConnection) -> dict[str, list[dict[str, Any]]]:
    return {
        table.name: [
            dict(row) for row in (await tx.execute(sa.select(table).order_by(*table.primary_key.columns))).mappings()
        ]
        for table in metadata.sorted_tables
    }


async def test_every_row_of_every_table_arrives_and_numbers_go_on(server: Server, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    async with server.fresh() as url, open_store(tmp_path) as source, open_store(tmp_path, url) as target:
        await fill(source, 3)
        copied = await copy(source, target, tell=lambda *progress: told.append(progress))
        assert set(copied.values()) == {3}
        assert ("run", 3, 3) in told
        async with source.read() as old, target.read() as new:
            assert await contents(new) == await contents(old)
        async with target.write() as tx:
            await instances.remember(tx, [Instance("new", "i-9", "n", "", "", {})], at=START)
            assert await tx.scalar(sa.select(sa.func.max(instance.c.id))) == 4
        with pytest.raises(UsageError, match="the database is not empty: there are rows in"):
            await copy(source, target)


async def test_the_command_says_what_it_copied_and_never_the_password(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_store(tmp_path / "data") as source:
        await fill(source, 1)
    async with server.fresh() as url:
        monkeypatch.setenv("FDI_MONITOR_DATABASE_URL", url)
        result = await _in_a_thread("migrate")
    assert (result.exit_code, result.exception) == (0, None)
    assert f"{len(metadata.sorted_tables)}  rows are in " in result.stdout


@pytest.mark.parametrize(
    ("url", "reason"), [("", "names no database"), ("postgresql://db/fdi", "there is nothing to copy")]
)
async def test_without_one_end_it_says_which(
    url: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FDI_MONITOR_DATABASE_URL", url)
    result = await _in_a_thread("migrate")
    assert isinstance(result.exception, UsageError)
    assert reason in str(result.exception)


async def _in_a_thread(*arguments: str) -> Any:
    import asyncio

    return await asyncio.to_thread(CliRunner().invoke, command, arguments)
