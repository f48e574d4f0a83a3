"""PagerDuty's Events API v2: one incident for each key, opened, acknowledged and resolved.

Source: PagerDuty's reference of the API.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from monitor.simulator.card import Button, Card
from monitor.simulator.quota import Limit, Quota
from monitor.simulator.robots import Answer, Arrival
from monitor.simulator.robots.coded import Unsigned, texts

LARGEST = 512 * 1024
_COLOURS = {"critical": "red", "error": "red", "warning": "orange", "info": "blue"}


class PagerdutyEvents(Unsigned):
    """All services; what precedes `/v2/enqueue` tells them apart, the key is any."""

    kind = "pagerduty"
    routes: tuple[str, ...] = ("/pagerduty/{address}/v2/enqueue",)

    def __init__(self) -> None:
        self._quota = Quota(Limit(120, 60))
        self._open: dict[str, Any] = {}

    def refusal(self, code: str) -> Answer:
        if code == "429":
            body = {"status": "throttle exceeded", "message": "Requests for this service are arriving too quickly."}
            return Answer(429, body, "throttled")
        if code != "400":
            raise ValueError(f"PagerDuty refuses with 400 or 429, not {code!r}")
        return self._invalid("'routing_key' is missing or blank")

    def judge(self, arrival: Arrival) -> Answer:
        """Size, fields, limit."""
        body = arrival.json()
        if len(arrival.raw) > LARGEST:
            return Answer(413, {"status": "too large"}, "413")
        fault = _fault(body)
        if fault:
            return self._invalid(fault)
        if self._quota.take(arrival.at.timestamp()):
            return self.refusal("429")
        key = texts(body, "dedup_key")
        if body["event_action"] == "trigger":
            self._open[key] = body["payload"]
        return Answer(202, {"status": "success", "message": "Event processed", "dedup_key": key}, ref=key)

    def card(self, body: Any) -> Card:
        """The incident as it stands."""
        action, key = body["event_action"], texts(body, "dedup_key")
        told = body.get("payload") or self._open.get(key) or {}
        by_severity = _COLOURS.get(texts(told, "severity"), "grey")
        colour = {"trigger": by_severity, "acknowledge": "yellow"}.get(action, "green")
        rows = [(name, texts(told, name)) for name in ("source", "severity", "component", "group", "class")]
        html = Markup("<p>{}</p>").format(
            Markup("<br>").join(Markup("<strong>{}</strong> {}").format(name, value) for name, value in rows if value)
        )
        text = texts(told, "custom_details", "message")
        links = [one for one in body.get("links", []) if isinstance(one, dict)]
        buttons = tuple(Button(texts(one, "text"), texts(one, "href")) for one in links)
        title = f"{action.upper()}: {texts(told, 'summary') or key[:12]}"
        return Card(title, colour, html + Markup("<pre>{}</pre>").format(text) if text else html, buttons)

    def _invalid(self, why: str) -> Answer:
        return Answer(400, {"status": "invalid event", "message": "Event object is invalid", "errors": [why]}, why)


def _fault(body: Any) -> str:
    if not texts(body, "routing_key"):
        return "'routing_key' is missing or blank"
    action, key = texts(body, "event_action"), texts(body, "dedup_key")
    if action not in ("trigger", "acknowledge", "resolve"):
        return "'event_action' is invalid"
    if len(key) > 255 or (action != "trigger" and not key):
        return "'dedup_key' is missing or too long"
    if action != "trigger":
        return ""
    if not 0 < len(texts(body, "payload", "summary")) <= 1024:
        return "'payload.summary' is missing or too long"
    if texts(body, "payload", "severity") not in _COLOURS:
        return "'payload.severity' is invalid"
    return "" if texts(body, "payload", "source") else "'payload.source' is missing or blank"
