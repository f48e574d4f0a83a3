"""What only a database on a server has: several processes at once, connections that break, and an address."""

from __future__ import annotations

import asyncio
import importlib.util
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from databases import Server
from sqlalchemy.ext.asyncio import create_async_engine

from monitor.errors import StoreFailed, UsageError
from monitor.model import Alert, Cause, Instance, Severity, State
from monitor.redaction import redact
from monitor.store import alerts, instances, migrate, nodes, postgres
from monitor.store.database import open_archive, open_store

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
NOWHERE = Path("unused")
BRIEF = timedelta(milliseconds=300)
OLD_NODE = (
    """INSERT INTO node (id, name, address, version, accounts, leaving, started_at, until)
       VALUES ('old', 'old', '', '1', '["a"]', false, 0, 9) ON CONFLICT (id) DO UPDATE SET until = 9""",
    "INSERT INTO lease (account, holder, epoch, since) VALUES ('a', '', 0, 0) ON CONFLICT DO NOTHING",
    "SELECT account FROM lease WHERE account = 'a' FOR UPDATE SKIP LOCKED",
    "UPDATE lease SET holder = 'old', epoch = epoch + 1, spent = NULL WHERE account = 'a'",
)
KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> {}"


async def test_nodes_that_start_at_once_on_an_empty_database_all_find_the_tables(server: Server) -> None:
    async def node(url: str) -> int:
        async with open_store(NOWHERE, url) as store, store.read() as tx:
            return int((await tx.exec_driver_sql("SELECT count(*) FROM alembic_version")).scalar_one())

    async with server.fresh(empty=True) as url:
        assert await asyncio.gather(*(node(url) for _ in range(4))) == [1, 1, 1, 1]


async def test_a_newer_schema_is_refused(server: Server) -> None:
    async with server.fresh() as url:
        async with open_store(NOWHERE, url) as store, store.write() as tx:
            await tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(UsageError, match="written by a newer fdi-monitor"):
            async with open_store(NOWHERE, url):
                pass
        with pytest.raises(UsageError, match="another version of fdi-monitor"):
            async with open_archive(NOWHERE, url):
                pass


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004", "0005", "0006"])
async def test_every_released_schema_is_brought_forward_with_what_it_holds(server: Server, revision: str) -> None:
    async with server.fresh(empty=True) as url:
        engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: postgres.connect(url))
        async with engine.begin() as tx:
            await tx.run_sync(migrate.upgrade, revision)
            await tx.exec_driver_sql(
                "INSERT INTO instance (account, cloud_id, name, region, project_id, labels, first_seen_at) "
                "VALUES ('prod', 'i-1', '订单', 'r', 'p', '{}', 5)"
            )
        await engine.dispose()
        async with open_store(NOWHERE, url) as store, store.read() as tx:
            assert [one.name for one in await instances.known(tx)] == ["订单"]


async def test_nodes_of_the_version_before_go_on_while_the_schema_is_brought_forward_and_after(server: Server) -> None:
    async with server.fresh(empty=True) as url:
        engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: postgres.connect(url))
        async with engine.begin() as tx:
            await tx.run_sync(migrate.upgrade, "0009")
        running, rounds = True, 0

        async def old_node() -> None:
            """What a node of then writes, again and again."""
            nonlocal rounds
            while running:
                async with engine.begin() as tx:
                    for statement in OLD_NODE:
                        await tx.exec_driver_sql(statement)
                rounds += 1

        working = asyncio.create_task(old_node())
        async with open_store(NOWHERE, url) as store:
            brought_forward = rounds
            while rounds < brought_forward + 3 and not working.done():
                await asyncio.sleep(0.01)
            async with store.quick() as tx:
                assert [(one.account, one.holder, one.stray) for one in await nodes.leases(tx)] == [("a", "old", None)]
                assert [one.beyond for one in await nodes.members(tx)] == [frozenset()]
        running = False
        await working
        await engine.dispose()


async def test_what_was_cut_fails_and_the_next_transaction_has_a_new_connection(server: Server) -> None:
    async with server.fresh() as url, open_store(NOWHERE, url) as store:
        async with store.read() as tx:
            await tx.execute(sa.text("SELECT 1"))
        other = await postgres.connect(url)
        with pytest.raises(StoreFailed, match="the store did not take a write"):
            async with store.write() as tx:
                await other.execute(KILL.format("pg_backend_pid()"))
                await tx.execute(sa.text("SELECT 1"))
        await other.close()
        async with store.write() as tx:
            assert (await tx.execute(sa.text("SELECT 1"))).scalar() == 1
        async with store.read() as tx:
            assert (await tx.execute(sa.text("SELECT 1"))).scalar() == 1


async def test_whoever_stands_still_in_a_transaction_holds_up_nobody_for_long(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "SHORTEST", timedelta(milliseconds=100))
    async with server.fresh() as url, open_store(NOWHERE, url, lease=BRIEF) as frozen:
        with pytest.raises(StoreFailed):
            async with frozen.write() as tx:
                async with open_store(NOWHERE, url) as other, other.write() as free:
                    await instances.remember(free, [Instance("prod", "i-1", "orders", "", "", {})], at=START)
                await instances.known(tx)


async def test_numbers_without_end_and_every_character_are_stored(server: Server) -> None:
    endless = float("inf")
    one = Alert(
        key="a1",
        rule="r",
        rule_version="v",
        instance=None,
        labels={"odd": 'a"\x01infinite"b'},
        severity=Severity.WARNING,
        state=State.FIRING,
        since=START,
        state_since=START,
        cause=Cause.HELD,
        values={"ratio": endless, "less": -endless, "n": 1.5},
        annotations={"summary": "订单 \N{PILE OF POO}"},
    )
    async with server.fresh() as url, open_store(NOWHERE, url) as store, store.write() as tx:
        await alerts.save(tx, [one])
        assert await alerts.by_key(tx, ["a1"]) == {"a1": one}
        await instances.remember(tx, [Instance("prod", "i-1", "a\0b", "", "", {"k": "c\0d"})], at=START)
        [known] = await instances.known(tx)
    assert (known.name, known.labels) == ("a�b", {"k": "c\0d"})


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg"])
async def test_a_database_that_is_not_there_is_named_without_its_password(scheme: str) -> None:
    url = f"{scheme}://fdi:gehe%23im-canary@127.0.0.1:1/monitor"
    with pytest.raises(UsageError, match=r"the database 127\.0\.0\.1:1/monitor cannot be used: ") as caught:
        async with open_store(NOWHERE, url):
            pass
    assert "canary" not in str(caught.value)
    assert redact("said gehe%23im-canary") == "said ***"


async def test_without_the_driver_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"pip install 'fdi-monitor\[postgres\]'"):
        async with open_store(NOWHERE, "postgresql://db/fdi"):
            pass
