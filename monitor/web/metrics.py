"""`/metrics`: what the service counts about itself, with every instance and alert as the store has them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import hdrs, web
from prometheus_client import disable_created_metrics
from prometheus_client.exposition import choose_encoder

from monitor.silences import Silence, Standing
from monitor.store import alerts, board, outbox, silences, tallies
from monitor.store.census import census
from monitor.web.exposition import Scrape, Tallies, families, instances
from monitor.web.site import SITE, Site

LASTS = timedelta(seconds=10)
"""How long the text of all instances is good while nothing moves: only that one is polled no more shows later."""

routes = web.RouteTableDef()

disable_created_metrics()  # type: ignore[no-untyped-call]


@dataclass(slots=True)
class _Sheet:
    """The text of all instances, made once for all readers; `rings` counts what had moved by then."""

    text: bytes = b""
    rings: int = -1
    at: datetime | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self, site: Site, at: datetime) -> bytes:
        async with self.turn:
            rings = site.changed.rings
            if self.at is None or rings != self.rings or not timedelta() <= at - self.at < LASTS:
                async with site.store.read() as tx:
                    seen = await board.instances(tx)
                # off the event loop: with thousands of instances the text is long
                text = await asyncio.to_thread(instances, seen, at=at)
                self.text, self.rings, self.at = text.encode(), rings, at
            return self.text


_SHEET = web.AppKey("sheet", _Sheet)


def share_with(app: web.Application) -> None:
    """Has all readers of `app` share what is made for one."""
    app[_SHEET] = _Sheet()


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Prometheus's text format, or OpenMetrics where the reader asks for it."""
    site, loop = request.app[SITE], asyncio.get_running_loop()
    at, begun = site.now(), loop.time()
    text = await request.app[_SHEET].read(site, at)
    async with site.store.read() as tx:
        live = await alerts.live(tx)
        counted = Tallies(
            outbox=await outbox.tally(tx),
            oldest=await tallies.oldest(tx),
            verdicts=await tallies.verdicts(tx),
            census=await census(tx),
            silences=_by_standing(await silences.every(tx), at),
        )
    site.meters.scrape.set(loop.time() - begun)
    encode, content_type = choose_encoder(request.headers.get(hdrs.ACCEPT, ""))
    others = Scrape(site.meters.registry, families(live, counted, site.pulse, at=at))
    # that of OpenMetrics ends with a mark: it comes last
    body = text + await asyncio.to_thread(encode, others)
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})


def _by_standing(known: Iterable[Silence], at: datetime) -> dict[str, int]:
    counted = Counter(one.standing(at) for one in known)
    return {str(one): counted[one] for one in Standing}
