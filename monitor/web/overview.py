"""The first page (`/`): how everything stands."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from aiohttp import web

from monitor.model import InstanceKey, Run
from monitor.store import board, history
from monitor.web import pages
from monitor.web.sheets import PAGE, paging
from monitor.web.site import SITE
from monitor.web.sparks import REACH, Spark, spark
from monitor.web.titles import TITLES
from monitor.web.view import view
from monitor.web.visit import visit_of

ALERTS_SHOWN = 100
TILES_SHOWN = 200
TILES_AT_ONCE = 1000
_RESOLVED = 8
_LETTERS = 12
_LONGEST = 200

routes = web.RouteTableDef()


@routes.get("/")
async def page(request: web.Request) -> web.Response:
    """The whole page. With `?all` no list is cut, but instances come a thousand at a time; `account` and `q` choose the
    instances that are shown."""
    site, asked = request.app[SITE], request.query
    words = visit_of(request).words
    at, whole = site.now(), "all" in asked or PAGE in asked
    async with site.store.read() as tx:
        found = await board.read(tx, told=None if whole else ALERTS_SHOWN, resolved=_RESOLVED, letters=_LETTERS)
        titles = await request.app[TITLES].of(tx, found.letters, words.code)
        # off the event loop, with all that thousands of instances take
        shown = await asyncio.to_thread(
            view,
            found,
            at=at,
            words=words,
            late=list(site.pulse.late(at)),
            tended=site.speech().accounts,
            paces=site.meters.paces(),
            titles=titles,
            degraded=bool(site.meters.value("fdi_monitor_store_degraded")),
            account=asked.get("account", ""),
            named=asked.get("q", "").strip()[:_LONGEST],
        )
        part = paging(request, len(shown.tiles), size=TILES_AT_ONCE if whole else TILES_SHOWN)
        tiles = part.cut(shown.tiles)
        runs = await history.reaching(tx, at - REACH, [tile.seen.instance.key for tile in tiles])
    sparks = await asyncio.to_thread(_sparks, runs, at)
    return await pages.answer(
        request, "overview.html", at=at, view=shown, tiles=tiles, sparks=sparks, paging=part, whole=whole, asked=asked
    )


def _sparks(runs: Mapping[InstanceKey, Sequence[Run]], at: datetime) -> dict[InstanceKey, Spark]:
    return {key: drawn for key, mine in runs.items() if (drawn := spark(mine, at)) is not None}
