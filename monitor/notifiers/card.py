"""A message as the card of a Feishu or Lark bot (schema 2.0). Pure."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from monitor.message import Entry, Message
from monitor.wording import Wording, wording

_ENTITIES = str.maketrans({letter: f"&#{ord(letter)};" for letter in "&<*_~`[]\\"})
_URL_LETTERS = ":/?#@!$&',;=%+"


def fitting(message: Message, limit: int) -> dict[str, Any]:
    """The card in at most `limit` bytes: the last entries are counted where they cannot be told."""
    for told in range(len(message.entries), 0, -1):
        card = _card(message, told)
        if len(encoded(card)) <= limit:
            return card
    return _card(message, 0)


def encoded(body: dict[str, Any]) -> bytes:
    """`body` as it is sent, and as its bytes are counted."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def escape(text: str) -> str:
    """`text` as the card's markdown shows it letter by letter: no mention, link or emphasis comes from it."""
    return text.translate(_ENTITIES)


def _card(message: Message, told: int) -> dict[str, Any]:
    words = wording(message.language)
    texts = [f"**{escape(message.delta)}**" if message.delta else ""]
    texts += [_entry(message, entry, words) for entry in message.entries[:told]]
    texts += [escape(message.more(len(message.entries) - told)), _link(words, words.details, message.link)]
    elements: list[dict[str, Any]] = [{"tag": "markdown", "content": text} for text in texts if text]
    footer = {
        "tag": "markdown",
        "content": f"<font color='grey'>{escape(message.footer)}</font>",
        "text_size": "notation",
    }
    header = {"title": {"tag": "plain_text", "content": message.title}, "template": str(message.colour)}
    card = {"schema": "2.0", "header": header, "body": {"elements": [*elements, {"tag": "hr"}, footer]}}
    return {"msg_type": "interactive", "card": card}


def _entry(message: Message, entry: Entry, words: Wording) -> str:
    alone = len(message.notification.alerts) == 1
    mark = "" if alone or not entry.mark else f"<font color='{entry.colour}'>{escape(entry.mark)}</font> "
    lines = [
        f"{mark}**{escape(entry.headline)}**",
        *map(escape, entry.details),
        _link(words, words.runbook, entry.runbook),
    ]
    return "\n".join(line for line in lines if line)


def _link(words: Wording, text: str, address: str) -> str:
    if not address.startswith(("https://", "http://")):
        return escape(words.named.format(name=text, value=address)) if address else ""
    return f"[{text}]({quote(address, safe=_URL_LETTERS)})"
