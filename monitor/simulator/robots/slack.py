"""Slack: incoming webhooks that answer `ok`, and chat.postMessage and chat.update that answer 200 for every refusal.

Source: Slack's reference of both methods and of Block Kit. Independent of the notifier on purpose: it judges it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from monitor.simulator.card import Card
from monitor.simulator.quota import Limit, Quota
from monitor.simulator.robots import Answer, Arrival, slack_card
from monitor.simulator.robots.coded import texts

LARGEST = 13_000
"""Bytes of all blocks; more are refused, though no page says so."""
_ERRORS = (
    "invalid_auth", "not_authed", "token_revoked", "account_inactive", "missing_scope", "channel_not_found",
    "not_in_channel", "is_archived", "msg_too_long", "msg_blocks_too_long", "invalid_blocks", "no_text",
    "message_not_found", "cant_update_message", "ratelimited", "internal_error",
)  # fmt: skip


class Slack:
    """Webhooks and bots; a bot's address is the part of its base URL before `/api`."""

    kind = "slack"
    routes: tuple[str, ...] = (
        "/slack/{address}",
        "/services/{team}/{hook}/{address}",
        "/slack/{address}/api/chat.postMessage",
        "/slack/{address}/api/chat.update",
    )

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}
        self._quotas: dict[str, Quota] = defaultdict(lambda: Quota(Limit(1, 1), Limit(60, 60)))
        self._said: set[tuple[str, str]] = set()

    def protect(self, address: str, secret: str) -> None:
        """The bot at this address has this token."""
        self._tokens[address] = secret

    def refusal(self, code: str) -> Answer:
        """An error of the API."""
        if code not in _ERRORS:
            raise ValueError(f"Slack has no error {code!r} here; there are {', '.join(_ERRORS)}")
        status, headers = (429, (("Retry-After", "1"),)) if code == "ratelimited" else (200, ())
        return Answer(status, {"ok": False, "error": code}, code, headers=headers)

    def judge(self, arrival: Arrival) -> Answer:
        """Token, shape, limits."""
        body, at = arrival.json(), arrival.at.timestamp()
        if "/api/" not in arrival.path:
            return self._hook(arrival.address, body, at)
        token = arrival.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token:
            return self.refusal("not_authed")
        if self._tokens.get(arrival.address, token) != token:
            return self.refusal("invalid_auth")
        channel = texts(body, "channel")
        fault = _fault(body)
        if fault or not channel:
            return self.refusal(fault or "channel_not_found")
        stamp = texts(body, "ts")
        if arrival.path.endswith("chat.update"):
            if (channel, stamp) not in self._said:
                return self.refusal("message_not_found")
        else:
            if self._quotas[channel].take(at):
                return self.refusal("ratelimited")
            channel = channel if channel.startswith("C0") else f"C0{channel.lstrip('#').upper()}"
            stamp = f"{int(at)}.{len(self._said):06d}"
            self._said.add((channel, stamp))
        return Answer(200, {"ok": True, "channel": channel, "ts": stamp}, ref=f"{channel}/{stamp}")

    def card(self, body: Any) -> Card:
        return slack_card.card(body)

    def _hook(self, address: str, body: Any, at: float) -> Answer:
        fault = _fault(body)
        if fault:
            return Answer(400, fault if fault == "no_text" else "invalid_payload", fault)
        if self._quotas[address].take(at):
            return Answer(429, "rate_limited", "rate_limited", headers=(("Retry-After", "1"),))
        return Answer(200, "ok")


def _fault(body: Any) -> str:
    """What is wrong with a message; empty if nothing is."""
    if not isinstance(body, dict) or not (body.get("text") or body.get("blocks") or body.get("attachments")):
        return "no_text"
    blocks = list(slack_card.blocks(body))
    if len(blocks) > 50 or any(not _sound(block) for block in blocks):
        return "invalid_blocks"
    if len(json.dumps(blocks, ensure_ascii=False).encode(errors="replace")) > LARGEST:
        return "msg_blocks_too_long"
    return "msg_too_long" if len(texts(body, "text")) > 40_000 else ""


def _sound(block: Any) -> bool:
    if not isinstance(block, dict):
        return False
    elements = block.get("elements", [])
    match block.get("type"):
        case "header":
            return 0 < len(texts(block, "text", "text")) <= 150
        case "section":
            fields = [texts(each, "text") for each in block.get("fields", [])]
            sound = len(fields) <= 10 and all(0 < len(one) <= 2000 for one in fields)
            length = len(texts(block, "text", "text"))
            return sound and (0 < length <= 3000 or (bool(fields) and not length))
        case "context":
            return 0 < len(elements) <= 10
        case "actions":
            labels = [texts(each, "text", "text") for each in elements]
            urls = [texts(each, "url") for each in elements]
            return 0 < len(elements) <= 25 and all(0 < len(one) <= 75 for one in labels) and max(map(len, urls)) <= 3000
        case "rich_text":
            return bool(elements) and all(texts(each, "type").startswith("rich_text_") for each in elements)
        case other:
            return other == "divider"
