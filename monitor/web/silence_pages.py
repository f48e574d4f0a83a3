"""`/silences`: what people do not want to hear of for a while; made, prolonged and ended here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from monitor import durations
from monitor.model import Alert
from monitor.silences import Silence, Standing, preview
from monitor.store import alerts, silences
from monitor.timewindows import Recurring, Spells, Window, spells
from monitor.web import deeds, pages
from monitor.web.forms import Form
from monitor.web.notices import notice, then
from monitor.web.outlook import hindsight
from monitor.web.sheets import paging
from monitor.web.silence_form import beforehand, read, sketch, written
from monitor.web.site import SITE, Site
from monitor.web.view import AlertRow, row
from monitor.web.visit import visit_of

PAGE = 50
SHOWN = 20
"""Alerts of a preview that are named; the others are counted."""
_PICKED = 500

_READ = (Standing.ACTIVE, Standing.PENDING, Standing.EXPIRED)
"""In the order in which people look at them."""

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Entry:
    """A silence as it stands: `open` is whether it hides anything now, or waits for its window; `hides` counts what it
    hides."""

    silence: Silence
    standing: Standing
    open: bool
    hides: int

    @property
    def text(self) -> str:
        return written(self.silence.matchers)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a silence hides, or would: the first alerts, and how many there are."""

    rows: Sequence[AlertRow]
    count: int


@routes.get("/silences")
async def listed(request: web.Request) -> web.Response:
    """Those that stand in one way."""
    site = request.app[SITE]
    asked = request.query.get("show", "")
    show = Standing(asked) if asked in set(Standing) else Standing.ACTIVE
    async with site.store.read() as tx:
        known, live = await silences.every(tx), await alerts.live(tx)
    at = site.now()
    found = sorted((one for one in known if one.standing(at) is show), key=_order(show))
    way, windows = paging(request, len(found), size=PAGE), spells(site.speech().quieting.windows, at)
    shown = way.cut(found)
    # off the event loop: each is held against all that is live
    entries = await asyncio.to_thread(lambda: [_entry(one, live, windows, site, at) for one in shown])
    return await pages.answer(
        request,
        "silences.html",
        form=True,
        show=show,
        counts={one: sum(each.standing(at) is one for each in known) for one in _READ},
        entries=entries,
        paging=way,
        said=notice(request),
    )


@routes.get("/silences/new")
async def blank(request: web.Request) -> web.Response:
    """The form, filled in as its address asks: `matcher` (several are possible), `alert`, `from` (another silence), or
    any of its fields."""
    site, query = request.app[SITE], request.query
    keys = query.getall("alert", [])[:_PICKED]
    async with site.store.read() as tx:
        known = await alerts.by_key(tx, keys)
        old = await silences.find(tx, query["from"]) if query.get("from") else None
    given = query.getall("matcher", [])
    form = beforehand(dict(query), given, list(known.values()), old, owner=visit_of(request).name)
    return await _form(request, form)


@routes.post("/silences/new")
async def make(request: web.Request) -> web.Response:
    """Makes the silence, or shows what it would hide."""
    site, given = request.app[SITE], await request.post()
    form = Form({name: text for name, text in given.items() if isinstance(text, str)})
    if form.text("deed") == "preview":
        return await _form(request, form)
    windows = site.speech().quieting.windows
    wanted = read(form, site.now(), windows, behind=site.behind())
    if wanted is None or (made := await deeds.silence(site, wanted)) is None:
        return await _form(request, form, status=422)
    return then(request, f"silences/{made.id}", "silenced")


@routes.get("/silences/{id}")
async def shown(request: web.Request) -> web.Response:
    """One silence, with what it hides now."""
    return await _one(request, Form({"lasts": "1h"}))


@routes.post("/silences/{id}/expire")
async def expire(request: web.Request) -> web.Response:
    """Ends it now."""
    name = request.match_info["id"]
    if await deeds.expire(request.app[SITE], name) is None:
        raise web.HTTPNotFound
    return then(request, f"silences/{name}", "ended")


@routes.post("/silences/{id}/extend")
async def extend(request: web.Request) -> web.Response:
    """Has it last longer, from its end on."""
    site, name, given = request.app[SITE], request.match_info["id"], await request.post()
    form = Form({"lasts": str(given.get("lasts", ""))})
    lasts = form.length("lasts")
    if lasts is None:
        form.complain("lasts", "form.length", given=form.text("lasts"))
        return await _one(request, form, status=422)
    try:
        done = await deeds.extend(site, name, lasts)
    except deeds.TooLong:
        form.complain("lasts", "silence.wrong.long")
        return await _one(request, form, status=422)
    return then(request, f"silences/{name}", "extended" if done else "nothing")


async def _one(request: web.Request, form: Form, *, status: int = 200) -> web.Response:
    site, at = request.app[SITE], request.app[SITE].now()
    async with site.store.read() as tx:
        found, live = await silences.find(tx, request.match_info["id"]), await alerts.live(tx)
    if found is None:
        raise web.HTTPNotFound
    return await pages.answer(
        request,
        "silence.html",
        status=status,
        form=True,
        filled=form,
        entry=_entry(found, live, spells(site.speech().quieting.windows, at), site, at),
        effect=_effect(request, found, live),
        window=_told(site.speech().quieting.windows.get(found.window)),
        said=notice(request),
    )


async def _form(request: web.Request, form: Form, *, status: int = 200) -> web.Response:
    site, at = request.app[SITE], request.app[SITE].now()
    draft, windows = sketch(form, at), site.speech().quieting.windows
    async with site.store.read() as tx:
        live = await alerts.live(tx) if draft else []
        past = await hindsight(tx, draft, windows, at) if draft else None
    return await pages.answer(
        request,
        "silence_form.html",
        status=status,
        form=True,
        filled=form,
        effect=_effect(request, draft, live) if draft else None,
        past=past,
        windows=[(name, _told(one)) for name, one in sorted(windows.items())],
    )


def _entry(one: Silence, live: Sequence[Alert], windows: Spells, site: Site, at: datetime) -> Entry:
    """As the clocks of people have it."""
    standing = one.standing(at)
    hides = len(preview(one, live)) if standing is Standing.ACTIVE else 0
    return Entry(one.moved(site.behind()), standing, one.spell(at, windows).open, hides)


def _effect(request: web.Request, one: Silence, live: Sequence[Alert]) -> Effect:
    hidden, words = preview(one, live), visit_of(request).words
    return Effect([row(each, None, words) for each in hidden[:SHOWN]], len(hidden))


def _order(show: Standing) -> Callable[[Silence], tuple[float, str]]:
    """What ends or begins next is read first; of those that are over what ended last."""
    keys = {
        Standing.ACTIVE: lambda one: (one.ends_at.timestamp(), one.id),
        Standing.PENDING: lambda one: (one.starts_at.timestamp(), one.id),
        Standing.EXPIRED: lambda one: (-one.ends_at.timestamp(), one.id),
    }
    return keys[show]


def _told(window: Window | None) -> str:
    """When a window is open, as the files write it."""
    if isinstance(window, Recurring):
        return f"{window.cron} · {durations.show(window.duration)} · {window.zone}"
    return f"{window.start:%Y-%m-%d %H:%M} – {window.end:%Y-%m-%d %H:%M %Z}" if window else ""
