"""What an earlier version kept is opened and understood by this one; what a later one keeps is refused, untouched.

`released/` holds the state of a demonstration as the code of each schema wrote it, cut off in the middle: alerts fire
and wait, messages are delivered and wait. They are frozen: with a release, one more is added and none is changed.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from databases import Server
from sqlalchemy.ext.asyncio import create_async_engine

import monitor
from monitor.errors import UsageError
from monitor.memory import recall
from monitor.model import State
from monitor.policy.loader import load
from monitor.store import alerts, groups, history, instances, migrate, outbox, postgres
from monitor.store.database import FILE, Store, open_archive, open_store
from monitor.store.letters import Standing

RELEASED = sorted((Path(__file__).parent / "released").glob("*.sql"))
RULES = Path(monitor.__file__).parents[1] / "rules"
ENVIRONMENT = {"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s", "FEISHU_WEBHOOK": "https://example.com/hook"}
END = datetime.max.replace(tzinfo=UTC)
NAMES = {"orders", "invoices", "订单同步"}

every = pytest.mark.parametrize("dump", RELEASED, ids=lambda file: file.stem)


def folder(dump: Path, place: Path) -> Path:
    """A data folder as the version of that schema left it."""
    with closing(sqlite3.connect(place / FILE)) as database:
        database.executescript(dump.read_text(encoding="utf-8"))
    return place


def contents(file: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    with closing(sqlite3.connect(file)) as database:
        database.row_factory = sqlite3.Row
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: [dict(row) for row in database.execute(f"SELECT * FROM {table}")] for table in tables}


async def understood(store: Store) -> None:
    """Today's code reads all of it, as a service does that starts there."""
    async with store.read() as tx:
        newest = await history.newest(tx)
        known = {one.key: one for one in await alerts.known(tx)}
        told = {letter.state for letter in await outbox.recent(tx, most=100)}
        kept = await groups.everything(tx)
        steps = [step for key in known for step in await alerts.steps(tx, key, until=END, most=9)]
        assert {one.name for one in await instances.known(tx)} == NAMES
    assert newest is not None
    assert {one.state for one in known.values()} & {State.FIRING, State.PENDING}
    assert {step.alert for step in steps} == set(known)
    assert Standing.SENT in told
    assert {one.key for _, members in kept for one in members} <= set(known)
    memory = await recall(store, load(RULES, ENVIRONMENT).rules, at=newest + timedelta(minutes=1))
    assert {one.key for one in memory.alerts} == set(known)
    assert {key.account for key in memory.health} == {"demo"}
    assert len(memory.past) == len(NAMES)


@every
async def test_what_an_earlier_version_kept_is_all_there(dump: Path, tmp_path: Path) -> None:
    before = contents(folder(dump, tmp_path) / FILE)
    assert before["alembic_version"] == [{"version_num": dump.stem}]
    async with open_store(tmp_path) as store:
        await understood(store)
    after = contents(tmp_path / FILE)
    assert after["alembic_version"] == [{"version_num": migrate.head()}]
    del before["alembic_version"]
    columns = {table: set(rows[0]) for table, rows in before.items() if rows}
    kept = {
        table: [{name: row[name] for name in row if name in columns.get(table, ())} for row in after[table]]
        for table in before
    }
    assert kept == before


def test_every_schema_up_to_the_last_that_was_released_is_tried() -> None:
    assert [file.stem for file in RELEASED] == migrate.steps()[: len(RELEASED)]


@pytest.mark.parametrize("dump", RELEASED[::4], ids=lambda file: file.stem)
async def test_on_postgresql_too(dump: Path, tmp_path: Path, server: Server) -> None:
    rows = contents(folder(dump, tmp_path) / FILE)

    def fill(connection: sa.Connection) -> None:
        migrate.upgrade(connection, dump.stem)
        there = sa.MetaData()
        there.reflect(connection)
        for table in there.sorted_tables:
            if table.name != "alembic_version" and rows[table.name]:
                connection.execute(table.insert(), [_as_postgresql(table, row) for row in rows[table.name]])

    async with server.fresh(empty=True) as url:
        engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: postgres.connect(url))
        async with engine.begin() as tx:
            await tx.run_sync(fill)
        await engine.dispose()
        async with open_store(tmp_path, url) as store:
            await understood(store)


def _as_postgresql(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    """SQLite keeps documents as text and truths as numbers."""
    kinds: dict[type, Any] = {sa.JSON: json.loads, sa.Boolean: bool}
    found = dict(row)
    for column in table.columns:
        for kind, read in kinds.items():
            if isinstance(column.type, kind) and row[column.name] is not None:
                found[column.name] = read(row[column.name])
    return found


async def test_what_a_newer_version_keeps_is_refused_by_name_and_stays_as_it_is(tmp_path: Path) -> None:
    """The text says what, where, and what to do; it is the same for whoever only reads."""
    place = folder(RELEASED[-1], tmp_path)
    with closing(sqlite3.connect(place / FILE)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    before = contents(place / FILE)
    refusal = (
        rf"the database {place / FILE} was written by a newer fdi-monitor: its schema is 9999, and this is version "
        rf"{monitor.__version__}, which knows those up to {migrate.head()}\. Nothing was changed\. Run the newer "
        r"version, go back to a backup of before the upgrade, or name another place in FDI_MONITOR_DATA"
    )
    with pytest.raises(UsageError, match=refusal):
        async with open_store(place):
            pass
    with pytest.raises(UsageError, match=rf"its schema is 9999, and this is version .*, which reads {migrate.head()}"):
        async with open_archive(place):
            pass
    assert contents(place / FILE) == before


async def test_who_only_reads_says_who_has_to_write_first(tmp_path: Path) -> None:
    place = folder(RELEASED[0], tmp_path)
    with pytest.raises(UsageError, match=r"its schema is 0001, .* run the service of this version on it first"):
        async with open_archive(place):
            pass
