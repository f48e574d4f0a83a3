"""Discord webhooks: an embed within its limits, five requests in two seconds, edits by PATCH.

Source: Discord's reference of webhooks, embeds and rate limits.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from markupsafe import Markup

from monitor.simulator.card import Card
from monitor.simulator.markup import render
from monitor.simulator.quota import Limit, Quota
from monitor.simulator.robots import Answer, Arrival
from monitor.simulator.robots.coded import known, texts

_COLOURS = {0xC62828: "red", 0xEF6C00: "orange", 0x1565C0: "blue", 0x2E7D32: "green"}
_REFUSALS = {
    "10008": (404, "Unknown Message"),
    "10015": (404, "Unknown Webhook"),
    "50006": (400, "Cannot send an empty message"),
    "50027": (401, "Invalid Webhook Token"),
    "50035": (400, "Invalid Form Body"),
}


class DiscordHooks:
    """All webhooks; the id is the address."""

    kind = "discord"
    routes: tuple[str, ...] = (
        "/api/webhooks/{address}/{token}",
        "PATCH /api/webhooks/{address}/{token}/messages/{message}",
    )

    def __init__(self) -> None:
        self._said: set[tuple[str, str]] = set()
        self._tokens: dict[str, str] = {}
        self._quotas: dict[str, Quota] = defaultdict(lambda: Quota(Limit(5, 2), Limit(30, 60)))

    def protect(self, address: str, secret: str) -> None:
        """The webhook has this token."""
        self._tokens[address] = secret

    def refusal(self, code: str) -> Answer:
        if code == "429":
            limited = {"message": "You are being rate limited.", "retry_after": 1.5, "global": False}
            return Answer(429, limited, "rate limited")
        status, text = known(self.kind, _REFUSALS, code)
        return Answer(status, {"code": int(code), "message": text}, f"{code} {text}")

    def judge(self, arrival: Arrival) -> Answer:
        """Token, shape, limits; an edit needs the message."""
        body, parts, address = arrival.json(), arrival.parts, arrival.address
        if self._tokens.get(address, parts["token"]) != parts["token"]:
            return self.refusal("50027")
        if not isinstance(body, dict) or not (body.get("content") or body.get("embeds")):
            return self.refusal("50006")
        if not _fits(body):
            return self.refusal("50035")
        if self._quotas[address].take(arrival.at.timestamp()):
            return self.refusal("429")
        number = parts.get("message", str(1_000 + len(self._said)))
        if arrival.method == "PATCH" and (address, number) not in self._said:
            return self.refusal("10008")
        self._said.add((address, number))
        if arrival.method == "PATCH" or arrival.query.get("wait") == "true":
            return Answer(200, {"id": number, "channel_id": "1"}, ref=number)
        return Answer(204, "", ref=number)

    def card(self, body: Any) -> Card:
        """The embed as it stands, or the line alone."""
        embeds = body.get("embeds") or []
        mentioned = _literal(texts(body, "content")).replace("<@", "@").replace("@everyone", "<at id=all></at>")
        if not embeds:
            return Card("", "grey", render(mentioned, backslash=True))
        embed = embeds[0]
        title = _shown(texts(embed, "title")).striptags()
        small = texts(embed, "description").replace("\n-# ", "\n")
        parts = [_shown(small), _fields(embed), render(mentioned, backslash=True)]
        if footer := texts(embed, "footer", "text"):
            parts.append(Markup('<div class="note">{}</div>').format(footer))
        return Card(str(title), _COLOURS.get(embed.get("color"), "grey"), Markup("").join(parts))


def _fields(embed: dict[str, Any]) -> Markup:
    """Those that stand beside each other, then the others below."""
    beside: list[Markup] = []
    below: list[Markup] = []
    for one in embed.get("fields") or []:
        name = texts(one, "name").strip("\u200b")
        shown = _shown(f"**{name}**\n{texts(one, 'value')}" if name else texts(one, "value"))
        (beside if one.get("inline") else below).append(shown)
    return (Card.columns(beside) if beside else Markup("")) + Markup("").join(below)


def _shown(text: str) -> Markup:
    return render(_literal(text), backslash=True)


def _literal(text: str) -> str:
    """Discord knows no entities."""
    return text.replace("&", "&#38;")


def _fits(body: dict[str, Any]) -> bool:
    embeds = body.get("embeds") or []
    if len(texts(body, "content")) > 2000 or len(embeds) > 10 or not all(isinstance(one, dict) for one in embeds):
        return False
    sizes = [(len(texts(one, "title")), len(texts(one, "description"))) for one in embeds]
    fields = [each for one in embeds for each in one.get("fields") or []]
    named = [(len(texts(each, "name")), len(texts(each, "value"))) for each in fields]
    small = all(0 < name <= 256 and 0 < value <= 1024 for name, value in named) and len(fields) <= 25
    fits = all(title <= 256 and text <= 4096 for title, text in sizes) and small
    return fits and sum(map(sum, [*sizes, *named])) + sum(len(texts(one, "footer", "text")) for one in embeds) <= 6000
