"""`/api/fdi/v1/audit`, and how a room writes down what somebody did there.

async with site.store.write() as tx:
    await mailroom.drop(tx, name)
    entry = await audit.write(tx, site, Act.DROPPED, name)
audit.tell(site, entry)
"""

from __future__ import annotations

from typing import Any

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.access import Reader
from monitor.audit import Act, Entry
from monitor.store import audit as store
from monitor.web.amshape import moment
from monitor.web.reader import reader
from monitor.web.site import SITE, Site
from monitor.writing import clean

MOST, USUAL = 1000, 100
"""Entries on one page: the most that can be asked for, and how many there are unless somebody asks."""

_LONGEST = 2000

routes = web.RouteTableDef()

log = structlog.get_logger()


async def write(
    tx: AsyncConnection, site: Site, act: Act, subject: str = "", detail: str = "", *, by: Reader | None = None
) -> Entry:
    """Writes down what whoever asks does, or what was done `by` somebody else, in the transaction that does it."""
    one = by or reader()
    entry = Entry(site.now(), one.way, one.name, one.address, act, subject, clean(detail, _LONGEST))
    await store.write(tx, entry)
    return entry


def tell(site: Site, *entries: Entry) -> None:
    """Wakes whoever waits for what was done, and logs it. To be called once it is committed."""
    site.acted.ring()
    site.changed.ring()
    for one in entries:
        log.info(str(one.act), by=one.who, address=one.address, subject=one.subject, detail=one.detail)


@routes.get("/api/fdi/v1/audit")
async def listed(request: web.Request) -> web.Response:
    """Who did what, newest first. `limit` entries, those older than `before`, only those `about` a silence, an alert or
    a message; `next` is the `before` of the next page, null on the last one."""
    query = request.query
    try:
        limit = int(query.get("limit", USUAL))
        before = int(query["before"]) if "before" in query else None
    except ValueError:
        return web.json_response({"error": "limit and before are whole numbers"}, status=400)
    if not 1 <= limit <= MOST or (before is not None and not 0 <= before < 1 << 63):
        return web.json_response({"error": f"limit is 1 to {MOST}, before an id of an entry"}, status=400)
    async with request.app[SITE].store.read() as tx:
        found = await store.page(tx, most=limit + 1, before=before, about=query.getall("about", []))
    shown = found[:limit]
    return web.json_response(
        {"audit": [shape(one) for one in shown], "next": shown[-1].id if len(found) > limit else None}
    )


def shape(one: Entry) -> dict[str, Any]:
    """An entry as programs read it."""
    return {
        "id": one.id,
        "at": moment(one.at),
        "by": one.who,
        "way": str(one.way),
        "name": one.name,
        "address": one.address,
        "act": str(one.act),
        "subject": one.subject,
        "detail": one.detail,
    }
