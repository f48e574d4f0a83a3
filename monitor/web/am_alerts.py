"""`/api/v2/alerts` and `/api/v2/alerts/groups`: what fires, as Alertmanager tells it, and what others post."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from aiohttp import web

from monitor.matchers import Matcher, Matchers
from monitor.textfault import TextFault
from monitor.web import am_posts, amshape
from monitor.web.amshape import Unusable
from monitor.web.outlook import Outlook, Seen, flag, look, wanted
from monitor.web.site import SITE

routes = web.RouteTableDef()

TOLD = 10
"""Faults of one request that are told."""


@routes.get("/api/v2/alerts")
async def alerts(request: web.Request) -> web.Response:
    """Those that match the filters, each with the receivers of its routes."""
    try:
        outlook = await look(request.app[SITE])
        found = [_shape(one, outlook) for one in _chosen(request, outlook)]
    except Unusable as fault:
        return web.json_response(str(fault), status=400)
    return web.json_response(found)


@routes.post("/api/v2/alerts")
async def post(request: web.Request) -> web.Response:
    """Takes alerts of other systems. Of a request with faults the others are taken, as Alertmanager does."""
    site = request.app[SITE]
    if site.post is None:
        raise web.HTTPNotFound
    try:
        posts, refused = am_posts.read(await _body(request), behind=site.behind())
    except Unusable as fault:
        return web.json_response(str(fault), status=400)
    unfit = await site.post(posts)
    if refused:
        more = f" (and {len(refused) - TOLD} more)" if len(refused) > TOLD else ""
        return web.json_response("; ".join(refused[:TOLD]) + more, status=400)
    if unfit:
        words = f"{unfit:,} alerts were not taken: no more posted ones may fire at once"
        return web.json_response(words, status=503, headers={"Retry-After": "60"})
    return web.Response()


async def _body(request: web.Request) -> bytes:
    """What was sent.

    Raises:
        Unusable: it is too much.
    """
    found = bytearray()
    async for part in request.content.iter_any():
        found += part
        if len(found) > am_posts.BODY:
            raise Unusable(f"more than {am_posts.BODY:,} bytes in one request: send several")
    return bytes(found)


@routes.get("/api/v2/alerts/groups")
async def groups(request: web.Request) -> web.Response:
    """The same by group and receiver."""
    try:
        outlook = await look(request.app[SITE])
        chosen = list(_chosen(request, outlook))
        told = _told(request)
    except Unusable as fault:
        return web.json_response(str(fault), status=400)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in chosen:
        labels = one.alert.all_labels
        for route in outlook.speech.route.find(labels):
            if told.match(amshape.receiver_labels(route.receiver)):
                shape = {
                    "labels": route.group_labels(labels),
                    "receiver": amshape.receiver(route.receiver),
                    "routeLabels": {},
                    "alerts": [],
                }
                group = found.setdefault((route.group_key(labels), route.receiver), shape)
                group["alerts"].append(_shape(one, outlook))
    return web.json_response([found[key] for key in sorted(found)])


def _chosen(request: web.Request, outlook: Outlook) -> Iterator[Seen]:
    """The alerts that a request asks for."""
    matching, told = wanted(request), _told(request)
    active, silenced, inhibited, muted = (flag(request, name) for name in ("active", "silenced", "inhibited", "muted"))
    flag(request, "unprocessed")  # there are none: an alert is looked at before it is shown
    for one in outlook.firing:
        found, labels = one.suppressed, one.alert.all_labels
        if (not active and not found) or (not silenced and found.silenced_by):
            continue
        if (not inhibited and found.inhibited_by) or (not muted and found.muted_by):
            continue
        if matching.match(labels) and any(
            told.match(amshape.receiver_labels(name)) for name in _receivers(one, outlook)
        ):
            yield one


def _receivers(one: Seen, outlook: Outlook) -> list[str]:
    return [route.receiver for route in outlook.speech.route.find(one.alert.all_labels)]


def _told(request: web.Request) -> Matchers:
    """Whom what is asked for has to be told to: `receiver` is a whole name, as a regular expression."""
    found = wanted(request, "receiver_matchers").matchers
    if not (name := request.query.get("receiver", "")):
        return Matchers(found)
    try:
        return Matchers((*found, Matcher("name", "=~", name)))
    except TextFault as fault:
        raise Unusable(f"failed to parse receiver param: {fault.message}") from fault


def _shape(one: Seen, outlook: Outlook) -> dict[str, Any]:
    inhibited_by = tuple(outlook.sources[key] for key in one.suppressed.inhibited_by)
    suppressed = replace(one.suppressed, inhibited_by=inhibited_by)
    return amshape.alert(one.alert, suppressed, _receivers(one, outlook), outlook.at)
