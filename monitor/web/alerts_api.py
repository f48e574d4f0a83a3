"""`/api/fdi/v1/alerts`: what fires and waits, who cares for it, and why it was told or not."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from monitor.acknowledgement import Ack
from monitor.audit import Act
from monitor.ledger import Line
from monitor.store import acks, decisions, groups
from monitor.web import audit
from monitor.web.amshape import moment
from monitor.web.outlook import Seen, find, look
from monitor.web.site import SITE

MOST = 500
"""Decisions about one alert that are given at once."""

routes = web.RouteTableDef()


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    owner: Annotated[str, Field(min_length=1, max_length=200)]
    comment: Annotated[str, Field(max_length=2000)] = ""
    expires_at: AwareDatetime | None = None


@routes.get("/api/fdi/v1/alerts")
async def listed(request: web.Request) -> web.Response:
    """All that fire or wait, worst and oldest first."""
    outlook = await look(request.app[SITE])
    return web.json_response({"alerts": [_shape(one) for one in outlook.seen]})


@routes.get("/api/fdi/v1/alerts/{fingerprint}/decisions")
async def decided(request: web.Request) -> web.Response:
    """What was decided about one alert, newest first: how it was told, or why it was not."""
    name = request.match_info["fingerprint"]
    async with request.app[SITE].store.read() as tx:
        alert = await find(tx, name)
        found = await decisions.about(tx, alert.key if alert else name, most=MOST)
    return web.json_response({"decisions": [_line(one) for one in found]})


@routes.post("/api/fdi/v1/alerts/{fingerprint}/ack")
async def acknowledge(request: web.Request) -> web.Response:
    """Somebody cares for an alert that fires: it is not repeated until its severity rises or it resolves."""
    site, name = request.app[SITE], request.match_info["fingerprint"]
    at = site.now()
    try:
        given = _Given.model_validate_json(await request.read())
    except ValidationError as error:
        return _refused(400, "; ".join(f"{found['loc']}: {found['msg']}" for found in error.errors(include_url=False)))
    expires_at = given.expires_at.astimezone(UTC) - site.behind() if given.expires_at else None
    if expires_at is not None and expires_at <= at:
        return _refused(400, "expires_at is in the past")
    async with site.store.write() as tx:
        alert = await find(tx, name)
        if alert is None or not alert.state.fires:
            return _refused(404, f"no alert {name} fires")
        ack = Ack(alert.key, at, given.owner, given.comment, alert.severity, expires_at)
        await acks.save(tx, ack)
        await groups.touch(tx, at, about=[alert.key])
        entry = await audit.write(tx, site, Act.ACKNOWLEDGED, alert.key, _said(ack))
    audit.tell(site, entry)
    return web.json_response(_ack(ack))


@routes.delete("/api/fdi/v1/alerts/{fingerprint}/ack")
async def withdraw(request: web.Request) -> web.Response:
    """Takes an acknowledgement back."""
    site, name = request.app[SITE], request.match_info["fingerprint"]
    async with site.store.write() as tx:
        alert = await find(tx, name)
        key = alert.key if alert else name
        if not await acks.remove(tx, [key]):
            return _refused(404, f"the alert {name} is not acknowledged")
        await groups.touch(tx, site.now(), about=[key])
        entry = await audit.write(tx, site, Act.WITHDREW, key)
    audit.tell(site, entry)
    return web.Response()


def _said(ack: Ack) -> str:
    return f"by {ack.owner}" + (f": {ack.comment}" if ack.comment else "")


def _refused(status: int, why: str) -> web.Response:
    return web.json_response({"error": why}, status=status)


def _shape(one: Seen) -> dict[str, Any]:
    alert = one.alert
    return {
        "fingerprint": alert.key,
        "labels": alert.all_labels,
        "annotations": dict(alert.annotations),
        "severity": str(alert.severity),
        "state": str(alert.state),
        "since": moment(alert.since),
        "fired_at": moment(alert.fired_at) if alert.state.fires and alert.fired_at else None,
        "values": dict(alert.values),
        "silenced_by": list(one.suppressed.silenced_by),
        "inhibited_by": list(one.suppressed.inhibited_by),
        "muted_by": list(one.suppressed.muted_by),
        "ack": _ack(one.ack) if one.ack else None,
    }


def _ack(ack: Ack) -> dict[str, Any]:
    return {
        "owner": ack.owner,
        "comment": ack.comment,
        "at": moment(ack.at),
        "severity": str(ack.severity),
        "expires_at": moment(ack.expires_at) if ack.expires_at else None,
    }


def _line(one: Line) -> dict[str, str]:
    return {
        "at": moment(one.at),
        "receiver": one.receiver,
        "group": one.group_key,
        "verdict": one.verdict,
        "reason": one.reason,
        "because": one.because,
        "message": one.message,
    }
