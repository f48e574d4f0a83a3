"""Which accounts a node cannot reach: those that answer nothing and take no connection, until they take one again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from aiohttp import web
from fdi_kit import STATISTICS, account, instance
from fdi_sockets import NOW, web_server

from monitor.fdi.cloud import Cloud
from monitor.fdi.wire import make_session
from monitor.sight import Sight

LEASE = timedelta(seconds=0.2)


async def good(_request: web.Request) -> web.Response:
    return web.Response(body=STATISTICS, content_type="application/json")


async def test_an_account_is_beyond_reach_once_nothing_answers_and_nothing_is_connected(unused_tcp_port: int) -> None:
    async with make_session() as session:
        lost = Cloud(account(base=f"http://127.0.0.1:{unused_tcp_port}"), session, lambda: NOW)
        held = {"prod"}
        sight = Sight({"prod": lost}, lambda: held, LEASE)
        await sight.step()
        assert set(sight.beyond) == set(), "nothing was sent yet"
        assert not (await lost.sample(instance())).up
        await asyncio.sleep(0.11)
        await sight.step()
        assert set(sight.beyond) == {"prod"}
        held.clear()
        await sight.step()
        assert set(sight.beyond) == {"prod"}, "where another polls it, it is still to be reached first"
        runner = web.AppRunner(web.Application())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
        await sight.step()
        await runner.cleanup()
        assert set(sight.beyond) == set()


async def test_a_cloud_that_is_silent_but_takes_connections_does_so_to_everybody() -> None:
    async def hangs(_request: web.Request) -> web.Response:
        await asyncio.sleep(0.3)
        return await good(_request)

    async with web_server(hangs) as base, make_session() as session:
        slow = Cloud(account(base=base), session, lambda: NOW)
        sight = Sight({"prod": slow}, lambda: {"prod"}, LEASE)
        asking = asyncio.create_task(slow.sample(instance()))
        await asyncio.sleep(0.15)
        assert slow.throttler.silence > 0.1
        await sight.step()
        assert set(sight.beyond) == set()
        assert (await asking).up
        assert slow.throttler.silence == 0
