"""A disk that takes nothing any more: polling and alerting go on, people hear of it, and nothing is lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from service import service
from setting import policy
from stage import story
from waiting import still, want
from world import cloud


@story
async def test_while_the_store_is_locked_people_are_told_directly_and_all_is_written_after(folder: Path) -> None:
    async with cloud() as world, service(folder, world, policy(world)) as run:
        await world.polled_again("orders")
        other = sqlite3.connect(run.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        world.breaks("orders", cdc=2)

        def names(status: str) -> set[str]:
            return {one["labels"]["alertname"] for said in world.said("hook", status) for one in said.body["alerts"]}

        await want("people hear of both", lambda: names("firing") == {"store-degraded", "tasks-abnormal"}, within=20)
        told = len(world.tries("hook"))
        await world.polled_again("orders")
        status, shown = await run.page("/")
        assert status == 200
        assert "What follows may be old: the store takes no writes" in shown
        assert await run.counts(1, "fdi_monitor_store_degraded")

        other.execute("ROLLBACK")
        other.close()
        await want("and of its end", lambda: "store-degraded" in names("resolved"), within=20)
        world.recovers("orders")
        await want("what broke meanwhile has its end", lambda: "tasks-abnormal" in names("resolved"))
        await still("and no more", lambda: len(world.said("hook", "resolved")) == 2)
        assert told == 1
        with sqlite3.connect(f"file:{run.database}?mode=ro", uri=True) as seen:
            assert seen.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            moved = seen.execute("SELECT rule, after FROM transition ORDER BY id").fetchall()
        seen.close()
        assert sorted(moved) == [
            ("store-degraded", "firing"),
            ("store-degraded", "resolved"),
            ("tasks-abnormal", "firing"),
            ("tasks-abnormal", "resolved"),
        ]
