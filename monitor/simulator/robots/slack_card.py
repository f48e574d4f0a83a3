"""Slack messages as people see them: text, blocks, and the coloured bar of an attachment. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from markupsafe import Markup, escape

from monitor.simulator.card import Button, Card
from monitor.simulator.markup import plain, render
from monitor.simulator.robots.coded import texts

_BARS = {"#c62828": "red", "#ef6c00": "orange", "#1565c0": "blue", "#2e7d32": "green", "danger": "red", "good": "green"}


def blocks(body: dict[str, Any]) -> Iterator[Any]:
    """All blocks, those of attachments included."""
    yield from _list(body.get("blocks"))
    for attachment in _list(body.get("attachments")):
        yield from _list(attachment.get("blocks") if isinstance(attachment, dict) else None)


def card(body: Any) -> Card:
    """The text over everything; blocks beside the bar of their attachment."""
    attached = [each for each in _list(body.get("attachments")) if isinstance(each, dict)]
    colour = next((_BARS.get(texts(each, "color"), "grey") for each in attached), "grey")
    listed = list(blocks(body))
    title = unescape(texts(body, "text")) if attached else ""
    html = Markup("").join(_block(block) for block in listed) or plain(unescape(texts(body, "text")))
    return Card(title, colour, html, tuple(button for block in listed for button in _buttons(block)))


def _block(block: dict[str, Any]) -> Markup:
    match block.get("type"):
        case "rich_text":
            runs = (run for section in _list(block.get("elements")) for run in _list(section.get("elements")))
            return Markup("<p>{}</p>").format(Markup("").join(map(_run, runs)))
        case "context":
            small = " ".join(texts(each, "text") for each in _list(block.get("elements")))
            return Markup('<div class="note">{}</div>').format(small)
        case "divider":
            return Markup("<hr>")
        case "section" if _list(block.get("fields")):
            return Card.columns(_text(each) for each in _list(block["fields"]))
        case "section" | "header":
            return _mrkdwn(texts(block, "text", "text"))
        case _:
            return Markup("")


def _run(run: Any) -> Markup:
    match texts(run, "type"):
        case "link":
            return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(run["url"], texts(run, "text"))
        case "user":
            return Markup('<span class="mention">@{}</span>').format(run["user_id"])
        case "broadcast":
            return Markup('<span class="mention">@{}</span>').format(run["range"])
        case _:
            text = escape(texts(run, "text")).replace("\n", Markup("<br>"))
            bold = isinstance(run.get("style"), dict) and run["style"].get("bold")
            return Markup("<strong>{}</strong>").format(text) if bold else text


def _text(each: Any) -> Markup:
    text = texts(each, "text")
    if texts(each, "type") != "plain_text":
        return _mrkdwn(text)
    return escape(text).replace("\n", Markup("<br>"))


def _mrkdwn(text: str) -> Markup:
    """Slack's own dialect, as far as simple messages need it."""
    linked = re.sub(r"<(https?://[^|>]+)\|([^>]+)>", r"[\2](\1)", text)
    return render(re.sub(r"(?<!\w)\*(\S[^*\n]*)\*", r"**\1**", linked))


def _buttons(block: dict[str, Any]) -> Iterator[Button]:
    if block.get("type") == "actions":
        for each in _list(block.get("elements")):
            url = texts(each, "url")
            safe = url if url.startswith(("http://", "https://")) else ""
            yield Button(texts(each, "text", "text"), safe, texts(each, "style") or "default")


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []
