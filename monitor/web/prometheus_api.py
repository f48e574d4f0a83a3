"""`/api/v1/rules` and `/api/v1/alerts` in Prometheus's shapes, so that Grafana lists our rules and alerts.

Source: prometheus/prometheus, `web/api/v1/api.go`. What is asked of a series is not answered: scrape `/metrics`.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any

from aiohttp import web
from multidict import MultiMapping

import monitor
from monitor.model import Alert
from monitor.posted import RULE as POSTED
from monitor.rules.rule import Rule
from monitor.store import alerts as store
from monitor.store import history
from monitor.web import health
from monitor.web.amshape import moment
from monitor.web.site import SITE, Speech

routes = web.RouteTableDef()

routes.get("/-/healthy")(health.alive)
routes.get("/-/ready")(health.ready)

_KINDS = ("", "alert", "record")


@routes.get("/api/v1/rules")
async def rules(request: web.Request) -> web.Response:
    """The rules with their alerts, those of one file as a group that bears its name; chosen by `type`, `rule_name[]`,
    `rule_group[]` and `file[]`."""
    site, asked = request.app[SITE], request.query
    kind, bare = asked.get("type", ""), asked.get("exclude_alerts", "false").lower() == "true"
    if kind not in _KINDS:
        return _refused(f"not supported value {kind!r} of type: alert and record are")
    async with site.store.read() as tx:
        live, judged_at = await store.live(tx), await history.newest(tx)
    speech, at = site.speech(), judged_at or site.started_at or site.now()
    groups = [] if kind == "record" else _groups(speech, asked)
    mine: dict[str, list[Alert]] = {}
    for one in live:
        mine.setdefault(one.rule, []).append(one)
    told = {"interval": _interval(speech), "limit": 0, "evaluationTime": 0, "lastEvaluation": moment(at)}
    health = "ok" if judged_at else "unknown"
    shown = [
        {
            "name": name,
            "file": file,
            **told,
            "rules": [_rule(one, mine.get(one.name, []), at=at, health=health, bare=bare) for one in rules],
        }
        for name, file, rules in groups
    ]
    return _told({"groups": shown})


def _groups(speech: Speech, asked: MultiMapping[str]) -> list[tuple[str, str, list[Rule]]]:
    """The rules that are asked for, by the name of their group and their file, in the order of the files."""
    names, groups, files = (asked.getall(name, []) for name in ("rule_name[]", "rule_group[]", "file[]"))
    found: dict[str, list[Rule]] = {}
    for one in speech.rules:
        if not names or one.name in names:
            found.setdefault(speech.places.get(one.name, "").rpartition(":")[0], []).append(one)
    told = [(PurePath(file).stem, file, rules) for file, rules in found.items()]
    return [one for one in told if (not groups or one[0] in groups) and (not files or one[1] in files)]


def _interval(speech: Speech) -> float:
    """Seconds from one judgement to the next: rules are judged at each sample, so this is how often those are wanted at
    most."""
    return min((one.every.total_seconds() for one in speech.accounts), default=0)


@routes.get("/api/v1/alerts")
async def alerts(request: web.Request) -> web.Response:
    """What is pending and fires."""
    async with request.app[SITE].store.read() as tx:
        live = await store.live(tx)
    return _told({"alerts": [_alert(one) for one in live]})


@routes.get("/api/v1/status/buildinfo")
async def buildinfo(_request: web.Request) -> web.Response:
    """Who answers."""
    version = {"version": monitor.__version__, "revision": "", "branch": "", "buildUser": "fdi-monitor"}
    return _told({**version, "buildDate": "", "goVersion": f"python{platform.python_version()}"})


def _told(data: dict[str, Any]) -> web.Response:
    return web.json_response({"status": "success", "data": data})


def _refused(why: str) -> web.Response:
    return web.json_response({"status": "error", "errorType": "bad_data", "error": why}, status=400)


def _rule(rule: Rule, live: Sequence[Alert], *, at: datetime, health: str, bare: bool) -> dict[str, Any]:
    severities = dict.fromkeys(str(severity) for severity, _ in rule.stages)
    written = {"summary": rule.summary, "runbook": rule.runbook}
    mine = [one for one in live if one.rule_version != POSTED]
    return {
        "type": "alerting",
        "name": rule.name,
        "query": " or ".join(f"({text})" for _, text in rule.stages) if len(rule.stages) > 1 else rule.stages[0][1],
        "duration": rule.hold.total_seconds(),
        "keepFiringFor": rule.keep.total_seconds(),
        "labels": {**rule.labels, "severity": "|".join(severities)},
        "annotations": {name: text for name, text in written.items() if text},
        "state": _state(mine),
        "health": health,
        "evaluationTime": 0,
        "lastEvaluation": moment(at),
        "alerts": [] if bare else [_alert(one) for one in mine],
    }


def _state(live: Iterable[Alert]) -> str:
    fires = [one.state.fires for one in live]
    return "firing" if any(fires) else "pending" if fires else "inactive"


def _alert(one: Alert) -> dict[str, Any]:
    return {
        "labels": one.all_labels,
        "annotations": dict(one.annotations),
        "state": "firing" if one.state.fires else "pending",
        "activeAt": moment(one.since),
        "value": _number(one.values.get("abnormal", 1.0)),
    }


def _number(value: float) -> str:
    """As Go writes it: `9e+00`."""
    digits, _, power = f"{value:e}".partition("e")
    return f"{digits.rstrip('0').rstrip('.')}e{power}"
