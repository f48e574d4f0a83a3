"""The stream of server-sent events: says that something changed, at most once a second."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from weakref import WeakSet

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from monitor.clock import Clock
from monitor.nudge import Nudge
from monitor.web.site import SITE

PAUSE = 1.0
"""Seconds between two events of one stream."""

routes = web.RouteTableDef()

_STREAMS = web.AppKey("streams", WeakSet[EventSourceResponse])


def close_with(app: web.Application) -> None:
    """Makes the streams end when `app` shuts down; otherwise they would hold it up."""
    app[_STREAMS] = WeakSet()
    app.on_shutdown.append(_close)


@routes.get("/api/fdi/v1/events", allow_head=False)
async def events(request: web.Request) -> web.StreamResponse:
    """An event `changed` after each change, with the moment of the news as its data."""
    site = request.app[SITE]
    async with sse_response(request) as stream, asyncio.TaskGroup() as group:
        request.app[_STREAMS].add(stream)
        teller = group.create_task(_tell(stream, site.changed, site.now))
        await stream.wait()
        teller.cancel()
    return stream


async def _tell(stream: EventSourceResponse, changed: Nudge, now: Clock) -> None:
    seen = changed.rings
    # a reader that left or stalls ends the stream; that is no error of ours
    with suppress(ConnectionError, TimeoutError):
        while True:
            seen = await changed.wait(since=seen)
            await stream.send(now().isoformat(), event="changed")
            await asyncio.sleep(PAUSE)


async def _close(app: web.Application) -> None:
    streams = app[_STREAMS]
    for stream in list(streams):
        stream.stop_streaming()
