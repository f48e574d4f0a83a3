"""The stream of server-sent events: each step of an alert, and that something changed, at most once a second.

The id of an event is the row of the last step by then. A reader that lost its connection says the last id that it saw,
and is told what it missed. A comment every fifteen seconds keeps what stands between from closing a quiet stream.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from weakref import WeakSet

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from monitor.errors import StoreFailed
from monitor.model import Transition
from monitor.store import alerts
from monitor.web.amshape import moment
from monitor.web.contract import EVENTS, tells
from monitor.web.site import SITE, Site

PAUSE = 1.0
"""Seconds between two rounds of one stream."""

HEARTBEAT = 15.0
"""Seconds between two comments."""

MOST = 1000
"""Steps that are told in one round."""

routes = web.RouteTableDef()

_STREAMS = web.AppKey("streams", WeakSet[EventSourceResponse])
_NEVER = -1


def close_with(app: web.Application) -> None:
    """Makes the streams end when `app` shuts down; otherwise they would hold it up."""
    app[_STREAMS] = WeakSet()
    app.on_shutdown.append(_close)


@routes.get("/api/fdi/v1/events", allow_head=False)
@tells(media=EVENTS)
async def events(request: web.Request) -> web.StreamResponse:
    """Events `alert`, one for each step of an alert, as JSON; and `changed` after each change, with its moment."""
    site = request.app[SITE]
    said = request.headers.get("Last-Event-ID", "")
    known = int(said) if said.isascii() and said.isdigit() and len(said) < 19 else None
    rings = site.changed.rings if known is None else _NEVER
    row = known if known is not None else await _newest(site)
    async with sse_response(request, ping_interval=HEARTBEAT) as stream, asyncio.TaskGroup() as group:
        request.app[_STREAMS].add(stream)
        teller = group.create_task(_tell(stream, site, rings, row))
        await stream.wait()
        teller.cancel()
    return stream


async def _newest(site: Site) -> int:
    async with site.store.read() as tx:
        return await alerts.newest(tx)


async def _tell(stream: EventSourceResponse, site: Site, rings: int, row: int) -> None:
    # a reader that left or stalls ends the stream; that is no error of ours
    with suppress(ConnectionError, TimeoutError):
        while True:
            rings = await site.changed.wait(since=rings)
            for row, step in await _steps(site, row):  # noqa: B020 - it goes on from there
                await stream.send(json.dumps(_shape(step), ensure_ascii=False), id=str(row), event="alert")
            await stream.send(site.now().isoformat(), id=str(row), event="changed")
            await asyncio.sleep(PAUSE)


async def _steps(site: Site, row: int) -> list[tuple[int, Transition]]:
    """The steps after that row; none while the store does not answer, they come with a later round."""
    try:
        async with site.store.read() as tx:
            return await alerts.after(tx, row, most=MOST)
    except StoreFailed:
        return []


def _shape(step: Transition) -> dict[str, str]:
    return {
        "fingerprint": step.alert,
        "at": moment(step.at),
        "before": str(step.before),
        "after": str(step.after),
        "cause": str(step.cause),
        "severity": str(step.severity),
        "rule": step.rule,
    }


async def _close(app: web.Application) -> None:
    streams = app[_STREAMS]
    for stream in list(streams):
        stream.stop_streaming()
