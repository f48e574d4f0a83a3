"""Hundreds of alerts in one cycle; and who watches from elsewhere, and hears as long as all is well."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from service import service
from setting import policy
from stage import story
from waiting import SOON, still, want
from world import FEISHU, cloud

MANY = 300


@story
async def test_a_storm_is_told_within_the_limits_of_a_chat_while_the_pages_answer(folder: Path) -> None:
    async with cloud(instances=MANY, quota="500/s") as world:
        account = world.account(poll_every="3s", quota="200/s", concurrency=16)
        receivers = [{"name": "chat", "feishu": world.feishu()}]
        route = {"receiver": "chat", "group_by": ["instance"]}
        async with service(folder, world, policy(world, accounts=[account], receivers=receivers, route=route)) as run:
            await want("all are polled", lambda: run.counts(MANY, "fdi_up"), within=30)
            world.breaks(*(member.machine.name for member in world.sim.cloud.members.values()), cdc=1)
            began = time.monotonic()
            await want("the first message", world.chat)
            assert time.monotonic() - began < SOON
            status, text = await run.page("/")
            assert (status, "alerts fire" in text) == (200, True)
            await want("nothing waits", lambda: told(run.database) == MANY, within=60)
            refused = [one for one in world.sim.messages(robot=FEISHU) if one.verdict != "accepted"]
            assert refused == [], "the chat was never asked for more than it takes"
            assert len(world.chat()) < MANY, "what the limits do not carry goes out together"


def told(database: Path) -> int:
    """Of how many alerts a message arrived that told of them."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as seen:
        sent = "SELECT count(DISTINCT alert) FROM decision JOIN outbox ON outbox.id = message WHERE state = 'sent'"
        (number,) = seen.execute(sent).fetchone()
    seen.close()
    return int(number)


@asynccontextmanager
async def watcher() -> AsyncIterator[tuple[str, list[float]]]:
    """Where a heartbeat is sent to, and when it came."""
    pings: list[float] = []

    async def ping(_: web.Request) -> web.Response:
        pings.append(time.monotonic())
        return web.Response()

    app = web.Application()
    app.router.add_get("/ping", ping)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        [(_, port)] = [address[:2] for address in runner.addresses]
        yield f"http://127.0.0.1:{port}/ping", pings
    finally:
        await runner.cleanup()


@story
async def test_the_heartbeat_comes_while_the_cloud_answers_and_the_store_takes_what_is_seen(folder: Path) -> None:
    async with cloud(instances=2) as world, watcher() as (url, pings):
        account = world.account(timeout="1s")
        written = policy(world, accounts=[account], heartbeat={"url": url, "every": "1s"})
        async with service(folder, world, written) as run:

            async def comes(why: str) -> None:
                before = len(pings)
                await want(why, lambda: len(pings) >= before + 2, within=20)

            async def ceases(why: str) -> None:
                await want(why, lambda: not pings or time.monotonic() - pings[-1] > 3.5, within=20)
                before = len(pings)
                await still(why, lambda: len(pings) == before, lasts=1.5)

            await comes("after a full cycle")
            world.answers("orders", "hang")
            await world.polled_again("orders")
            await comes("one that does not answer is an alert, and no reason to doubt the service")
            world.answers("*", "hang")
            await ceases("nobody answers")
            world.sim.cloud.faults.clear()
            await comes("they answer again")

            other = sqlite3.connect(run.database, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            world.breaks("orders", cdc=2)
            await ceases("what is seen cannot be written")
            other.execute("ROLLBACK")
            other.close()
            await comes("it is written")
