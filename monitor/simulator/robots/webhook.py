"""A generic webhook: takes any JSON, and shows Alertmanager's version 4 body as an alert card."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

from markupsafe import Markup

from monitor.simulator.card import Button, Card
from monitor.simulator.markup import plain
from monitor.simulator.robots import Answer, Arrival

_SEVERITIES = {"critical": "red", "error": "red", "warning": "orange", "info": "blue"}
SKEW = timedelta(minutes=5)
"""How far the clock of a signature may be off; Standard Webhooks leaves it to the receiver, and shows this."""
SHOWN = 12
"""Alerts drawn on one card; the rest are counted."""


class Webhook:
    """Any number of hooks, told apart by the last part of the path. Those with a secret check signatures as Standard
    Webhooks says; independent of the notifier on purpose."""

    kind = "webhook"
    routes: tuple[str, ...] = ("/webhook/{address}",)

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}

    def protect(self, address: str, secret: str) -> None:
        """Signatures of this address are checked."""
        self._secrets[address] = secret

    def refusal(self, code: str) -> Answer:
        """Any HTTP status."""
        if not (code.isascii() and code.isdigit() and 400 <= int(code) <= 599):
            raise ValueError(f"a webhook refuses with an HTTP status from 400 to 599, not {code!r}")
        return Answer(int(code), {"error": f"refused with {code}"}, code)

    def judge(self, arrival: Arrival) -> Answer:
        if arrival.json() is None:
            return Answer(400, {"error": "the body is not JSON"}, "400 the body is not JSON")
        secret = self._secrets.get(arrival.address)
        if secret and not signed(arrival, secret):
            return Answer(401, {"error": "the signature does not fit"}, "401 the signature does not fit")
        return Answer(200, {"status": "ok"})

    def card(self, body: Any) -> Card:
        if isinstance(body, dict) and isinstance(body.get("alerts"), list) and "status" in body:
            return alerts_card(body)
        text = json.dumps(body, ensure_ascii=False, indent=2)
        return Card("", "grey", Markup("<pre>{}</pre>").format(text[:4000]))


def signed(arrival: Arrival, secret: str) -> bool:
    """Whether one of the signatures is over id, time and body, with `secret`, and made lately."""
    stamp, name = arrival.headers.get("webhook-timestamp", ""), arrival.headers.get("webhook-id", "")
    old = abs(int(stamp) - arrival.at.timestamp()) if stamp.isascii() and stamp.isdigit() else float("inf")
    if not name or old > SKEW.total_seconds():
        return False
    try:
        key = base64.b64decode(secret[6:], validate=True) if secret[:6] == "whsec_" else secret.encode()
    except binascii.Error:
        return False
    digest = hmac.new(key, b".".join((name.encode(), stamp.encode(), arrival.raw)), hashlib.sha256).digest()
    wanted = f"v1,{base64.b64encode(digest).decode()}"
    given = arrival.headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(one.encode(), wanted.encode()) for one in given)


def alerts_card(body: dict[str, Any]) -> Card:
    """Alertmanager's body, or as much of it as there is."""
    alerts = [alert for alert in body["alerts"] if isinstance(alert, dict)]
    firing = [alert for alert in alerts if alert.get("status") == "firing"]
    labels = {**_map(body, "groupLabels"), **_map(body, "commonLabels")}
    state = f"FIRING:{len(firing)}" if body["status"] == "firing" else f"RESOLVED:{len(alerts)}"
    rows = Markup("").join(_row(alert, labels) for alert in alerts[:SHOWN])
    truncated = body.get("truncatedAlerts")
    more = max(0, len(alerts) - SHOWN) + (truncated if isinstance(truncated, int) else 0)
    url = str(body.get("externalURL", ""))
    return Card(
        title=f"[{state}] {labels.get('alertname', '') or body.get('receiver', '')}".strip(),
        colour=_colour(firing) if body["status"] == "firing" else "green",
        body=rows + (plain(f"+{more} more") if more > 0 else Markup("")),
        buttons=(Button("View", url),) if url.startswith(("http://", "https://")) else (),
    )


def _colour(firing: list[dict[str, Any]]) -> str:
    colours = {_SEVERITIES.get(str(_map(alert, "labels").get("severity")), "blue") for alert in firing}
    return next((colour for colour in ("red", "orange") if colour in colours), "blue")


def _row(alert: dict[str, Any], common: dict[str, Any]) -> Markup:
    labels, notes = _map(alert, "labels"), _map(alert, "annotations")
    name = labels.get("instance") or labels.get("account") or labels.get("alertname", "")
    tags = Markup(" ").join(
        Markup('<span class="tag tag-{}">{}={}</span>').format(_tint(key, value), key, value)
        for key, value in labels.items()
        if key not in common and key not in ("instance", "instance_id", "alertname")
    )
    dot = "green" if alert.get("status") == "resolved" else _colour([alert])
    return Markup('<div class="row"><i class="dot dot-{}"></i><div><strong>{}</strong> {}<br>{}</div></div>').format(
        dot, name, tags, notes.get("summary", "")
    )


def _tint(label: str, value: object) -> str:
    return _SEVERITIES.get(str(value), "grey") if label == "severity" else "grey"


def _map(raw: dict[str, Any], key: str) -> dict[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}
