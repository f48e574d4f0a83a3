"""The first page (`/`), and its moving part alone (`/board`) for the script that keeps it fresh."""

from __future__ import annotations

import asyncio

from aiohttp import web

from monitor.store import board
from monitor.web import pages
from monitor.web.site import SITE
from monitor.web.view import View, view

_RESOLVED = 8
_LETTERS = 12

routes = web.RouteTableDef()


@routes.get("/")
async def page(request: web.Request) -> web.Response:
    """The whole page; with `?all` no list is cut."""
    return await _answer(request, "page.html")


@routes.get("/board")
async def fragment(request: web.Request) -> web.Response:
    """What changes on the page, with the same `?all`."""
    return await _answer(request, "board.html")


async def _answer(request: web.Request, template: str) -> web.Response:
    shown = await _view(request)
    title = request.app[SITE].title
    # off the event loop: a thousand instances take a while to write out
    html = await asyncio.to_thread(pages.render, template, view=shown, title=title)
    return web.Response(text=html, content_type="text/html", charset="utf-8")


async def _view(request: web.Request) -> View:
    site = request.app[SITE]
    at = site.now()
    async with site.store.read() as tx:
        found = await board.read(tx, resolved=_RESOLVED, letters=_LETTERS)
    return view(found, at=at, late=list(site.pulse.late(at)), paced=site.meters.paced(), whole="all" in request.query)
