"""`/api/fdi/v1/outbox`: what waits to be delivered or was given up, tried again or dropped by hand."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from monitor.store import mailroom
from monitor.store.mailroom import Slip
from monitor.store.outbox import Standing
from monitor.web import deeds
from monitor.web.amshape import moment
from monitor.web.contract import query, tells
from monitor.web.paging import Paged, cursor
from monitor.web.problems import problem
from monitor.web.shapes import MessagesTold, MessageTold
from monitor.web.site import SITE, Site

routes = web.RouteTableDef()


class MessagesAsked(Paged):
    """Which messages."""

    state: list[Standing] = Field(default=[*Standing], description="Only those that stand so; several are possible.")


@routes.get("/api/fdi/v1/outbox")
@tells(MessagesTold, query=MessagesAsked)
async def listed(request: web.Request) -> web.Response:
    """The messages, undelivered ones first, each newest first; `state` (several are possible) chooses."""
    asked = query(request, MessagesAsked)
    after = asked.after(int, int)
    async with request.app[SITE].store.read() as tx:
        found = await mailroom.listed(tx, states=asked.state, most=asked.limit + 1, after=after)
    page = found[: asked.limit]
    more = cursor((int(page[-1].state is Standing.SENT), page[-1].seq)) if len(found) > len(page) else None
    return web.json_response(MessagesTold(messages=[_shape(one) for one in page], next=more))


@routes.post("/api/fdi/v1/outbox/{id}/retry")
@tells(MessageTold, refusals=(404, 409))
async def retry(request: web.Request) -> web.Response:
    """Has an undelivered message tried at once, with the same id."""
    site, name = request.app[SITE], request.match_info["id"]
    if refusal := await _refusal(site, name):
        return refusal
    await deeds.retry(site, [name])
    async with site.store.read() as tx:
        found = await mailroom.find(tx, name)
    return web.json_response(_shape(found) if found else None)


@routes.delete("/api/fdi/v1/outbox/{id}")
@tells(refusals=(404, 409))
async def drop(request: web.Request) -> web.Response:
    """Forgets an undelivered message: nobody will get it."""
    site, name = request.app[SITE], request.match_info["id"]
    if refusal := await _refusal(site, name):
        return refusal
    await deeds.drop(site, name)
    return web.Response()


async def _refusal(site: Site, name: str) -> web.Response | None:
    """The refusal where there is nothing left to do for the message."""
    async with site.store.read() as tx:
        found = await mailroom.find(tx, name)
    if found is None:
        return problem(404, f"there is no message {name} in the outbox")
    if found.state is Standing.SENT:
        return problem(409, f"the message {name} was delivered")
    inside = found.merged_into
    return problem(409, f"the message {name} goes out with {inside}: name that one") if inside else None


def _shape(one: Slip) -> MessageTold:
    # The reason of what is inside another message names that one.
    return {
        "id": one.id,
        "receiver": one.receiver,
        "kind": one.kind,
        "state": str(one.state),
        "verdict": one.verdict,
        "reason": one.reason,
        "attempts": one.attempts,
        "next_at": moment(one.next_at) if one.next_at else None,
    }
