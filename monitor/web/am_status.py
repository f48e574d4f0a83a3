"""`/api/v2/status` and `/api/v2/receivers`, and where Alertmanager says that it lives."""

from __future__ import annotations

import platform
from typing import Any

import yaml
from aiohttp import web

import monitor
from monitor import durations
from monitor.inhibition import BUILT_IN
from monitor.routing import Route
from monitor.web.amshape import Unusable, moment, receiver, receiver_labels
from monitor.web.outlook import wanted
from monitor.web.site import SITE, Speech

routes = web.RouteTableDef()


@routes.get("/api/v2/status")
async def status(request: web.Request) -> web.Response:
    """Who answers, since when, and how it speaks, in the words of Alertmanager's configuration."""
    site = request.app[SITE]
    return web.json_response(
        {
            "cluster": {"status": "disabled", "peers": []},
            "config": {"original": written(site.speech())},
            "uptime": moment(site.started_at or site.now()),
            "versionInfo": {
                "branch": "",
                "buildDate": "",
                "buildUser": "fdi-monitor",
                "goVersion": f"python{platform.python_version()}",
                "revision": "",
                "version": monitor.__version__,
            },
        }
    )


@routes.get("/api/v2/receivers")
async def receivers(request: web.Request) -> web.Response:
    """The receivers that `receiver_matchers` ask for, all without any."""
    try:
        asked = wanted(request, "receiver_matchers")
    except Unusable as fault:
        return web.json_response(str(fault), status=400)
    known = request.app[SITE].speech().receivers
    return web.json_response([receiver(name) for name in known if asked.match(receiver_labels(name))])


def written(speech: Speech) -> str:
    """Routes, receivers and inhibition as Alertmanager would write them. Receivers have names alone: how they are
    reached is secret."""
    rules = (*BUILT_IN, *speech.quieting.inhibit)
    content = {
        "route": _route(speech.route, root=True),
        "receivers": [{"name": name} for name in speech.receivers],
        "inhibit_rules": [
            {
                "source_matchers": [str(one) for one in rule.source.matchers],
                "target_matchers": [str(one) for one in rule.target.matchers],
                "equal": list(rule.equal),
            }
            for rule in rules
        ],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _route(route: Route, *, root: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {
        "receiver": route.receiver,
        "group_by": list(route.group_by),
        "group_wait": durations.show(route.group_wait),
        "group_interval": durations.show(route.group_interval),
        "repeat_interval": durations.show(route.repeat_interval),
    }
    if not root:
        found |= {"matchers": [str(one) for one in route.matchers.matchers], "continue": route.proceed}
    if route.routes:
        found["routes"] = [_route(child) for child in route.routes]
    return found
