"""`/alerts`: all that fires, waits, is kept quiet, flaps, or is over; acknowledged from here, one or many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from monitor.model import Alert
from monitor.quieting import Suppressed
from monitor.store import alerts, episodes, groups
from monitor.store.episodes import Episode
from monitor.web import deeds, pages
from monitor.web.forms import Complaint, Form
from monitor.web.notices import notice, then
from monitor.web.outlook import Seen, look
from monitor.web.roll import Roll, Row, Show, Sought, roll, sought
from monitor.web.sheets import paging
from monitor.web.site import SITE, Site
from monitor.web.view import AlertRow, row
from monitor.web.visit import visit_of

PAGE = 50
"""Alerts on one page."""
PICKED = 500
"""Alerts that are acknowledged at once."""
_LOOKED_AT = 5000
"""Past times of firing that one page looks through for those that fit."""

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Past:
    """A page of the history: `older` is the row from which the next one goes on, None at the end."""

    found: Sequence[Episode]
    older: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list, with what the reader sees of its alert."""

    row: Row
    shown: AlertRow

    @property
    def marks(self) -> Sequence[str]:
        """What is to be known of it beside its severity, as marks of the style sheet."""
        seen, state = self.row.seen, self.row.seen.alert.state
        found = [str(state)] if not state.fires else []
        quiet = seen.suppressed
        for mark, why in (
            ("silenced", quiet.silenced_by),
            ("inhibited", quiet.inhibited_by),
            ("muted", quiet.muted_by),
        ):
            if why:
                found.append(mark)
        if seen.ack is not None:
            found.append("acknowledged")
        return [*found, "flapping"] if self.row.flaps else found


@routes.get("/alerts")
async def listed(request: web.Request) -> web.Response:
    """One of the lists, filtered and under headings."""
    site, asked = request.app[SITE], sought(request.query)
    words = visit_of(request).words
    found = await _roll(site, asked)
    past = await _past(site, asked, request.query.get("before", "")) if asked.show is Show.HISTORY else None
    way = paging(request, len(found.rows), size=PAGE)
    blocks = [
        (head, count, [Line(one, row(one.seen.alert, None, words)) for one in under])
        for head, count, under in found.blocks(way.cut(found.rows), asked.by)
    ]
    return await pages.answer(
        request,
        "alerts.html",
        form=True,
        asked=asked,
        fault=Complaint.of(asked.fault, asked.text) if asked.fault else None,
        roll=found,
        blocks=blocks,
        paging=way,
        past=past,
        lists=_lists(request, found),
        older=_address(request, before=str(past.older)) if past and past.older is not None else "",
        newest=_address(request, before="") if request.query.get("before") else "",
        said=notice(request),
    )


async def _roll(site: Site, asked: Sought) -> Roll:
    outlook = await look(site)
    async with site.store.read() as tx:
        flapping = await groups.flapping(tx)
        live = {one.alert.key for one in outlook.seen}
        resting = await alerts.by_key(tx, flapping - live)
    every = [*outlook.seen, *(Seen(one, Suppressed()) for one in resting.values())]
    # off the event loop: ten thousand alerts take a while to sort
    return await asyncio.to_thread(roll, every, flapping, asked)


async def _past(site: Site, asked: Sought, before: str) -> Past:
    """A page of what is over and fits."""
    found: list[Episode] = []
    looked = 0
    async with site.store.read() as tx:
        async for one in episodes.over(tx, before=int(before) if _is_row(before) else None):
            if asked.fits({**one.labels, "severity": str(one.severity)}):
                found.append(one)
            looked += 1
            if len(found) == PAGE or looked == _LOOKED_AT:
                return Past(found, one.row)
    return Past(found)


def _is_row(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _lists(request: web.Request, found: Roll) -> list[tuple[Show, int | None, str]]:
    """Each list with how much is on it, and its address."""
    return [(show, found.counts.get(show), _address(request, show=str(show), page="", before="")) for show in Show]


def _address(request: web.Request, **changed: str) -> str:
    """The address of this page with other parameters; one that is empty is left out."""
    kept = {name: text for name, text in request.query.items() if name not in (*changed, "said", "page")}
    return f"?{request.rel_url.with_query(kept | {n: t for n, t in changed.items() if t}).raw_query_string}"


@routes.get("/alerts/ack")
async def ask(request: web.Request) -> web.Response:
    """What would be acknowledged, with the form for it."""
    return await _form(request, Form({}), request.query.getall("alert", []))


@routes.post("/alerts/ack")
async def acknowledge(request: web.Request) -> web.Response:
    """Acknowledges those that fire."""
    site, given = request.app[SITE], await request.post()
    form = Form({name: text for name, text in given.items() if isinstance(text, str)})
    keys = [key for key in given.getall("alert", []) if isinstance(key, str)][:PICKED]
    owner, comment, lasts = form.name("owner"), form.comment("comment"), form.length("lasts")
    if form.complaints:
        return await _form(request, form, keys, status=422)
    ends = site.now() + lasts if lasts else None
    done = await deeds.acknowledge(site, keys, by=owner, comment=comment, expires_at=ends)
    if not done:
        return then(request, "alerts", "over")
    if len(done) == 1:
        return then(request, f"alerts/{done[0].alert}", "acknowledged")
    return then(request, "alerts", "acknowledged", show=str(Show.ACKNOWLEDGED))


@routes.post("/alerts/{fingerprint}/unack")
async def withdraw(request: web.Request) -> web.Response:
    """Takes an acknowledgement back."""
    key = request.match_info["fingerprint"]
    await deeds.withdraw(request.app[SITE], key)
    return then(request, f"alerts/{key}", "withdrawn")


async def _form(request: web.Request, form: Form, keys: Sequence[str], *, status: int = 200) -> web.Response:
    async with request.app[SITE].store.read() as tx:
        known = await alerts.by_key(tx, keys[:PICKED])
    firing: list[Alert] = [one for one in known.values() if one.state.fires]
    words = visit_of(request).words
    return await pages.answer(
        request,
        "acknowledge.html",
        status=status,
        form=True,
        filled=form,
        rows=[row(one, None, words) for one in firing],
        waiting=len(keys) - len(firing),
    )
