"""Reads the policy again when asked to (`POST /-/reload`)."""

from __future__ import annotations

import structlog
from aiohttp import web

from monitor.audit import Act
from monitor.errors import StoreFailed
from monitor.reloaded import Reloaded
from monitor.web import audit
from monitor.web.reader import reader
from monitor.web.site import SITE

routes = web.RouteTableDef()

log = structlog.get_logger()


@routes.post("/-/reload")
async def reload(request: web.Request) -> web.Response:
    """200 with what changed; 422 with the faults of the files, and what changed nevertheless; 500 where nothing was
    reloaded for another reason."""
    site = request.app[SITE]
    if site.reload is None:
        raise web.HTTPNotFound
    done = await site.reload()
    try:
        async with site.store.write() as tx:
            entry = await audit.write(tx, site, Act.RELOADED, detail=_said(done))
        audit.tell(site, entry)
    except StoreFailed as error:
        # the reload was done, and its answer says what it did
        log.warning("who reloaded was not written down", by=str(reader()), reason=str(error))
    status = 200 if done.ok else 500 if done.trouble else 422
    return web.json_response(done.as_dict(), status=status)


def _said(done: Reloaded) -> str:
    if not done.ok:
        return done.trouble or f"{len(done.faults)} faults"
    return "something changed" if done.changed else "nothing changed"
