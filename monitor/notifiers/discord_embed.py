"""A message as Discord's embed. Pure."""

from __future__ import annotations

from typing import Any

from monitor.message import Colour, Message
from monitor.notifiers.dialect import DOTS, Cut, Dialect, bold, columns, fitting, linked

TITLE, DESCRIPTION, TOTAL = 256, 4096, 6000
"""Letters of an embed's parts, and of all together."""
FIELDS, VALUE, WIDTH = 20, 1024, 80
"""Fields of an embed, letters of one value as Discord allows, and as they are cut; 25 fields are allowed."""
BLANK = "\u200b"
_COLOURS = {Colour.RED: 0xC62828, Colour.ORANGE: 0xEF6C00, Colour.BLUE: 0x1565C0, Colour.GREEN: 0x2E7D32}
_ESCAPES = str.maketrans({letter: f"\\{letter}" for letter in "\\*_~`|>#[]()<@:-"})


def embed(message: Message) -> dict[str, Any]:
    """As much of the message as an embed holds."""
    return fitting(message, lambda cut: _embed(message, cut), _fits)


def news(message: Message) -> str:
    """One line: the title, and what has changed."""
    return f"{DOTS[message.colour]} **{escaped(message.title)}** {escaped(message.delta)}".rstrip()


def escaped(text: str) -> str:
    """`text` as the chat's markdown shows it letter by letter."""
    return text.translate(_ESCAPES)


DIALECT = Dialect(
    escape=escaped,
    bold=bold,
    paint=lambda colour, text: f"{DOTS[colour]} {text}",
    faint=lambda text: f"-# {text}",
    link=linked,
    columns=True,
)


def _embed(message: Message, cut: Cut) -> dict[str, Any]:
    """Text, links and footer; or text, fields, the links below them, where a thumb reaches them, and footer."""
    texts, links = DIALECT.paragraphs(message, cut), DIALECT.links(message)
    title, ink = escaped(Cut(0, TITLE // 2).text(message.title)), _COLOURS[message.colour]
    told = columns(message, Cut(cut.told, min(cut.width, WIDTH)))[:FIELDS]
    if not told:
        said = "\n\n".join(filter(None, (*texts, links, DIALECT.footer(message))))
        return {"title": title, "description": said, "color": ink}
    fields = [{"name": escaped(name), "value": escaped(value), "inline": True} for name, value in told]
    if 0 < len(links) <= VALUE:
        fields.append({"name": BLANK, "value": links, "inline": False})
    else:
        texts.append(links)
    said = "\n\n".join(filter(None, texts))
    footer = {"text": message.footer}
    return {"title": title, "description": said, "color": ink, "fields": fields, "footer": footer}


def _fits(embed: dict[str, Any]) -> bool:
    fields = [text for field in embed.get("fields", ()) for text in (field["name"], field["value"])]
    texts = (embed["title"], embed["description"], *fields, embed.get("footer", {}).get("text", ""))
    return _length(embed["description"]) <= DESCRIPTION and sum(map(_length, texts)) <= TOTAL


def _length(text: str) -> int:
    """In letters as Discord counts them."""
    return len(text.encode("utf-16-le", "replace")) // 2
