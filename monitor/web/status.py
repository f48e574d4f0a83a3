"""The page about the service itself (`/status`): whether its loops come round, its nodes, quotas, heartbeat, policy,
store, receivers."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import timedelta

import structlog
from aiohttp import web

from monitor import errors
from monitor.audit import Act
from monitor.store import audit, board, failing, outbox, sizes
from monitor.store.census import census
from monitor.web import condition, pages
from monitor.web.accounts import AccountRow, accounts
from monitor.web.condition import Condition, verdict
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

log = structlog.get_logger()


@routes.get("/status")
async def page(request: web.Request) -> web.Response:
    """What `/readyz`, `/metrics` and the log know, for people."""
    site = request.app[SITE]
    found = await look(site)
    if found.size is None:
        return await _answer(request, found, accounts(found.speech.accounts, (), (), site.meters.paces()), ())
    async with site.store.read() as tx:
        seen, live = await board.instances(tx), await board.live(tx)
        acts = await audit.page(tx, most=_ACTS)
    tended = found.speech.accounts
    rows = accounts(tended, tiles(current(seen, at=found.at), live), live, site.meters.paces())
    return await _answer(request, found, rows, acts)


async def _answer(
    request: web.Request, found: Condition, rows: Sequence[AccountRow], acts: Sequence[object]
) -> web.Response:
    site, words = request.app[SITE], visit_of(request).words
    meters, names = site.meters, [one.name for one in found.speech.accounts]
    return await pages.answer(
        request,
        "status.html",
        at=found.at,
        it=found,
        verdict=verdict(found, words),
        accounts=rows,
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
    """How the service stands now; without the store as far as the process knows it."""
    try:
        async with site.store.read() as tx:
            size, tally = await sizes.size(tx), await outbox.tally(tx)
            troubled = await failing.receivers(tx, late=site.now() - _LATE)
            nodes = await census(tx)
    except errors.StoreFailed as error:
        log.warning("status is told without the store", reason=str(error))
        return condition.of(site)
    return condition.of(site, size, tally, troubled, nodes)
