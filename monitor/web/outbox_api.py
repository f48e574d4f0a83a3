"""`/api/fdi/v1/outbox`: what waits to be delivered or was given up, tried again or dropped by hand."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from monitor.audit import Act
from monitor.store import mailroom
from monitor.store.mailroom import Slip
from monitor.store.outbox import Standing
from monitor.web import audit
from monitor.web.amshape import moment
from monitor.web.site import SITE

MOST = 1000
"""Messages that are listed at once."""

routes = web.RouteTableDef()


@routes.get("/api/fdi/v1/outbox")
async def listed(request: web.Request) -> web.Response:
    """The messages, undelivered ones first, each newest first; `state` (several are possible) chooses."""
    states = request.query.getall("state", [str(one) for one in Standing])
    if strangers := sorted(set(states) - {str(one) for one in Standing}):
        return _refused(400, f"{strangers[0]!r} is no state of a message: waiting, sent and dead are")
    async with request.app[SITE].store.read() as tx:
        found = await mailroom.listed(tx, states=[Standing(one) for one in states], most=MOST)
    return web.json_response({"messages": [_shape(one) for one in found]})


@routes.post("/api/fdi/v1/outbox/{id}/retry")
async def retry(request: web.Request) -> web.Response:
    """Has an undelivered message tried at once, with the same id."""
    site, name = request.app[SITE], request.match_info["id"]
    async with site.store.write() as tx:
        if refusal := _undelivered(await mailroom.find(tx, name), name):
            return refusal
        await mailroom.retry(tx, name, site.now())
        found = await mailroom.find(tx, name)
        entry = await audit.write(tx, site, Act.RETRIED, name, _said(found))
    audit.tell(site, entry)
    return web.json_response(_shape(found) if found else None)


@routes.delete("/api/fdi/v1/outbox/{id}")
async def drop(request: web.Request) -> web.Response:
    """Forgets an undelivered message: nobody will get it."""
    site, name = request.app[SITE], request.match_info["id"]
    async with site.store.write() as tx:
        found = await mailroom.find(tx, name)
        if refusal := _undelivered(found, name):
            return refusal
        await mailroom.drop(tx, name)
        entry = await audit.write(tx, site, Act.DROPPED, name, _said(found))
    audit.tell(site, entry)
    return web.Response()


def _undelivered(found: Slip | None, name: str) -> web.Response | None:
    """The refusal where there is nothing left to do for the message."""
    if found is None:
        return _refused(404, f"there is no message {name} in the outbox")
    if found.state is Standing.SENT:
        return _refused(409, f"the message {name} was delivered")
    inside = found.merged_into
    return _refused(409, f"the message {name} goes out with {inside}: name that one") if inside else None


def _said(found: Slip | None) -> str:
    return f"for {found.receiver} by {found.kind}" if found else ""


def _refused(status: int, why: str) -> web.Response:
    return web.json_response({"error": why}, status=status)


def _shape(one: Slip) -> dict[str, Any]:
    # The reason of what is inside another message names that one.
    told = {name: value for name, value in one._asdict().items() if name != "merged_into"}
    return {**told, "state": str(one.state), "next_at": moment(one.next_at) if one.next_at else None}
