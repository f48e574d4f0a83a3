"""A message as paragraphs of a chat's markup, cut so that it fits. Pure.

Texts are cut before they are escaped and marked up: a cut is never inside markup, and never inside a character.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from monitor.message import Colour, Entry, Message
from monitor.notification import Reason
from monitor.wording import Wording, wording
from monitor.writing import clean

Body = TypeVar("Body")

DOTS = {Colour.RED: "🔴", Colour.ORANGE: "🟠", Colour.BLUE: "🔵", Colour.GREEN: "🟢"}
"""The colour of a message where the chat has no coloured text."""

_URL_LETTERS = ":/?#@!$&',;=%+"
_FULL = 1000
_NARROW = (300, 100, 40)


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of a message is said: the first `told` entries, every text in at most `width` characters."""

    told: int
    width: int = _FULL

    def text(self, text: str) -> str:
        """`text` in that width."""
        return clean(text, self.width)


def fitting(message: Message, build: Callable[[Cut], Body], fits: Callable[[Body], bool]) -> Body:
    """What `build` makes of as much of the message as `fits`: fewer entries first, then shorter texts."""
    *cuts, last = _cuts(len(message.entries))
    for cut in cuts:
        body = build(cut)
        if fits(body):
            return body
    return build(last)


def _cuts(entries: int) -> Iterator[Cut]:
    for told in range(entries, 0, -1):
        yield Cut(told)
    for width in _NARROW:
        yield Cut(min(entries, 1), width)
    yield Cut(0, _NARROW[-1])


def encoded(body: Any) -> bytes:
    """`body` as it is sent, and as its bytes are counted."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def address(url: str) -> str:
    """`url` without the letters that could end a link."""
    return quote(url, safe=_URL_LETTERS)


def font(ink: str, text: str) -> str:
    """`text` in a colour, as three of the chats write it."""
    return f'<font color="{ink}">{text}</font>'


def bold(text: str) -> str:
    """`text` in bold, as markdown writes it."""
    return f"**{text}**"


def linked(text: str, url: str) -> str:
    """A link, as markdown writes it."""
    return f"[{text}]({address(url)})"


def is_address(text: str) -> bool:
    """Whether `text` may become a link."""
    return text.startswith(("https://", "http://"))


def calls(message: Message) -> bool:
    """Whether the people of `at` are called by name: for what is new or worse, never for what is over or repeated."""
    said = message.notification
    return bool(said.firing) and said.reason not in (Reason.SOME_RESOLVED, Reason.REPEAT, Reason.ACKNOWLEDGED)


def columns(message: Message, cut: Cut) -> list[tuple[str, str]]:
    """The fields of what is told, names and values, not escaped."""
    return [(cut.text(name), cut.text(value)) for entry in message.entries[: cut.told] for name, value in entry.fields]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one chat writes. All but `escape` take text that is escaped already."""

    escape: Callable[[str], str]
    bold: Callable[[str], str]
    paint: Callable[[Colour, str], str]
    faint: Callable[[str], str]
    link: Callable[[str, str], str]
    """Of the escaped text, and the address as it is."""
    newline: str = "\n"
    columns: bool = False
    """Whether the chat shows the fields of an entry in columns, beside its text."""

    def paragraphs(self, message: Message, cut: Cut) -> list[str]:
        """The message without title and buttons: delta, one paragraph for each alert, how many more."""
        words = wording(message.language)
        delta = self.bold(self.escape(cut.text(message.delta))) if message.delta else ""
        entries = (self._entry(message, entry, words, cut) for entry in message.entries[: cut.told])
        more = self.escape(message.more(len(message.entries) - cut.told))
        return [text for text in (delta, *entries, more) if text]

    def footer(self, message: Message) -> str:
        """When it was said, and its id."""
        return self.faint(self.escape(message.footer))

    def links(self, message: Message) -> str:
        """The buttons as links on one line, for chats without buttons."""
        return " | ".join(self.link(self.escape(button.text), button.url) for button in message.buttons)

    def _entry(self, message: Message, entry: Entry, words: Wording, cut: Cut) -> str:
        alone = len(message.notification.alerts) == 1
        mark = "" if alone or not entry.mark else f"{self.paint(entry.colour, self.escape(entry.mark))} "
        lines = [f"{mark}{self.bold(self.escape(cut.text(entry.headline)))}"]
        details = entry.prose if self.columns and entry.fields else entry.details
        lines += [self.escape(cut.text(detail)) for detail in details]
        if entry.runbook and entry.runbook not in {button.url for button in message.buttons}:
            lines.append(self._runbook(entry.runbook, words, cut))
        return self.newline.join(lines)

    def _runbook(self, runbook: str, words: Wording, cut: Cut) -> str:
        if is_address(runbook) and len(runbook) <= cut.width:
            return self.link(self.escape(words.runbook), runbook)
        return self.escape(cut.text(words.named.format(name=words.runbook, value=runbook)))
