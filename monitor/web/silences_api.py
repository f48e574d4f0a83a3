"""`/api/fdi/v1/silences`: silences in our own API's way; how they are made stands in `am_silences`."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web
from pydantic import Field

from monitor.silences import Silence, Standing
from monitor.store import silences as store
from monitor.web import am_silences
from monitor.web.amshape import GivenSilence
from monitor.web.contract import query, tells
from monitor.web.paging import Key, Paged, cut
from monitor.web.problems import problem
from monitor.web.shapes import SilencesTold, SilenceTold
from monitor.web.site import SITE

routes = web.RouteTableDef()


class SilencesAsked(Paged):
    """Which silences."""

    state: list[Standing] = Field(default=[*Standing], description="Only those that stand so; several are possible.")


@routes.get("/api/fdi/v1/silences")
@tells(SilencesTold, query=SilencesAsked)
async def listed(request: web.Request) -> web.Response:
    """The silences, those that end last first."""
    site, asked = request.app[SITE], query(request, SilencesAsked)
    async with site.store.read() as tx:
        known = await store.every(tx)
    chosen = [one for one in known if one.standing(site.now()) in asked.state]
    page, after = cut(chosen, _order, asked, int, str)
    return web.json_response({"silences": [am_silences.shown(one, site) for one in page], "next": after})


@routes.post("/api/fdi/v1/silences")
@tells(SilenceTold, body=GivenSilence, refusals=(404,))
async def add(request: web.Request) -> web.StreamResponse:
    """Makes a silence, or changes the one with the id that is given."""
    made = await am_silences.add(request)
    if made.status != 200:
        return _as_problem(made)
    return await _one(request, _said(made)["silenceID"])


@routes.get("/api/fdi/v1/silences/{id}")
@tells(SilenceTold, refusals=(404,))
async def one_silence(request: web.Request) -> web.StreamResponse:
    """One silence."""
    return await _one(request, request.match_info["id"])


@routes.delete("/api/fdi/v1/silences/{id}")
@tells(refusals=(404,))
async def expire(request: web.Request) -> web.StreamResponse:
    """Ends a silence now; one that has ended stays as it is."""
    ended = await am_silences.expire(request)
    return ended if ended.status == 200 else _as_problem(ended)


async def _one(request: web.Request, name: str) -> web.Response:
    site = request.app[SITE]
    async with site.store.read() as tx:
        found = await store.find(tx, name)
    if found is None:
        return problem(404, "silence not found")
    return web.json_response(am_silences.shown(found, site))


def _as_problem(answer: web.StreamResponse) -> web.Response:
    """What Alertmanager's API refuses, in our own API's way: its words are a JSON string."""
    return problem(answer.status, str(_said(answer)))


def _said(answer: web.StreamResponse) -> Any:
    return json.loads(answer.text or '""') if isinstance(answer, web.Response) else ""


def _order(one: Silence) -> Key:
    return -int(one.ends_at.timestamp() * 1_000_000), one.id
