"""Another Alertmanager: takes alerts at its API v2, and forgets those it does not hear of again.

Source: Alertmanager's OpenAPI document, postAlerts.
"""

from __future__ import annotations

from typing import Any

from monitor.simulator.card import Card
from monitor.simulator.robots import Answer, Arrival, webhook
from monitor.simulator.robots.coded import Unsigned, texts


class AlertmanagerApi(Unsigned):
    """Any number of members; what precedes `/api/v2` tells them apart."""

    kind = "alertmanager"
    routes: tuple[str, ...] = ("/alertmanager/{address}/api/v2/alerts",)

    def refusal(self, code: str) -> Answer:
        if code not in ("400", "429", "500", "503"):
            raise ValueError(f"Alertmanager answers 400, 429, 500 or 503, not {code!r}")
        return Answer(int(code), "refused", code)

    def judge(self, arrival: Arrival) -> Answer:
        """A list of alerts with labels."""
        body = arrival.json()
        if not isinstance(body, list) or not body:
            return self.refusal("400")
        if not all(isinstance(one, dict) and one.get("labels") and texts(one, "startsAt") for one in body):
            return self.refusal("400")
        return Answer(200, "", ref=str(sorted(str(sorted(one["labels"].items())) for one in body)))

    def card(self, body: Any) -> Card:
        alerts = [{**one, "status": "resolved" if one.get("endsAt") else "firing"} for one in body]
        firing = any(one["status"] == "firing" for one in alerts)
        names = sorted({texts(one, "labels", "alertname") for one in alerts})
        told = {"alerts": alerts, "status": "firing" if firing else "resolved"}
        return webhook.alerts_card({**told, "groupLabels": {"alertname": ", ".join(names)}})
