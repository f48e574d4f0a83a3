"""The nodes as people look after them: who was heard of when, who holds what, and what nobody holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.store.census import Census, census
from monitor.store.database import Store
from monitor.store.node_tables import lease, node

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


async def told(store: Store) -> Census:
    async with store.read() as tx:
        return await census(tx)


async def test_a_database_of_one_process_has_no_nodes(store: Store) -> None:
    assert await told(store) == Census()


async def test_each_node_is_told_with_what_it_holds_and_what_is_left_is_free(store: Store) -> None:
    common = {"version": "1", "accounts": ["a", "b"], "leaving": False, "started_at": NOW - timedelta(hours=1)}
    lives = {"n-1": ("one", 15), "n-2": ("two", 4)}
    held = {"": "n-2", "a": "n-1", "b": "n-1", "c": "gone", "d": ""}
    async with store.write() as tx:
        for key, (name, seconds) in lives.items():
            until = NOW + timedelta(seconds=seconds)
            await tx.execute(node.insert().values(id=key, name=name, address=f"http://{name}", until=until, **common))
        for account, holder in held.items():
            await tx.execute(lease.insert().values(account=account, holder=holder, epoch=1, since=NOW))
    found = await told(store)
    assert [(one.name, one.unheard, one.leads, one.accounts) for one in found.peers] == [
        ("one", timedelta(), False, ["a", "b"]),
        ("two", timedelta(seconds=11), True, []),
    ]
    assert found.holders == {"a": "one", "b": "one"}
    assert (found.free, found.leaderless) == (["c", "d"], False)
    async with store.write() as tx:
        await tx.execute(lease.update().where(lease.c.account == "").values(holder=""))
    assert (await told(store)).leaderless
