"""`/metrics`: what the service counts about itself, with every instance and alert as the store has them."""

from __future__ import annotations

import asyncio

from aiohttp import hdrs, web
from prometheus_client import disable_created_metrics
from prometheus_client.exposition import choose_encoder

from monitor.store import alerts, board, outbox
from monitor.web.exposition import Scrape, families
from monitor.web.site import SITE

routes = web.RouteTableDef()

disable_created_metrics()  # type: ignore[no-untyped-call]


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Prometheus's text format, or OpenMetrics where the reader asks for it."""
    site = request.app[SITE]
    at = site.now()
    async with site.store.read() as tx:
        seen, live, tally = await board.instances(tx), await alerts.live(tx), await outbox.tally(tx)
    encode, content_type = choose_encoder(request.headers.get(hdrs.ACCEPT, ""))
    # off the event loop: with thousands of instances the text is long
    body = await asyncio.to_thread(encode, Scrape(site.meters.registry, families(seen, live, tally, at=at)))
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})
