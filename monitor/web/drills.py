"""`/api/fdi/v1/drills`: begins drills, and tells what became of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from aiohttp import web
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.audit import Act
from monitor.drilling import Terms, arrivals, letters_of
from monitor.drilling import begin as begun
from monitor.store import drills
from monitor.store.drills import Drill, State
from monitor.store.outbox import Letter, Standing
from monitor.web import audit
from monitor.web.amshape import moment
from monitor.web.contract import Asked, body, tells
from monitor.web.problems import Problem
from monitor.web.shapes import DrillsTold, DrillTold, TrialTold
from monitor.web.site import SITE, Site

MOST = 20
"""Drills that are listed."""

routes = web.RouteTableDef()


class DrillAsked(Asked):
    """Who is to be told; everybody without any."""

    receivers: list[str] = Field(default=[], max_length=1000)


@routes.post("/api/fdi/v1/drills")
@tells(DrillTold, body=DrillAsked, refusals=(404,))
async def begin(request: web.Request) -> web.Response:
    """Begins a drill for these receivers, for all without any; its id leads to what becomes of it."""
    site = request.app[SITE]
    speech = site.speech()
    given = await body(request, DrillAsked)
    unknown = [name for name in given.receivers if name not in speech.kinds]
    if unknown:
        words = f"the policy has no receiver {unknown[0]!r} (receivers: {', '.join(speech.kinds) or 'none'})"
        raise Problem(404, words)
    receivers = given.receivers or tuple(speech.kinds)
    drill, letters = await begun(site.store, Terms(speech.route, speech.kinds), receivers, now=site.now)
    async with site.store.write() as tx:
        entry = await audit.write(tx, site, Act.DRILLED, detail=", ".join(dict.fromkeys(receivers)))
    audit.tell(site, entry)
    return web.json_response(_shape(drill, [one for one in letters if one.id in drill.messages], site))


@routes.get("/api/fdi/v1/drills")
@tells(DrillsTold)
async def listed(request: web.Request) -> web.Response:
    """The last drills, newest first, whoever began them."""
    site = request.app[SITE]
    async with site.store.read() as tx:
        found = [await _told(tx, one, site) for one in await drills.recent(tx, [State.OPEN, State.DONE], most=MOST)]
    return web.json_response({"drills": found})


@routes.get("/api/fdi/v1/drills/{id}")
@tells(DrillTold, refusals=(404,))
async def became(request: web.Request) -> web.Response:
    """What became of one drill so far."""
    site = request.app[SITE]
    async with site.store.read() as tx:
        found = await drills.find(tx, request.match_info["id"])
        told = await _told(tx, found, site) if found is not None and found.state is not State.ARMED else None
    if told is None:
        raise Problem(404, "there is no such drill, or it is no longer kept")
    return web.json_response(told)


async def _told(tx: AsyncConnection, drill: Drill, site: Site) -> DrillTold:
    return _shape(drill, await letters_of(tx, drill), site)


def _shape(drill: Drill, letters: list[Letter], site: Site) -> DrillTold:
    found = arrivals(drill, letters, site.now())
    queued_at = drill.at + timedelta(seconds=sum(one.seconds for one in drill.steps))
    took = [one.took.total_seconds() for one in found.values() if one.took is not None]
    return {
        "id": drill.id,
        "at": moment(drill.at),
        "scheduled": bool(drill.schedule),
        "steps": [{"step": one.name, "seconds": one.seconds, "verdict": one.verdict} for one in drill.steps],
        "messages": [_message(one, queued_at) for one in letters],
        "delivered": len(took) == len(found) > 0,
        "seconds": max(took, default=None),
        "failed": {name: one.reason for name, one in found.items() if one.reason},
    }


def _message(one: Letter, queued_at: datetime) -> TrialTold:
    took = round(max(0.0, (one.settled_at - queued_at).total_seconds()), 6) if one.settled_at else None
    return {
        "id": one.id,
        "receiver": one.receiver,
        "kind": one.kind,
        "state": str(one.state),
        "verdict": one.verdict,
        "reason": one.reason,
        "attempts": one.attempts,
        "seconds": took,
        "delivered": one.state is Standing.SENT,
    }
