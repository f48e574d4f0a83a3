"""Feishu custom bots: signature in the body, 20 KB, 100 messages a minute and 5 a second, HTTP 200 for every refusal.

Source: Feishu's guide to custom bots. Independent of the notifier of this project on purpose: it judges it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import defaultdict
from datetime import timedelta
from typing import Any

from monitor.simulator.card import Card
from monitor.simulator.quota import Limit, Quota
from monitor.simulator.robots import Answer, Arrival, feishu_card

LARGEST = 20 * 1024
SKEW = timedelta(hours=1)
MESSAGES = {
    "9499": "Bad Request",
    "11232": "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]",
    "19001": "param invalid: incoming webhook access token invalid",
    "19021": "sign match fail or timestamp is not within one hour from current time",
    "19022": "Ip Not Allowed",
    "19024": "Key Words Not Found",
}
_PARTS = {"text": "content", "post": "content", "interactive": "card", "image": "content", "share_chat": "content"}


class FeishuBot:
    """All custom bots of this cloud; each address is one, and those with a secret check signatures."""

    kind = "feishu"
    routes: tuple[str, ...] = ("/feishu/{address}", "/open-apis/bot/v2/hook/{address}")

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}
        self._quotas: dict[str, Quota] = defaultdict(lambda: Quota(Limit(5, 1), Limit(100, 60)))

    def protect(self, address: str, secret: str) -> None:
        self._secrets[address] = secret

    def refusal(self, code: str) -> Answer:
        if code not in MESSAGES:
            raise ValueError(f"Feishu has no code {code!r} here; there are {', '.join(MESSAGES)}")
        return Answer(200, {"code": int(code), "msg": MESSAGES[code], "data": {}}, f"{code} {MESSAGES[code]}")

    def judge(self, arrival: Arrival) -> Answer:
        body = arrival.json()
        if len(arrival.raw) > LARGEST or not well_formed(body):
            return self.refusal("9499")
        secret = self._secrets.get(arrival.address)
        if secret and not signed(body, secret, arrival.at.timestamp()):
            return self.refusal("19021")
        if self._quotas[arrival.address].take(arrival.at.timestamp()):
            return self.refusal("11232")
        return Answer(200, {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})

    def card(self, body: Any) -> Card:
        return feishu_card.card(body)


def well_formed(body: Any) -> bool:
    """Whether it is one of the documented message types with its content."""
    if not isinstance(body, dict) or body.get("msg_type") not in _PARTS:
        return False
    content = body.get(_PARTS[body["msg_type"]])
    if not isinstance(content, dict) or not content:
        return False
    return body["msg_type"] != "text" or (isinstance(content.get("text"), str) and content["text"] != "")


def signed(body: dict[str, Any], secret: str, at: float) -> bool:
    """Whether `sign` was made with `secret` and `timestamp` (seconds) is within an hour of `at`."""
    timestamp, sign = str(body.get("timestamp", "")), str(body.get("sign", ""))
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(int(timestamp) - at) > SKEW.total_seconds():
        return False
    digest = hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return hmac.compare_digest(base64.b64encode(digest), sign.encode())
