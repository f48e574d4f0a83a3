"""A message as Slack's blocks beside a coloured bar. Pure.

Rich text is shown letter by letter, so nothing in it needs escaping.
"""

from __future__ import annotations

from typing import Any

from monitor.message import Colour, Entry, Message
from monitor.notifiers.dialect import DOTS, Cut, calls, columns, encoded, fitting, is_address
from monitor.wording import Wording, wording

LIMIT = 12_000
"""Bytes of all blocks: from about 13,000 on Slack refuses them."""
FIELDS = 10
"""Of one section at most."""
_BARS = {Colour.RED: "#c62828", Colour.ORANGE: "#ef6c00", Colour.BLUE: "#1565c0", Colour.GREEN: "#2e7d32"}
_ALL = {"all": "channel", "here": "here"}


def said(message: Message, at: tuple[str, ...]) -> dict[str, Any]:
    """The whole message. Its `text` is what a phone's notification shows."""

    def build(cut: Cut) -> dict[str, Any]:
        attached = {"color": _BARS[message.colour], "blocks": _blocks(message, cut, at)}
        return {**_text(message.title), "attachments": [attached], "unfurl_links": False, "unfurl_media": False}

    return fitting(message, build, lambda body: len(encoded(body)) <= LIMIT)


def news(message: Message, at: tuple[str, ...]) -> dict[str, Any]:
    """One line: the title, and what has changed."""
    line = " - ".join(filter(None, (f"{DOTS[message.colour]} {message.title}", message.delta)))
    section = [*([*_called(at), _run(" ")] if at and calls(message) else []), _run(line)]
    return {**_text(line), "blocks": [_rich(section)]}


def _text(text: str) -> dict[str, Any]:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": escaped, "mrkdwn": False}


def _blocks(message: Message, cut: Cut, at: tuple[str, ...]) -> list[dict[str, Any]]:
    words = wording(message.language)
    blocks = [_rich([_run(cut.text(message.delta), bold=True)])] if message.delta else []
    blocks += [_rich(_entry(message, entry, words, cut)) for entry in message.entries[: cut.told]]
    fields = [_plain(f"{name}\n{value}") for name, value in columns(message, cut)]
    blocks += [{"type": "section", "fields": fields[begin : begin + FIELDS]} for begin in range(0, len(fields), FIELDS)]
    if more := message.more(len(message.entries) - cut.told):
        blocks.append(_rich([_run(more)]))
    if at and calls(message):
        blocks.append(_rich(_called(at)))
    if message.buttons:
        blocks.append(
            {"type": "actions", "elements": [_button(place, *pair) for place, pair in enumerate(_pairs(message))]}
        )
    return [*blocks, {"type": "context", "elements": [_plain(message.footer)]}]


def _pairs(message: Message) -> list[tuple[str, str]]:
    return [(button.text, button.url) for button in message.buttons]


def _button(place: int, text: str, url: str) -> dict[str, Any]:
    label = {"type": "plain_text", "text": text}
    style = {} if place else {"style": "primary"}
    return {"type": "button", "text": label, "url": url, "action_id": f"open-{place}", **style}


def _entry(message: Message, entry: Entry, words: Wording, cut: Cut) -> list[dict[str, Any]]:
    alone = len(message.notification.alerts) == 1
    mark = "" if alone or not entry.mark else f"{DOTS[entry.colour]} {entry.mark}: "
    runs = [*([_run(mark)] if mark else []), _run(cut.text(entry.headline), bold=True)]
    runs += [_run(f"\n{cut.text(detail)}") for detail in (entry.prose if entry.fields else entry.details)]
    if entry.runbook and entry.runbook not in {button.url for button in message.buttons}:
        named = words.named.format(name=words.runbook, value=entry.runbook)
        linked = is_address(entry.runbook) and len(entry.runbook) <= cut.width
        runs += [_run("\n"), _link(words.runbook, entry.runbook)] if linked else [_run(f"\n{cut.text(named)}")]
    return runs


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _rich(section: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": section}]}


def _run(text: str, *, bold: bool = False) -> dict[str, Any]:
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def _link(text: str, url: str) -> dict[str, Any]:
    return {"type": "link", "url": url, "text": text}


def _called(at: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"type": "broadcast", "range": _ALL[one]} if one in _ALL else {"type": "user", "user_id": one} for one in at
    ]
