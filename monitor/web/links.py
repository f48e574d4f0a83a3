"""`/links/{link}`: what a link in a message would do, and the button that does it. Opening it changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.access import Reader, Role, Way
from monitor.acknowledgement import Ack
from monitor.audit import Act, Entry
from monitor.hindsight import Hindsight
from monitor.matchers import Matchers
from monitor.model import Alert
from monitor.silences import Silence, preview
from monitor.store import acks, alerts, groups, links, outbox, silences
from monitor.tickets import REMARK, Ticket, Unusable, about, opened
from monitor.web import audit, pages
from monitor.web.amshape import whole
from monitor.web.outlook import hindsight
from monitor.web.reader import reader
from monitor.web.site import SITE, Site
from monitor.web.visit import visit_of
from monitor.web.words.telling import told
from monitor.writing import clean

routes = web.RouteTableDef()

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What a link does: to `firing`, those of its message that fire now; a silence hides what `matchers` match."""

    ticket: Ticket
    firing: Sequence[Alert]
    matchers: Matchers
    hides: Sequence[Alert] = ()
    past: Hindsight | None = None


@routes.get("/links/{link}")
async def show(request: web.Request) -> web.Response:
    """What would be done, with a form to confirm it."""
    site, text = request.app[SITE], request.match_info["link"]
    try:
        key = await links.key(site.store)
        async with site.store.read() as tx:
            plan = await _plan(tx, text, key, at := site.now())
            if plan.ticket.deed.lasts is not None:
                silence = _silence(plan.ticket, plan.matchers, at, by="")
                plan = replace(plan, past=await hindsight(tx, silence, {}, at))
    except Unusable as fault:
        return await _page(request, 410, said=told(str(fault), visit_of(request).words.code))
    return await _page(request, 200, plan=plan)


@routes.post("/links/{link}")
async def confirm(request: web.Request) -> web.Response:
    """Does it, once."""
    site, text, words = request.app[SITE], request.match_info["link"], visit_of(request).words
    by = clean(str((await request.post()).get("owner", "")).strip(), _LONGEST_NAME)
    if not by:
        return await _page(request, 400, said=words("link.nameless"))
    at = site.now()
    try:
        key = await links.key(site.store)
        async with site.store.write() as tx:
            plan = await _plan(tx, text, key, at)
            entries = await _do(tx, plan, site, by=by)
            await links.use(tx, text, at=at, by=by)
    except Unusable as fault:
        return await _page(request, 410, said=told(str(fault), visit_of(request).words.code))
    audit.tell(site, *entries)
    lasts = plan.ticket.deed.lasts
    done = words("link.silenced", span=words.span(lasts)) if lasts else words("link.acknowledged", by=by)
    return await _page(request, 200, said=done)


async def _plan(tx: AsyncConnection, text: str, key: bytes, at: datetime) -> Plan:
    """What the link would do now.

    Raises:
        Unusable: it cannot be used, or there is nothing to use it for.
    """
    ticket = opened(text, key, at)
    if await links.used(tx, text):
        raise Unusable("This link was used already, and works once. Nothing more was done.")
    letter = next(iter(await outbox.of_messages(tx, [ticket.message])), None)
    if letter is None:
        raise Unusable("The message that this link stands in is no longer kept. Nothing was done.")
    told = letter.notification.firing
    known = await alerts.by_key(tx, [one.key for one in told])
    firing = [one for one in known.values() if one.state.fires]
    if not firing:
        raise Unusable("Nothing of what the message told fires any more. Nothing was done, and nothing has to be.")
    if ticket.deed.lasts is None:
        return Plan(ticket, firing, Matchers())
    matchers = about([one for one in told if known.get(one.key) in firing])
    hides = preview(_silence(ticket, matchers, at, by=""), await alerts.live(tx))
    return Plan(ticket, firing, matchers, hides)


async def _do(tx: AsyncConnection, plan: Plan, site: Site, *, by: str) -> list[Entry]:
    at, said = site.now(), f"by the link of message {plan.ticket.message}"
    who = Reader(Way.LINK, Role.VIEWER, by, reader().address)
    if plan.ticket.deed.lasts is None:
        for alert in plan.firing:
            await acks.save(tx, Ack(alert.key, at, by, REMARK, alert.severity))
        await groups.touch(tx, at, about=[alert.key for alert in plan.firing])
        return [await audit.write(tx, site, Act.ACKNOWLEDGED, one.key, said, by=who) for one in plan.firing]
    silence = _silence(plan.ticket, plan.matchers, at, by=by)
    await silences.save(tx, silence)
    await groups.touch(tx, at)
    return [await audit.write(tx, site, Act.SILENCED, silence.id, f"{plan.matchers} {said}", by=who)]


def _silence(ticket: Ticket, matchers: Matchers, at: datetime, *, by: str) -> Silence:
    begins = whole(at)
    ends = begins + ticket.deed.lasts if ticket.deed.lasts else begins
    return Silence(str(uuid.uuid4()), matchers, begins, ends, by, REMARK, at)


async def _page(request: web.Request, status: int, *, plan: Plan | None = None, said: str = "") -> web.Response:
    return await pages.answer(request, "link.html", status=status, form=True, plan=plan, said=said)
