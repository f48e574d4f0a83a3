"""Telegram's bot API: sendMessage and editMessageText, HTML that is parsed, 20 messages a minute in a group.

Source: Telegram's Bot API. Independent of the notifier of this project on purpose: it judges it.
"""

from __future__ import annotations

from collections import defaultdict
from html.parser import HTMLParser
from typing import Any

from markupsafe import Markup, escape

from monitor.simulator.card import Card
from monitor.simulator.quota import Limit, Quota
from monitor.simulator.robots import Answer, Arrival
from monitor.simulator.robots.coded import Unsigned, known, texts

LARGEST = 4096
_TAGS = {"b": "strong", "strong": "strong", "i": "em", "em": "em", "code": "code", "s": "s", "u": "span", "pre": "pre"}
_DOTS = {"🔴": "red", "🟠": "orange", "🔵": "blue", "🟢": "green"}
_REFUSALS = {
    "401": "Unauthorized",
    "403": "Forbidden: bot was kicked from the group chat",
    "404": "Not Found",
    "429": "Too Many Requests: retry after 17",
    "chat": "Bad Request: chat not found",
    "empty": "Bad Request: message text is empty",
    "gone": "Bad Request: message to edit not found",
    "long": "Bad Request: message is too long",
    "same": "Bad Request: message is not modified",
    "tags": "Bad Request: can't parse entities",
    "500": "Internal Server Error",
}


class TelegramBots(Unsigned):
    """All bots; the token is the address."""

    kind = "telegram"
    routes: tuple[str, ...] = ("/bot{address}/sendMessage", "/bot{address}/editMessageText")

    def __init__(self) -> None:
        self._said: dict[tuple[str, int], str] = {}
        self._quotas: dict[str, Quota] = defaultdict(lambda: Quota(Limit(20, 60)))

    def refusal(self, code: str) -> Answer:
        text = known(self.kind, _REFUSALS, code)
        status = int(code) if code.isdigit() else 400
        more = {"parameters": {"retry_after": 17}} if status == 429 else {}
        return Answer(status, {"ok": False, "error_code": status, "description": text, **more}, text)

    def judge(self, arrival: Arrival) -> Answer:
        """Chat, text, tags, limits; an edit needs the message, and something to change."""
        body = arrival.json()
        chat, text = texts(body, "chat_id"), texts(body, "text")
        if not chat:
            return self.refusal("chat")
        html = Reader.read(text)
        if html is None:
            return self.refusal("tags")
        plain = html.striptags()
        if not plain:
            return self.refusal("empty")
        if len(plain.encode("utf-16-le", "replace")) // 2 > LARGEST:
            return self.refusal("long")
        if arrival.path.endswith("editMessageText"):
            return self._edit(chat, body.get("message_id"), text)
        if self._quotas[chat].take(arrival.at.timestamp()):
            return self.refusal("429")
        number = len(self._said) + 1
        self._said[chat, number] = text
        return self._taken(chat, number, text)

    def card(self, body: Any) -> Card:
        first, _, rest = texts(body, "text").partition("\n")
        dot = _DOTS.get(first[:1], "grey")
        title = Reader.read(first)
        html = Reader.read(rest.strip("\n"))
        if title is None or html is None or not html:
            return Card("", "grey", Reader.read(texts(body, "text")) or Markup(""))
        return Card(title.striptags().lstrip("".join(_DOTS)).strip(), dot, html)

    def _edit(self, chat: str, number: Any, text: str) -> Answer:
        if not isinstance(number, int) or (chat, number) not in self._said:
            return self.refusal("gone")
        if self._said[chat, number] == text:
            return self.refusal("same")
        self._said[chat, number] = text
        return self._taken(chat, number, text)

    def _taken(self, chat: str, number: int, text: str) -> Answer:
        result = {"message_id": number, "chat": {"id": chat}, "text": text}
        return Answer(200, {"ok": True, "result": result}, ref=f"{chat}/{number}")


class Reader(HTMLParser):
    """Telegram's HTML to ours: the few tags there are, properly nested."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[Markup] = []
        self._open: list[str] = []
        self._sound = True

    @classmethod
    def read(cls, text: str) -> Markup | None:
        """The text with its paragraphs; None if its tags are not Telegram's, or not closed."""
        reader = cls()
        reader.feed(text)
        reader.close()
        if not reader._sound or reader._open:
            return None
        html = Markup("").join(reader._out).replace(Markup("\n\n"), Markup("</p><p>"))
        return Markup("<p>") + html.replace(Markup("\n"), Markup("<br>")) + Markup("</p>") if html else html

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opens one of the known tags."""
        self._open.append(tag)
        if tag == "a":
            url = dict(attrs).get("href") or ""
            self._sound &= bool(url)
            self._out.append(Markup('<a href="{}" rel="noopener noreferrer">').format(url))
        elif tag in _TAGS:
            self._out.append(Markup(f"<{_TAGS[tag]}>"))  # noqa: S704 - from the table
        else:
            self._sound = False

    def handle_endtag(self, tag: str) -> None:
        """Closes what was opened last."""
        if not self._open or self._open.pop() != tag:
            self._sound = False
        else:
            self._out.append(Markup(f"</{'a' if tag == 'a' else _TAGS.get(tag, 'span')}>"))  # noqa: S704 - likewise

    def handle_data(self, data: str) -> None:
        self._out.append(escape(data))
