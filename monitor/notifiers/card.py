"""A message as the card of a Feishu or Lark bot (schema 2.0). Pure."""

from __future__ import annotations

from typing import Any

from monitor.message import Button, Message
from monitor.notifiers.dialect import Cut, Dialect, bold, calls, columns, encoded, font, linked
from monitor.notifiers.dialect import fitting as fitted

_ENTITIES = str.maketrans({letter: f"&#{ord(letter)};" for letter in "&<*_~`[]\\"})


def fitting(message: Message, limit: int, at: tuple[str, ...] = (), keyword: str = "") -> dict[str, Any]:
    """The card in at most `limit` bytes: the last entries are counted where they cannot be told.

    It calls those of `at`, and has the `keyword` in it.
    """
    return fitted(message, lambda cut: _card(message, cut, at, keyword), lambda card: len(encoded(card)) <= limit)


def escape(text: str) -> str:
    """`text` as the card's markdown shows it letter by letter: no mention, link or emphasis comes from it."""
    return text.translate(_ENTITIES)


DIALECT = Dialect(
    escape=escape,
    bold=bold,
    paint=font,
    faint=lambda text: font("grey", text),
    link=linked,
    columns=True,
)


def _card(message: Message, cut: Cut, at: tuple[str, ...], keyword: str) -> dict[str, Any]:
    texts = DIALECT.paragraphs(message, cut)
    elements: list[dict[str, Any]] = [{"tag": "markdown", "content": text} for text in texts]
    elements += _pairs(columns(message, cut))
    if at and calls(message):
        elements.append({"tag": "markdown", "content": " ".join(f"<at id={one}></at>" for one in at)})
    if message.buttons:
        elements.append(_row(message.buttons))
    there = any(keyword in text for text in (message.title, message.footer, *texts))
    small = DIALECT.footer(message) if there else f"{DIALECT.footer(message)} {escape(keyword)}"
    footer = {"tag": "markdown", "content": small, "text_size": "notation"}
    header = {"title": {"tag": "plain_text", "content": message.title}, "template": str(message.colour)}
    card = {"schema": "2.0", "header": header, "body": {"elements": [*elements, {"tag": "hr"}, footer]}}
    return {"msg_type": "interactive", "card": card}


def _pairs(fields: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Two fields beside each other, on a phone as well."""
    cells = [
        {
            "tag": "column",
            "width": "weighted",
            "weight": 1,
            "elements": [{"tag": "markdown", "content": f"{font('grey', escape(name))}\n{escape(value)}"}],
        }
        for name, value in fields
    ]
    rows = [cells[begin : begin + 2] for begin in range(0, len(cells), 2)]
    return [{"tag": "column_set", "flex_mode": "none", "columns": row} for row in rows]


def _row(buttons: tuple[Button, ...]) -> dict[str, Any]:
    """The buttons beside each other; the first is the one to press."""
    columns = [
        {
            "tag": "column",
            "width": "auto",
            "elements": [
                {
                    "tag": "button",
                    "type": "default" if place else "primary",
                    "text": {"tag": "plain_text", "content": button.text},
                    "behaviors": [{"type": "open_url", "default_url": button.url}],
                }
            ],
        }
        for place, button in enumerate(buttons)
    ]
    return {"tag": "column_set", "flex_mode": "flow", "columns": columns}
