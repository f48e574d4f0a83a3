"""Feishu custom bots: signature in the body, 20 KB, 100 messages a minute and 5 a second, HTTP 200 for every refusal.

Source: Feishu's guide to custom bots. Independent of the notifier of this project on purpose: it judges it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any, ClassVar

from monitor.simulator.card import Card
from monitor.simulator.quota import Limit
from monitor.simulator.robots import Arrival, feishu_card
from monitor.simulator.robots.coded import CodedRobot

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


class FeishuBot(CodedRobot):
    """All custom bots of this cloud."""

    kind = "feishu"
    routes: tuple[str, ...] = ("/feishu/{address}", "/open-apis/bot/v2/hook/{address}")
    messages = MESSAGES
    limits = (Limit(5, 1), Limit(100, 60))
    largest = LARGEST
    bad, too_long, unsigned, too_fast = "9499", "9499", "19021", "11232"
    no_keyword = "19024"
    code_key, text_key = "code", "msg"
    success: ClassVar = {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}

    def more(self, code: str) -> dict[str, Any]:  # noqa: ARG002 - the same for all
        """Empty data."""
        return {"data": {}}

    def well_formed(self, body: Any) -> bool:
        """See `well_formed` below."""
        return well_formed(body)

    def signed(self, arrival: Arrival, body: Any, secret: str) -> bool:
        """See `signed` below."""
        return signed(body, secret, arrival.at.timestamp())

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
