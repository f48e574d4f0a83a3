"""`/api/fdi/v1/audit`, and how a room writes down what somebody did there.

async with site.store.write() as tx:
    await mailroom.drop(tx, name)
    entry = await audit.write(tx, site, Act.DROPPED, name)
audit.tell(site, entry)
"""

from __future__ import annotations

import structlog
from aiohttp import web
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.access import Reader
from monitor.audit import Act, Entry
from monitor.store import audit as entries
from monitor.web.amshape import moment
from monitor.web.contract import query, tells
from monitor.web.paging import Paged, cursor
from monitor.web.reader import reader
from monitor.web.shapes import AuditTold, EntryTold
from monitor.web.site import SITE, Site
from monitor.writing import clean

_LONGEST = 2000

routes = web.RouteTableDef()

log = structlog.get_logger()


async def write(
    tx: AsyncConnection, site: Site, act: Act, subject: str = "", detail: str = "", *, by: Reader | None = None
) -> Entry:
    """Writes down what whoever asks does, or what was done `by` somebody else, in the transaction that does it."""
    one = by or reader()
    entry = Entry(site.now(), one.way, one.name, one.address, act, subject, clean(detail, _LONGEST))
    await entries.write(tx, entry)
    return entry


def tell(site: Site, *entries: Entry) -> None:
    """Wakes whoever waits for what was done, and logs it. To be called once it is committed."""
    site.acted.ring()
    site.changed.ring()
    for one in entries:
        log.info(str(one.act), by=one.who, address=one.address, subject=one.subject, detail=one.detail)


class AuditAsked(Paged):
    """Which entries."""

    about: list[str] = Field(default=[], description="Only those about a silence, an alert or a message with this id.")


@routes.get("/api/fdi/v1/audit")
@tells(AuditTold, query=AuditAsked)
async def listed(request: web.Request) -> web.Response:
    """Who did what, newest first; `about` (several are possible) chooses."""
    asked = query(request, AuditAsked)
    after = asked.after(int)
    before = int(after[0]) if after else None
    async with request.app[SITE].store.read() as tx:
        found = await entries.page(tx, most=asked.limit + 1, before=before, about=asked.about)
    page = found[: asked.limit]
    more = cursor((page[-1].id,)) if len(found) > len(page) else None
    return web.json_response(AuditTold(audit=[_shape(one) for one in page], next=more))


def _shape(one: Entry) -> EntryTold:
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
