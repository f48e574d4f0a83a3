"""Topics of Simple Message Notification: a message in one of three forms within its limits, stored with a number.

Source: SMN's reference of PublishMessage. Who publishes is for the gateway to find out.
"""

from __future__ import annotations

import json
from typing import Any

from monitor.simulator.card import Card
from monitor.simulator.markup import plain
from monitor.simulator.quota import Limit, Quota
from monitor.simulator.robots import Answer, Arrival
from monitor.simulator.robots.coded import Unsigned, known, texts

SUBJECT, MESSAGE, SMS = 512, 256 * 1024, 490
_REFUSALS = {
    "SMN.0005": (400, "Invalid TopicUrn."),
    "SMN.0006": (404, "Topic not found."),
    "SMN.0019": (500, "Producer exception."),
    "SMN.0021": (400, "Invalid message structure."),
    "APIGW.0308": (429, "The throttling threshold has been reached: policy api over ratelimit,limit:100,time:1 minute"),
}


class SmnTopics(Unsigned):
    """All topics of the project; the URN is the address."""

    kind = "smn"
    routes: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._quota = Quota(Limit(100, 60))
        self._stored = 0

    def refusal(self, code: str) -> Answer:
        status, text = known(self.kind, _REFUSALS, code)
        return Answer(status, {"request_id": "0", "code": code, "message": text}, f"{code} {text}")

    def judge(self, arrival: Arrival) -> Answer:
        """The topic's name, the sizes, the structure, the limit."""
        if not arrival.address.startswith("urn:smn:") or arrival.address.count(":") != 4:
            return self.refusal("SMN.0005")
        body = arrival.json()
        told = _structure(body)
        default = texts(told, "default")
        if not default or len(texts(body, "subject").encode(errors="replace")) > SUBJECT:
            return self.refusal("SMN.0021")
        if len(default.encode(errors="replace")) > MESSAGE or not _sms_fits(texts(told, "sms")):
            return self.refusal("SMN.0021")
        if self._quota.take(arrival.at.timestamp()):
            return self.refusal("APIGW.0308")
        self._stored += 1
        return Answer(200, {"request_id": "0", "message_id": f"{self._stored:032x}"})

    def card(self, body: Any) -> Card:
        attributes = [one for one in body.get("message_attributes", []) if isinstance(one, dict)]
        known = {texts(one, "name"): texts(one, "value") for one in attributes}
        colour = {"critical": "red", "warning": "orange"}.get(known.get("severity", ""), "blue")
        green = known.get("status") == "resolved"
        return Card(texts(body, "subject"), "green" if green else colour, plain(texts(_structure(body), "default")))


def _structure(body: Any) -> Any:
    """The texts by protocol; a plain `message` is the default of all."""
    if texts(body, "message_structure"):
        try:
            return json.loads(body["message_structure"])
        except ValueError:
            return None
    return {"default": texts(body, "message")}


def _sms_fits(text: str) -> bool:
    return len(text) <= SMS and not set(text) & set("[]【】")
