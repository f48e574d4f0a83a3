"""`/rules`: what the service looks for, where each rule stands now, and how much noise it makes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from aiohttp import web

from monitor.rules.scores import AGAIN, SOON
from monitor.rules.watch import labels_of
from monitor.store import alerts, board, episodes
from monitor.web import pages, ruleboard
from monitor.web.ruleboard import Order, Watched
from monitor.web.sheets import paging
from monitor.web.site import SITE

PAGE = 50
SPAN = timedelta(days=7)
"""How far back noise is counted."""

routes = web.RouteTableDef()


@routes.get("/rules")
async def listed(request: web.Request) -> web.Response:
    """All rules, by noise unless asked otherwise."""
    site, query = request.app[SITE], request.query
    at = site.now()
    async with site.store.read() as tx:
        live = await alerts.live(tx)
        unrest = await episodes.unrest(tx, at - SPAN, at, brief=SOON, again=AGAIN)
        seen = await board.instances(tx)
    asked = query.get("sort", "")
    order = Order(asked) if asked in set(Order) else Order.NOISE
    text = query.get("q", "").strip()

    def found() -> list[ruleboard.Standing]:
        watched = [Watched(labels_of(one.instance), one.run.end if one.run else None) for one in seen]
        return ruleboard.board(site.speech(), live, unrest, watched, order=order, text=text)

    # off the event loop: many rules look at many instances
    rules = await asyncio.to_thread(found)
    way = paging(request, len(rules), size=PAGE)
    return await pages.answer(
        request,
        "rules.html",
        form=True,
        at=at,
        rules=way.cut(rules),
        paging=way,
        order=order,
        orders=list(Order),
        text=text,
        loudest=max((one.noise for one in rules), default=0),
        brief=SOON,
        again=AGAIN,
        days=SPAN.days,
    )
