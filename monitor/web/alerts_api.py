"""`/api/fdi/v1/alerts`: what fires and waits, who cares for it, and why it was told or not."""

from __future__ import annotations

from math import isfinite
from typing import Annotated

from aiohttp import web
from pydantic import AwareDatetime, Field

from monitor.acknowledgement import Ack
from monitor.fingerprint import fingerprint
from monitor.ledger import Line
from monitor.quieting import Suppressed
from monitor.store import decisions
from monitor.web import deeds
from monitor.web.amshape import moment
from monitor.web.contract import Asked, body, query, tells
from monitor.web.outlook import Seen, find, look
from monitor.web.paging import Key, Paged, cursor, cut
from monitor.web.parameters import in_utc, matched
from monitor.web.problems import Problem
from monitor.web.shapes import AckTold, AlertsTold, AlertTold, DecisionsTold, DecisionTold
from monitor.web.site import SITE, Site

MOST = 500
"""Decisions about one alert that are given at once."""

routes = web.RouteTableDef()


class AckAsked(Asked):
    """Who cares for an alert."""

    owner: Annotated[str, Field(min_length=1, max_length=200)]
    comment: Annotated[str, Field(max_length=2000)] = ""
    expires_at: AwareDatetime | None = None


class AlertsAsked(Paged):
    """Which alerts."""

    filter: list[str] = Field(default=[], max_length=20, description='Matchers, as in `severity="critical"`.')


@routes.get("/api/fdi/v1/alerts")
@tells(AlertsTold, query=AlertsAsked)
async def listed(request: web.Request) -> web.Response:
    """What fires or waits, worst and oldest first."""
    asked, outlook = query(request, AlertsAsked), await look(request.app[SITE])
    matching = matched(asked.filter)
    found = [one for one in outlook.seen if matching.match(one.alert.all_labels)]
    page, after = cut(found, _order, asked, int, int, int, str)
    return web.json_response(AlertsTold(alerts=[_shape(one) for one in page], next=after))


def _order(one: Seen) -> Key:
    alert = one.alert
    return int(not alert.state.fires), -alert.severity.rank, int(alert.since.timestamp() * 1_000_000), alert.key


@routes.get("/api/fdi/v1/alerts/{fingerprint}")
@tells(AlertTold, refusals=(404,))
async def shown(request: web.Request) -> web.Response:
    """One alert, also one that is over."""
    site, name = request.app[SITE], request.match_info["fingerprint"]
    outlook = await look(site)
    live = next((one for one in outlook.seen if name in (one.alert.key, fingerprint(one.alert.all_labels))), None)
    if live is not None:
        return web.json_response(_shape(live))
    async with site.store.read() as tx:
        over = await find(tx, name)
    if over is None:
        raise Problem(404, f"there is no alert {name}, or it is no longer kept")
    return web.json_response(_shape(Seen(over, Suppressed())))


@routes.get("/api/fdi/v1/alerts/{fingerprint}/decisions")
@tells(DecisionsTold)
async def decided(request: web.Request) -> web.Response:
    """What was decided about one alert, newest first: how it was told, or why it was not."""
    name = request.match_info["fingerprint"]
    async with request.app[SITE].store.read() as tx:
        alert = await find(tx, name)
        found = await decisions.about(tx, alert.key if alert else name, most=MOST)
    return web.json_response(DecisionsTold(decisions=[_line(one) for one in found], next=None))


@routes.get("/api/fdi/v1/decisions")
@tells(DecisionsTold, query=Paged)
async def all_decided(request: web.Request) -> web.Response:
    """What was decided about all alerts, newest first."""
    asked = query(request, Paged)
    after = asked.after(int)
    async with request.app[SITE].store.read() as tx:
        found = await decisions.newest(tx, before=int(after[0]) if after else None, most=asked.limit + 1)
    page = found[: asked.limit]
    more = cursor((page[-1][0],)) if len(found) > len(page) else None
    return web.json_response(DecisionsTold(decisions=[_line(one) for _, one in page], next=more))


@routes.post("/api/fdi/v1/alerts/{fingerprint}/ack")
@tells(AckTold, body=AckAsked, refusals=(404,))
async def acknowledge(request: web.Request) -> web.Response:
    """Somebody cares for an alert that fires: it is not repeated until its severity rises or it resolves."""
    site, name = request.app[SITE], request.match_info["fingerprint"]
    at = site.now()
    given = await body(request, AckAsked)
    expires_at = in_utc(given.expires_at, "expires_at") - site.behind() if given.expires_at else None
    if expires_at is not None and expires_at <= at:
        raise Problem(400, "expires_at is in the past", [{"place": "expires_at", "message": "it is in the past"}])
    key = await _key(site, name)
    taken = await deeds.acknowledge(site, [key], by=given.owner, comment=given.comment, expires_at=expires_at)
    if not taken:
        raise Problem(404, f"no alert {name} fires")
    return web.json_response(_ack(taken[0]))


@routes.delete("/api/fdi/v1/alerts/{fingerprint}/ack")
@tells(refusals=(404,))
async def withdraw(request: web.Request) -> web.Response:
    """Takes an acknowledgement back."""
    site, name = request.app[SITE], request.match_info["fingerprint"]
    if not await deeds.withdraw(site, await _key(site, name)):
        raise Problem(404, f"the alert {name} is not acknowledged")
    return web.Response()


async def _key(site: Site, name: str) -> str:
    """The key of the alert that is called so, by our key or by Alertmanager's fingerprint."""
    async with site.store.read() as tx:
        alert = await find(tx, name)
    return alert.key if alert else name


def _shape(one: Seen) -> AlertTold:
    alert = one.alert
    return {
        "fingerprint": alert.key,
        "labels": alert.all_labels,
        "annotations": dict(alert.annotations),
        "severity": str(alert.severity),
        "state": str(alert.state),
        "since": moment(alert.since),
        "fired_at": moment(alert.fired_at) if alert.state.fires and alert.fired_at else None,
        "values": {name: value for name, value in alert.values.items() if isfinite(value)},
        "source": alert.source,
        "silenced_by": list(one.suppressed.silenced_by),
        "inhibited_by": list(one.suppressed.inhibited_by),
        "muted_by": list(one.suppressed.muted_by),
        "ack": _ack(one.ack) if one.ack else None,
    }


def _ack(ack: Ack) -> AckTold:
    return {
        "owner": ack.owner,
        "comment": ack.comment,
        "at": moment(ack.at),
        "severity": str(ack.severity),
        "expires_at": moment(ack.expires_at) if ack.expires_at else None,
    }


def _line(one: Line) -> DecisionTold:
    return {
        "alert": one.alert,
        "at": moment(one.at),
        "receiver": one.receiver,
        "group": one.group_key,
        "verdict": one.verdict,
        "reason": one.reason,
        "because": one.because,
        "message": one.message,
    }
