"""`/api/v2/silences` and `/api/v2/silence/{id}`: what people do not want to hear of, as Alertmanager keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from monitor.silences import Silence, Standing, faults, preview
from monitor.store import alerts
from monitor.store import silences as store
from monitor.web import amshape, deeds
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
    creators = request.query.getall("creator", [])
    found = [
        one
        for one in known
        if one.standing(at) in chosen and matching.match(_values(one)) and (not creators or one.created_by in creators)
    ]
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
    try:
        given = _checked(await request.read(), site, site.now())
    except Unusable as fault:
        return web.json_response(f"invalid silence: {fault}", status=400)
    made = await deeds.silence(site, given)
    if made is None:
        return web.json_response(f"silence {given.id} not found", status=404)
    return web.json_response({"silenceID": made.id})


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
    if await deeds.expire(request.app[SITE], request.match_info["id"]) is None:
        return web.json_response("silence not found", status=404)
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
