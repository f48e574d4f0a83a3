"""The page of one instance (`/instances/{account}/{id}`): its counts over time, what its rules say, its errors."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from monitor.model import InstanceKey
from monitor.store import alerts, history, instances
from monitor.store.board import Seen
from monitor.web import pages, portrait
from monitor.web.evidence import examined
from monitor.web.portrait import RANGES, Portrait
from monitor.web.site import SITE, Site

_ERRORS = 10
_OVER = 10

routes = web.RouteTableDef()


@routes.get("/instances/{account}/{id}")
async def page(request: web.Request) -> web.Response:
    """The page; `range` is how far its charts reach back: a day, or an hour of what is known for less."""
    key = InstanceKey(request.match_info["account"], request.match_info["id"])
    span = request.query.get("range", "")
    if span and span not in RANGES:
        raise web.HTTPBadRequest
    site = request.app[SITE]
    at = site.now()
    shown = await _portrait(site, key, span, at)
    if shown is None:
        raise web.HTTPNotFound
    return await pages.answer(request, "instance.html", at=at, view=shown, ranges=RANGES, counted=portrait.counted)


async def _portrait(site: Site, key: InstanceKey, span: str, at: datetime) -> Portrait | None:
    async with site.store.read() as tx:
        instance = await instances.find(tx, key)
        if instance is None:
            return None
        runs = (await history.reaching(tx, at - RANGES[span or "24h"], [key])).get(key, [])
        if not span:
            span = "1h" if runs and runs[0].start > at - RANGES["1h"] else "24h"
        mine = await alerts.about(tx, key)
        steps = await alerts.steps_since(tx, [one.key for one in mine], at - RANGES[span])
        errors = await history.failures(tx, key, most=_ERRORS)
        inquest = await examined(tx, instance, site.speech().rules, mine, at=at)
        good = await history.last_good(tx, key)
    seen = Seen(instance, runs[-1] if runs else None, good.end if good else None)
    live = [one for one in mine if one.state in portrait.LIVE]
    return Portrait(
        at=at,
        tile=portrait.tile_of(seen, live, at),
        history=portrait.history(span, runs, mine, steps, at),
        findings=portrait.findings(inquest, mine, at),
        grouped=inquest.grouped if inquest else (),
        live=live,
        over=[one for one in mine if one not in live][:_OVER],
        errors=errors,
        matchers=portrait.matchers_of(instance),
    )
