"""The first page (`/`): how everything stands."""

from __future__ import annotations

from aiohttp import web

from monitor.store import board
from monitor.web import pages
from monitor.web.reader import reader_of
from monitor.web.site import SITE
from monitor.web.view import View, view

_RESOLVED = 8
_LETTERS = 12

routes = web.RouteTableDef()


@routes.get("/")
async def page(request: web.Request) -> web.Response:
    """The whole page; with `?all` no list is cut."""
    shown = await _view(request)
    return await pages.answer(request, "overview.html", view=shown, at=shown.at)


async def _view(request: web.Request) -> View:
    site = request.app[SITE]
    at = site.now()
    async with site.store.read() as tx:
        found = await board.read(tx, resolved=_RESOLVED, letters=_LETTERS)
    return view(
        found,
        at=at,
        words=reader_of(request).words,
        late=list(site.pulse.late(at)),
        paced=site.meters.paced(),
        whole="all" in request.query,
    )
