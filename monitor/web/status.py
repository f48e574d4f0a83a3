"""The page about the service itself (`/status`): whether its loops come round, its quotas, policy, store, receivers."""

from __future__ import annotations

import platform
from datetime import timedelta

from aiohttp import web

from monitor.store import board, failing, outbox, sizes
from monitor.web import pages
from monitor.web.accounts import accounts
from monitor.web.condition import desks, loops, verdict
from monitor.web.site import SITE
from monitor.web.standing import current, tiles
from monitor.web.visit import visit_of

_LATE = timedelta(minutes=10)
"""A message that waits for longer shows that its receiver cannot be told."""

routes = web.RouteTableDef()


@routes.get("/status")
async def page(request: web.Request) -> web.Response:
    """What `/readyz`, `/metrics` and the log know, for people."""
    site, words = request.app[SITE], visit_of(request).words
    at, speech, meters = site.now(), site.speech(), site.meters
    async with site.store.read() as tx:
        size, tally = await sizes.size(tx), await outbox.tally(tx)
        troubled = await failing.receivers(tx, late=at - _LATE)
        seen, live = await board.instances(tx), await board.live(tx)
    degraded = bool(meters.value("fdi_monitor_store_degraded"))
    found, told = loops(site.pulse.loops(), at), desks(speech, tally, troubled)
    return await pages.answer(
        request,
        "status.html",
        at=at,
        verdict=verdict(found, speech, told, words, degraded=degraded, begun=site.pulse.begun),
        loops=found,
        accounts=accounts(speech.accounts, tiles(current(seen, at=at), live), live, meters.paces()),
        polls={
            one.name: (meters.polls_of(one.name, "good"), meters.polls_of(one.name, "failed"))
            for one in speech.accounts
        },
        speech=speech,
        reloaded_at=meters.reloaded_when(),
        desks=told,
        size=size,
        degraded=degraded,
        held=int(meters.value("fdi_monitor_store_held")),
        started_at=site.started_at,
        wall=at + site.behind(),
        node=site.node or platform.node(),
        python=platform.python_version(),
    )
