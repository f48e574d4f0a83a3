"""Whether the process lives (`/healthz`), and whether its loops come round (`/readyz`)."""

from __future__ import annotations

from aiohttp import web

from monitor.web.site import SITE
from monitor.wording import ENGLISH

routes = web.RouteTableDef()


@routes.get("/healthz")
async def alive(_request: web.Request) -> web.Response:
    """200 as long as anything answers."""
    return web.Response(text="ok\n")


@routes.get("/readyz")
async def ready(request: web.Request) -> web.Response:
    """200 while every loop makes progress, whatever the accounts' health; 503 with the loops that do not."""
    site = request.app[SITE]
    if not site.pulse.begun:
        return web.Response(status=503, text="starting\n")
    at = site.now()
    late = [
        f"{loop} has not come round for {ENGLISH.span(since)}, since {at - since:%Y-%m-%dT%H:%M:%SZ}"
        for loop, since in site.pulse.late(at)
    ]
    if late:
        return web.Response(status=503, text="".join(f"late: {line}\n" for line in late))
    return web.Response(text="ready\n")
