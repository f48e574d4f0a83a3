"""The stream of events, over a real socket."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientSession
from webrows import NOW, opened

from monitor.meters import Meters, Pulse
from monitor.nudge import Nudge
from monitor.store.database import open_store
from monitor.web.server import make_app, serve
from monitor.web.site import Site

EVENTS = "/api/fdi/v1/events"
CHANGED = b"id: 0\r\nevent: changed\r\ndata: 2026-01-05T10:00:00+00:00\r\n\r\n"


async def settled() -> None:
    """Lets the handler on the other side of the socket come to its wait."""
    await asyncio.sleep(0.05)


async def test_a_change_is_told_once_and_not_again_within_a_second(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client), client.get(EVENTS) as answer:
        assert answer.content_type == "text/event-stream"
        await settled()
        for _ in range(3):
            site.changed.ring()
        assert await answer.content.readexactly(len(CHANGED)) == CHANGED
        site.changed.ring()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.15):
                await answer.content.readany()


async def test_every_reader_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client), client.get(EVENTS) as one, client.get(EVENTS) as other:
        await settled()
        site.changed.ring()
        for answer in (one, other):
            assert await answer.content.readexactly(len(CHANGED)) == CHANGED


async def test_a_reader_that_left_harms_nobody(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client), client.get(EVENTS) as stays:
        gone = await client.get(EVENTS)
        await settled()
        gone.close()
        site.changed.ring()
        assert await stays.content.readexactly(len(CHANGED)) == CHANGED
        assert (await client.get("/healthz")).status == 200


async def test_open_streams_end_cleanly_when_the_service_stops(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with open_store(tmp_path) as store, ClientSession() as session:
        site = Site(store, Meters(), Pulse(), lambda: NOW, Nudge())
        async with serve(make_app(site), "127.0.0.1", 0) as port:
            answers = [await session.get(f"http://127.0.0.1:{port}{EVENTS}") for _ in range(3)]
            await settled()
            begun = loop.time()
        assert loop.time() - begun < 1
        # a body that was cut short would raise here
        assert [await answer.read() for answer in answers] == [b"", b"", b""]
