"""Nodes, leases and claims as rows: one holder at a time, by the database's clock; who is frozen holds up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from databases import Server
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.sharing import FROM_MEMORY, LEAD, Member
from monitor.store import nodes
from monitor.store.database import Store, open_store
from monitor.store.node_tables import lease
from monitor.store.nodes import Node

LONG, BRIEF = timedelta(minutes=1), timedelta(milliseconds=50)
DAYS = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def node(name: str, *accounts: str) -> Node:
    return Node(name, name, "http://127.0.0.1:8080", "1", accounts)


@pytest.fixture
async def shared(server: Server) -> AsyncIterator[Store]:
    """A database that the nodes `one` and `two` share, and `late` whose row has run out."""
    async with server.fresh() as url, open_store(Path("unused"), url) as store:
        async with store.quick() as tx:
            await nodes.provide(tx, {LEAD, "a", "b"})
            for name in ("one", "two"):
                await nodes.join(tx, node(name, "a", "b"), LONG)
            await nodes.join(tx, node("late", "a"), -BRIEF)
        yield store


async def take(store: Store, me: str, *accounts: str) -> dict[str, int]:
    async with store.quick() as tx:
        return {one.account: one.epoch for one in await nodes.take(tx, accounts, me)}


async def test_a_lease_has_one_holder_and_every_holder_a_new_epoch(shared: Store) -> None:
    assert await take(shared, "one", "a", "b") == {"a": 1, "b": 1}
    assert await take(shared, "two", "a") == {}
    async with shared.quick() as tx:
        await nodes.release(tx, "a", "two", 1, [])
        await nodes.release(tx, "a", "one", 7, [])
    assert await take(shared, "two", "a") == {}
    async with shared.quick() as tx:
        await nodes.release(tx, "a", "one", 1, [])
    assert await take(shared, "two", "a") == {"a": 2}
    async with shared.read() as tx:
        assert [(one.account, one.holder, one.epoch) for one in await nodes.leases(tx)] == [
            (LEAD, "", 0),
            ("a", "two", 2),
            ("b", "one", 1),
        ]


async def test_what_was_spent_goes_with_the_lease_and_grows_older(shared: Store) -> None:
    await take(shared, "one", "a")
    async with shared.quick() as tx:
        await nodes.release(tx, "a", "one", 1, [1.5, 0.0])
    async with shared.quick() as tx:
        [taken] = await nodes.take(tx, ["a"], "two")
    assert taken.spent is not None
    assert 1.5 <= taken.spent[0] < 60
    assert taken.spent[0] - taken.spent[1] == pytest.approx(1.5)


async def test_who_is_late_keeps_what_it_has_until_it_is_buried_and_may_come_back_before(shared: Store) -> None:
    assert await take(shared, "late", "a") == {"a": 1}
    assert await take(shared, "one", "a") == {}
    async with shared.quick() as tx:
        assert await nodes.beat(tx, node("late", "a"), LONG)
        assert await nodes.bury(tx) == []
    async with shared.quick() as tx:
        assert await nodes.beat(tx, node("late", "a"), -BRIEF)
        assert await nodes.bury(tx) == ["late"]
        assert not await nodes.beat(tx, node("late", "a"), LONG)
    async with shared.quick() as tx:
        [taken] = await nodes.take(tx, ["a"], "one")
    # nobody knows what a node that is gone spent
    assert (taken.epoch, taken.spent) == (2, None)
    assert await take(shared, "late", "b") == {}


async def test_who_was_buried_may_poll_from_memory_and_the_next_holders_know_until_it_is_back(shared: Store) -> None:
    await take(shared, "late", "a")
    async with shared.quick() as tx:
        assert [one.stray for one in await nodes.leases(tx)] == [None, None, None]
        await nodes.bury(tx)
        [taken] = await nodes.take(tx, ["a"], "one")
        assert taken.stray == FROM_MEMORY.total_seconds()
        await nodes.release(tx, "a", "one", 2, [])
        [taken] = await nodes.take(tx, ["a"], "two")
    assert taken.stray is not None
    assert 0 < taken.stray <= FROM_MEMORY.total_seconds()
    async with shared.quick() as tx:
        await nodes.beat(tx, node("two", "a"), -BRIEF)
        await nodes.bury(tx)
        await nodes.take(tx, ["a"], "one")
        # the one that was buried last was left no room, so it polls nothing
        assert await strays(tx) == {LEAD: "", "a": "late", "b": ""}
        await nodes.join(tx, node("two-again", "a"), LONG, before="two")
        assert await strays(tx) == {LEAD: "", "a": "late", "b": ""}
        await nodes.join(tx, node("late-again", "a"), LONG, before="late")
        assert await strays(tx) == {LEAD: "", "a": "", "b": ""}
        found = {one.account: one.stray for one in await nodes.leases(tx)}
    assert found["a"] is not None
    assert found["a"] <= 0


async def test_who_comes_back_and_says_what_it_was_frees_what_that_held_at_once(shared: Store) -> None:
    assert await take(shared, "one", "a", "b") == {"a": 1, "b": 1}
    async with shared.quick() as tx:
        await nodes.join(tx, node("one-again", "a"), LONG, before="one")
        assert "one" not in [one.id for one in await nodes.members(tx)]
        [taken] = await nodes.take(tx, ["a"], "two")
    # what the last life spent nobody knows; that it polls nothing from memory is known
    assert (taken.epoch, taken.spent, taken.stray) == (2, None, None)


async def strays(tx: AsyncConnection) -> dict[str, str]:
    rows = await tx.execute(sa.select(lease.c.account, lease.c.stray))
    return {row.account: row.stray for row in rows}


async def test_what_is_fenced_is_taken_by_nobody_before_the_end_and_nobody_waits_for_it(shared: Store) -> None:
    await take(shared, "late", "a")
    async with shared.quick() as tx:
        assert await nodes.fence(tx, {"a": 1, "b": 1}, "late") == {"a"}
        assert await nodes.fence(tx, {"a": 2}, "late") == set()
        async with shared.quick() as other:
            await nodes.bury(other)
        async with asyncio.timeout(1):
            assert await take(shared, "one", "a") == {}
    assert await take(shared, "one", "a") == {"a": 2}
    async with shared.quick() as tx:
        assert await nodes.fence(tx, {"a": 1}, "late") == set()


async def test_nodes_that_ask_at_once_share_what_there_is(shared: Store) -> None:
    async def ask(name: str) -> dict[str, int]:
        return await take(shared, name, "a", "b")

    found = await asyncio.gather(*(ask(name) for name in ("one", "two", "one", "two")))
    assert sorted(account for one in found for account in one) == ["a", "b"]


async def test_members_are_who_is_not_buried_and_the_lease_of_an_account_that_is_gone_goes(shared: Store) -> None:
    await take(shared, "one", "a")
    async with shared.quick() as tx:
        await nodes.bury(tx)
        await nodes.beat(tx, replace(node("two", "a"), beyond=["a"]), LONG, leaving=True)
        assert await nodes.members(tx) == [
            Member("one", frozenset({"a", "b"})),
            Member("two", frozenset({"a"}), leaving=True, beyond=frozenset({"a"})),
        ]
        assert [one.name for one, _, _ in await nodes.known(tx)] == ["one", "two"]
        await nodes.drop(tx, "a", "one", 1)
        await nodes.depart(tx, "two")
        assert [one.account for one in await nodes.leases(tx)] == [LEAD, "b"]
        assert [one.id for one in await nodes.members(tx)] == ["one"]


async def test_a_destination_is_served_by_one_and_its_rest_is_known_to_all(shared: Store) -> None:
    async with shared.quick() as tx:
        assert await nodes.claimed(tx, "ops", 0, "one") == (True, None)
        assert await nodes.claimed(tx, "ops", 0, "two") == (False, None)
        assert await nodes.claimed(tx, "ops", 0, "one") == (True, None)
        assert await nodes.serves(tx, "ops", 0, "one")
        await nodes.served(tx, "ops", 0, "one", DAYS)
        assert await nodes.claimed(tx, "ops", 0, "two") == (True, DAYS)
        assert not await nodes.serves(tx, "ops", 0, "one")
        assert await nodes.claimed(tx, "ops", 1, "late") == (True, None)
        await nodes.bury(tx)
        assert await nodes.claimed(tx, "ops", 1, "one") == (True, None)
        assert await nodes.claimed(tx, "ops", 2, "late") == (False, None)
