"""Opening the store: one process at a time, one writer at a time, forward only."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.errors import StoreFailed, UsageError
from monitor.model import Instance
from monitor.store import instances, migrate
from monitor.store.database import FILE, Store, open_store
from monitor.store.tables import instance, metadata

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


async def tables(tx: AsyncConnection) -> list[str]:
    return await tx.run_sync(lambda connection: sa.inspect(connection).get_table_names())


def shape(connection: sa.Connection) -> dict[str, object]:
    """All that the database says of its tables."""
    inspector = sa.inspect(connection)
    return {
        name: {
            "columns": [(one["name"], str(one["type"]), one["nullable"], one["default"]) for one in columns],
            "key": inspector.get_pk_constraint(name)["constrained_columns"],
            "indexes": sorted(inspector.get_indexes(name), key=str),
            "foreign": sorted(inspector.get_foreign_keys(name), key=str),
            "unique": sorted(inspector.get_unique_constraints(name), key=str),
            "checks": sorted(inspector.get_check_constraints(name), key=str),
        }
        for name in inspector.get_table_names()
        if (columns := inspector.get_columns(name))
    }


async def test_the_steps_lead_to_exactly_the_tables_that_an_empty_database_gets(store: Store) -> None:
    async with store.write() as tx:
        made = await tx.run_sync(shape)
        await tx.run_sync(metadata.drop_all)
        await tx.exec_driver_sql("DROP TABLE alembic_version")
        await tx.run_sync(migrate.upgrade, "0001")
        first = await tx.run_sync(shape)
        await tx.run_sync(migrate.upgrade)
        stepped = await tx.run_sync(shape)
    assert len(first) < len(stepped)
    assert stepped == made


def test_the_newest_schema_is_the_last_step() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.head()


async def test_a_second_process_is_refused_in_one_folder(tmp_path: Path) -> None:
    async with open_store(tmp_path):
        with pytest.raises(UsageError, match="another fdi-monitor works in the data folder"):
            async with open_store(tmp_path):
                pass


async def test_after_closing_another_may_open(tmp_path: Path) -> None:
    for _ in range(2):
        async with open_store(tmp_path) as store, store.read() as tx:
            await tx.execute(sa.select(instance))


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match=r"file/data cannot be written: Not a directory\. Make it writable"):
        async with open_store(tmp_path / "file" / "data"):
            pass


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("this is not a database, whatever it says" * 100)
    with pytest.raises(UsageError, match="cannot be opened: file is not a database"):
        async with open_store(tmp_path):
            pass


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    async with open_store(tmp_path):
        pass
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(UsageError, match="written by a newer fdi-monitor"):
        async with open_store(tmp_path):
            pass
    assert migrate.head() != "9999"


async def test_concurrent_writers_lose_nothing(store: Store) -> None:
    async with store.write() as tx:
        await tx.exec_driver_sql("CREATE TABLE counter (n INTEGER)")
        await tx.exec_driver_sql("INSERT INTO counter VALUES (0)")

    async def add() -> None:
        for _ in range(10):
            async with store.write() as tx:
                number = (await tx.exec_driver_sql("SELECT n FROM counter")).scalar_one()
                await tx.exec_driver_sql(f"UPDATE counter SET n = {number + 1}")

    await asyncio.gather(*(add() for _ in range(10)))
    async with store.read() as tx:
        assert (await tx.exec_driver_sql("SELECT n FROM counter")).scalar_one() == 100


async def test_a_write_that_fails_leaves_nothing_behind(store: Store) -> None:
    # a table that is missing is the world's doing to SQLite, and a bug to PostgreSQL
    with pytest.raises((StoreFailed, ProgrammingError), match=r"no such table|does not exist"):
        async with store.write() as tx:
            await tx.exec_driver_sql("CREATE TABLE half (n INTEGER)")
            await tx.exec_driver_sql("INSERT INTO nowhere VALUES (1)")
    async with store.read() as tx:
        assert "half" not in await tables(tx)


async def test_a_read_sees_one_moment(store: Store) -> None:
    async with store.read() as tx:
        assert (await tx.execute(sa.select(sa.func.count()).select_from(instance))).scalar() == 0
        async with store.write() as other:
            await instances.remember(other, [Instance("prod", "i-1", "orders", "", "", {})], at=START)
        assert (await tx.execute(sa.select(sa.func.count()).select_from(instance))).scalar() == 0


async def test_what_is_kept_is_for_its_owner_only(tmp_path: Path) -> None:
    async with open_store(tmp_path / "data") as store, store.write() as tx:
        await tx.exec_driver_sql("CREATE TABLE t (n INTEGER)")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "data").iterdir()}
    assert modes.keys() >= {"fdi-monitor.lock", FILE, f"{FILE}-wal"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
