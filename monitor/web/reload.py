"""Reads the policy again when asked to (`POST /-/reload`)."""

from __future__ import annotations

from aiohttp import web

from monitor.web.site import SITE

routes = web.RouteTableDef()


@routes.post("/-/reload")
async def reload(request: web.Request) -> web.Response:
    """200 with what changed; 422 with the faults of the files, and what changed nevertheless; 500 where nothing was
    reloaded for another reason."""
    ask = request.app[SITE].reload
    if ask is None:
        raise web.HTTPNotFound
    done = await ask()
    status = 200 if done.ok else 500 if done.trouble else 422
    return web.json_response(done.as_dict(), status=status)
