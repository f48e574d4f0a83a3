"""DingTalk custom robots: signature in the query, 20 messages a minute, then mute for ten; HTTP 200 for every refusal.

Source: DingTalk's guide to custom robots. Independent of the notifier of this project on purpose: it judges it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any, ClassVar

from monitor.simulator.card import Button, Card
from monitor.simulator.markup import render
from monitor.simulator.quota import Limit
from monitor.simulator.robots import Answer, Arrival
from monitor.simulator.robots.coded import CodedRobot, texts

SKEW = timedelta(hours=1)
MUTE = timedelta(minutes=10)
_INKS = {"#d93026": "red", "#e37400": "orange", "#1a73e8": "blue", "#188038": "green", "#8f959e": "grey"}
_TEXTS = {
    "text": (("content",),),
    "markdown": (("title",), ("text",)),
    "actionCard": (("title",), ("text",)),
    "link": (("title",), ("text",), ("messageUrl",)),
}


class DingtalkRobot(CodedRobot):
    """All custom robots of this cloud."""

    kind = "dingtalk"
    routes: tuple[str, ...] = ("/dingtalk/{address}", "/robot/send")
    messages: ClassVar = {
        "40035": "缺少参数 json",
        "90030": "quota exceeded",
        "130101": "send too fast, exceed 20 times per minute",
        "300001": "token is not exist",
        "300005": "token is not exist",
        "310000": "sign or keywords not match, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]",
        "460101": "message too long, exceed 20000 bytes",
    }
    limits = (Limit(20, 60),)
    largest = 20_000
    bad, too_long, unsigned, too_fast = "40035", "460101", "310000", "130101"
    no_keyword = "310000"
    success: ClassVar = {"errcode": 0, "errmsg": "ok"}

    def __init__(self) -> None:
        super().__init__()
        self._mute: dict[str, datetime] = {}

    def more(self, code: str) -> dict[str, Any]:
        """A robot that is too fast learns for how long it is denied."""
        return {"status": 1111, "wait": int(MUTE.total_seconds()), "punish": "deny"} if code == self.too_fast else {}

    def judge(self, arrival: Arrival) -> Answer:
        """Nobody is without a token."""
        return super().judge(arrival) if arrival.address else self.refusal("300001")

    def throttles(self, arrival: Arrival) -> bool:
        """The 21st message of a minute makes the robot mute."""
        until = self._mute.get(arrival.address)
        if until is not None and arrival.at < until:
            return True
        if super().throttles(arrival):
            self._mute[arrival.address] = arrival.at + MUTE
            return True
        return False

    def well_formed(self, body: Any) -> bool:
        """Whether it has all texts of its type."""
        kind = body.get("msgtype") if isinstance(body, dict) else None
        wanted = _TEXTS.get(kind) if isinstance(kind, str) else None
        return bool(wanted) and all(texts(body, str(kind), *path) for path in wanted or ())

    def signed(self, arrival: Arrival, body: Any, secret: str) -> bool:  # noqa: ARG002 - it is not in the body
        """Whether `sign` was made with `secret` and `timestamp` (milliseconds) is within an hour."""
        stamp, sign = arrival.query.get("timestamp", ""), arrival.query.get("sign", "")
        skew = SKEW.total_seconds() * 1000
        if not (stamp.isascii() and stamp.isdigit()) or abs(int(stamp) - arrival.at.timestamp() * 1000) > skew:
            return False
        digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
        return hmac.compare_digest(base64.b64encode(digest), sign.encode())

    def card(self, body: Any) -> Card:
        kind = str(body["msgtype"])
        inner = body[kind]
        called = body.get("at") if isinstance(body.get("at"), dict) else {}
        mentions = ["@所有人"] if called.get("isAtAll") else []
        return shown(str(inner.get("text") or inner.get("content")), _buttons(inner), mentions)


def shown(text: str, buttons: tuple[Button, ...], mentions: list[str]) -> Card:
    """Markdown whose first heading is the title, coloured by its ink."""
    colour = next((name for ink, name in _INKS.items() if ink in text.partition("\n")[0]), "grey")
    for ink, name in _INKS.items():
        text = text.replace(f'<font color="{ink}">', f'<font color="{name}">')
    first, _, rest = text.partition("\n")
    title = render(first.lstrip("# "), backslash=True).striptags()
    heading = first.startswith("#")
    body = rest.replace("  \n", "\n") if heading else text
    more = "\n\n" + " ".join(mentions) if mentions else ""
    return Card(str(title) if heading else "", colour, render(body + more, backslash=True), buttons)


def _buttons(inner: dict[str, Any]) -> tuple[Button, ...]:
    listed = inner.get("btns") or [{"title": inner.get("singleTitle"), "actionURL": inner.get("singleURL")}]
    return tuple(
        Button(str(each["title"]), str(each["actionURL"]), "default" if place else "primary")
        for place, each in enumerate(listed)
        if isinstance(each, dict) and each.get("title") and str(each.get("actionURL")).startswith("http")
    )
