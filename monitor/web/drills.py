"""`/api/fdi/v1/drills`: sends a drill through outbox and courier, and tells what became of it."""

from __future__ import annotations

import uuid
from datetime import datetime

import structlog
from aiohttp import web
from pydantic import Field

from monitor.drill import KEEPING, end, exercise
from monitor.store import outbox
from monitor.store.outbox import Letter, Standing
from monitor.web.contract import Asked, body, tells
from monitor.web.problems import Problem
from monitor.web.shapes import DrillTold, TrialTold
from monitor.web.site import SITE, Speech

routes = web.RouteTableDef()

log = structlog.get_logger()


class DrillAsked(Asked):
    """Who is to be told; everybody without any."""

    receivers: list[str] = Field(default=[], max_length=1000)


@routes.post("/api/fdi/v1/drills")
@tells(DrillTold, body=DrillAsked, refusals=(404,))
async def begin(request: web.Request) -> web.Response:
    """Queues a drill for these receivers, for all without any; their messages' ids lead to what becomes of them."""
    site = request.app[SITE]
    speech = site.speech()
    given = await body(request, DrillAsked)
    unknown = [name for name in given.receivers if name not in speech.kinds]
    if unknown:
        words = f"the policy has no receiver {unknown[0]!r} (receivers: {', '.join(speech.kinds) or 'none'})"
        raise Problem(404, words)
    at = site.now()
    names = dict.fromkeys(given.receivers or speech.kinds)
    letters = [one for name in names for one in _letters(speech, name, at)]
    async with site.store.write() as tx:
        await outbox.add(tx, letters)
    site.acted.ring()
    site.changed.ring()
    log.info("drill begun", receivers=list(names))
    return web.json_response({"messages": [_shape(one) for one in letters if one.notification.firing]})


@routes.get("/api/fdi/v1/drills/{id}")
@tells(TrialTold, refusals=(404,))
async def became(request: web.Request) -> web.Response:
    """What became of one message of a drill so far."""
    async with request.app[SITE].store.read() as tx:
        found = await outbox.of_messages(tx, [request.match_info["id"]])
    if not found:
        raise Problem(404, "there is no such drill, or it is no longer kept")
    return web.json_response(_shape(found[0]))


def _letters(speech: Speech, receiver: str, at: datetime) -> list[Letter]:
    """One letter for each kind under the receiver's name, and one more where the drill would be kept open."""
    found = []
    for position, kind in enumerate(speech.kinds[receiver]):
        drill = exercise(receiver, at, str(uuid.uuid4()))
        found.append(outbox.letter(drill, kind=kind, position=position, at=at))
        if kind in KEEPING:
            over = end(drill, str(uuid.uuid4()))
            found.append(outbox.letter(over, kind=kind, position=position, at=at))
    return found


def _shape(one: Letter) -> TrialTold:
    done = one.settled_at - one.created_at if one.settled_at else None
    return {
        "id": one.id,
        "receiver": one.receiver,
        "kind": one.kind,
        "state": str(one.state),
        "verdict": one.verdict,
        "reason": one.reason,
        "attempts": one.attempts,
        "seconds": round(done.total_seconds(), 3) if done is not None else None,
        "delivered": one.state is Standing.SENT,
    }
