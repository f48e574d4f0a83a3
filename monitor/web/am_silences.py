"""`/api/v2/silences` and `/api/v2/silence/{id}`: what people do not want to hear of, as Alertmanager keeps it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.audit import Act
from monitor.silences import Ended, Silence, Standing, faults, may_become, preview
from monitor.store import alerts, groups
from monitor.store import silences as store
from monitor.web import amshape, audit
from monitor.web.amshape import GivenSilence, Unusable, read_silence
from monitor.web.contract import tells
from monitor.web.outlook import flag, hindsight, wanted
from monitor.web.problems import problem
from monitor.web.shapes import PreviewTold
from monitor.web.site import SITE, Site

routes = web.RouteTableDef()


@routes.get("/api/v2/silences")
async def silences(request: web.Request) -> web.Response:
    """All that are known: the active ones that end first, those that wait, those that ended last."""
    site = request.app[SITE]
    at = site.now()
    try:
        matching = wanted(request)
        chosen = {one for one in Standing if flag(request, str(one))}
    except Unusable as fault:
        return web.json_response(str(fault), status=400)
    async with site.store.read() as tx:
        known = await store.every(tx)
    found = [one for one in known if one.standing(at) in chosen and matching.match(_values(one))]
    return web.json_response([shown(one, site) for one in sorted(found, key=lambda one: _order(one, at))])


def _values(one: Silence) -> Mapping[str, str]:
    return {matcher.name: matcher.value for matcher in one.matchers.matchers}


def _order(one: Silence, at: datetime) -> tuple[int, float]:
    standing = one.standing(at)
    if standing is Standing.ACTIVE:
        return 0, one.ends_at.timestamp()
    return (1, one.starts_at.timestamp()) if standing is Standing.PENDING else (2, -one.ends_at.timestamp())


@routes.post("/api/v2/silences")
async def add(request: web.Request) -> web.Response:
    """Makes a silence, or changes the one with the id that is given."""
    site = request.app[SITE]
    at = site.now()
    try:
        given = _checked(await request.read(), site, at)
        async with site.store.write() as tx:
            silence = await _put(tx, given, at)
            if silence is not None:
                await groups.touch(tx, at)
                entry = await audit.write(tx, site, Act.SILENCED, silence.id, _said(silence))
    except Unusable as fault:
        return web.json_response(f"invalid silence: {fault}", status=400)
    if silence is None:
        return web.json_response(f"silence {given.id} not found", status=404)
    audit.tell(site, entry)
    return web.json_response({"silenceID": silence.id})


@routes.post("/api/fdi/v1/silences/preview")
@tells(PreviewTold, body=GivenSilence)
async def would_hide(request: web.Request) -> web.Response:
    """What a silence hides of what fires and waits now, and would have hidden lately, without making it."""
    site = request.app[SITE]
    try:
        given = _checked(await request.read(), site, at := site.now())
    except Unusable as fault:
        return problem(400, str(fault))
    async with site.store.read() as tx:
        hidden = preview(given, await alerts.live(tx))
        past = await hindsight(tx, given, site.speech().quieting.windows, at)
    found = [{"fingerprint": one.key, "state": str(one.state), "labels": one.all_labels} for one in hidden]
    return web.json_response({"alerts": found, "past": amshape.past(past)})


@routes.get("/api/v2/silence/{id}")
async def silence(request: web.Request) -> web.Response:
    """One silence."""
    site = request.app[SITE]
    async with site.store.read() as tx:
        found = await store.find(tx, request.match_info["id"])
    if found is None:
        return web.json_response("silence not found", status=404)
    return web.json_response(shown(found, site))


@routes.delete("/api/v2/silence/{id}")
async def expire(request: web.Request) -> web.Response:
    """Ends a silence now; one that has ended stays as it is."""
    site = request.app[SITE]
    at = site.now()
    entries = []
    async with site.store.write() as tx:
        found = await store.find(tx, request.match_info["id"])
        if found is not None and found.standing(at) is not Standing.EXPIRED:
            await store.save(tx, found.end(at, Ended.BY_HAND))
            await groups.touch(tx, at)
            entries.append(await audit.write(tx, site, Act.EXPIRED, found.id, str(found.matchers)))
    if found is None:
        return web.json_response("silence not found", status=404)
    audit.tell(site, *entries)
    return web.Response()


def shown(one: Silence, site: Site) -> dict[str, Any]:
    """A silence by the clocks of people."""
    behind = site.behind()
    return amshape.silence(one.moved(behind), site.now() + behind)


def _checked(body: bytes, site: Site, at: datetime) -> Silence:
    """The silence that a request asks for, if it may be made at all."""
    behind = site.behind()
    given = read_silence(body, at + behind).moved(-behind)
    wrong = next(faults(given, at, site.speech().quieting.windows), None)
    if wrong is not None:
        raise Unusable(wrong)
    return given


async def _put(tx: AsyncConnection, given: Silence, at: datetime) -> Silence | None:
    """Writes the silence; None where it should change one that there is not.

    Where what has happened would be rewritten, the old one ends and a new one begins.
    """
    before = await store.find(tx, given.id) if given.id else None
    if given.id and before is None:
        return None
    if before is not None and may_become(before, given, at):
        await store.save(tx, given)
        return given
    if before is not None and before.standing(at) is not Standing.EXPIRED:
        await store.save(tx, before.end(at, Ended.REPLACED))
    made = replace(given, id=str(uuid.uuid4()), starts_at=max(given.starts_at, amshape.whole(at)))
    await store.save(tx, made)
    return made


def _said(silence: Silence) -> str:
    comment = f": {silence.comment}" if silence.comment else ""
    return f"{silence.matchers} until {amshape.moment(silence.ends_at)} by {silence.created_by}{comment}"
