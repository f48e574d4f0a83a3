"""`/rules`: what the service looks for, where each rule stands now, and how much noise it makes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from aiohttp import web

from monitor.rules.scores import AGAIN, SOON
from monitor.rules.watch import labels_of
from monitor.store import board, episodes, tallies
from monitor.web import pages, ruleboard
from monitor.web.ruleboard import Order, Reach, Watched
from monitor.web.sheets import paging
from monitor.web.site import SITE

PAGE = 25
SPAN = timedelta(days=7)
"""How far back noise is counted."""

routes = web.RouteTableDef()


@routes.get("/rules")
async def listed(request: web.Request) -> web.Response:
    """All rules, by noise unless asked otherwise."""
    site, query = request.app[SITE], request.query
    at = site.now()
    async with site.store.read() as tx:
        live = await tallies.crowds(tx)
        unrest = await episodes.unrest(tx, at - SPAN, at, brief=SOON, again=AGAIN)
        seen = await board.instances(tx)
    asked = query.get("sort", "")
    order = Order(asked) if asked in set(Order) else Order.NOISE
    text = query.get("q", "").strip()

    rules = ruleboard.board(site.speech(), live, unrest, order=order, text=text)
    way = paging(request, len(rules), size=PAGE)
    shown = way.cut(rules)

    def reached() -> Mapping[str, Reach]:
        watched = [Watched(labels_of(one.instance), one.run.end if one.run else None) for one in seen]
        return ruleboard.reaches(shown, watched)

    return await pages.answer(
        request,
        "rules.html",
        form=True,
        at=at,
        rules=shown,
        # off the event loop: many rules look at many instances
        reaches=await asyncio.to_thread(reached),
        paging=way,
        order=order,
        orders=list(Order),
        text=text,
        loudest=max((one.noise for one in rules), default=0),
        brief=SOON,
        again=AGAIN,
        days=SPAN.days,
    )
