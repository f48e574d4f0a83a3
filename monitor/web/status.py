"""The page about the service itself (`/status`): whether its loops come round, its nodes, quotas, heartbeat, policy,
store, receivers."""

from __future__ import annotations

import platform
from datetime import timedelta

from aiohttp import web

from monitor.audit import Act
from monitor.store import audit, board, failing, outbox, sizes
from monitor.store.census import census
from monitor.web import condition, pages
from monitor.web.accounts import accounts
from monitor.web.condition import Condition, desks, loops, verdict
from monitor.web.site import SITE, Site
from monitor.web.standing import current, tiles
from monitor.web.visit import visit_of

_LATE = timedelta(minutes=10)
"""A message that waits for longer shows that its receiver cannot be told."""

_ACTS = 10

_PLACES = {
    Act.SILENCED: "silences",
    Act.EXPIRED: "silences",
    Act.ACKNOWLEDGED: "alerts",
    Act.WITHDREW: "alerts",
    Act.RETRIED: "deliveries",
}
"""Where what was done to something leads."""

routes = web.RouteTableDef()


@routes.get("/status")
async def page(request: web.Request) -> web.Response:
    """What `/readyz`, `/metrics` and the log know, for people."""
    site, words = request.app[SITE], visit_of(request).words
    found, meters = await look(site), site.meters
    async with site.store.read() as tx:
        seen, live = await board.instances(tx), await board.live(tx)
        acts = await audit.page(tx, most=_ACTS)
    names = [one.name for one in found.speech.accounts]
    return await pages.answer(
        request,
        "status.html",
        at=found.at,
        it=found,
        verdict=verdict(found, words),
        accounts=accounts(found.speech.accounts, tiles(current(seen, at=found.at), live), live, meters.paces()),
        polls={name: (meters.polls_of(name, "good"), meters.polls_of(name, "failed")) for name in names},
        lags={name: lag for name in names if (lag := meters.lag_of(name)) is not None},
        longest=meters.LONGEST,
        started_at=site.started_at,
        acts=acts,
        places=_PLACES,
        reloaded_at=meters.reloaded_when(),
        wall=found.at + site.behind(),
        node=site.node or platform.node(),
        python=platform.python_version(),
    )


async def look(site: Site) -> Condition:
    """How the service stands now."""
    at, speech, meters = site.now(), site.speech(), site.meters
    async with site.store.read() as tx:
        size, tally = await sizes.size(tx), await outbox.tally(tx)
        troubled = await failing.receivers(tx, late=at - _LATE)
        nodes = await census(tx)
    good, failed = (int(meters.value("fdi_monitor_heartbeats_total", outcome=one)) for one in ("good", "failed"))
    return Condition(
        at=at,
        begun=site.pulse.begun,
        loops=loops(site.pulse.loops(), at),
        speech=speech,
        desks=desks(speech, tally, troubled),
        degraded=bool(meters.value("fdi_monitor_store_degraded")),
        held=int(meters.value("fdi_monitor_store_held")),
        size=size,
        census=nodes,
        nodes=condition.nodes(nodes, site.node, site.lease),
        beat=condition.beat(speech.heartbeat, meters.heard_when(), good, failed, at),
    )
