"""A message in DingTalk's markdown and as its action card. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from monitor.message import Colour, Message
from monitor.notifiers.dialect import Cut, Dialect, bold, calls, encoded, fitting, font, linked

Wrap = Callable[[dict[str, Any]], dict[str, Any]]
LIMIT = 19_000
"""Bytes of the whole body; DingTalk counts 20,000, and how it counts is not documented."""

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", **{letter: f"\\{letter}" for letter in "\\`*_~"}})
_INKS = {Colour.RED: "#d93026", Colour.ORANGE: "#e37400", Colour.BLUE: "#1a73e8", Colour.GREEN: "#188038"}


def escape(text: str) -> str:
    """`text` as markdown shows it letter by letter. As few escapes as will do: they stay readable where they show."""
    escaped = text.translate(_ESCAPES).replace("](", "]\\(")
    return f"\\{escaped}" if escaped.startswith(("#", "-", "+")) else escaped


DIALECT = Dialect(
    escape=escape,
    bold=bold,
    paint=lambda colour, text: font(_INKS[colour], text),
    faint=lambda text: font("#8f959e", text),
    link=linked,
    newline="  \n",
)


def markdown(message: Message, *, at: tuple[str, ...], keyword: str, wrap: Wrap) -> dict[str, Any]:
    """Markdown with links; it calls those of `at` when there is something new. `wrap` makes it what is sent."""
    called = at if calls(message) else ()

    def build(cut: Cut) -> dict[str, Any]:
        after = [DIALECT.links(message), " ".join(f"@{one}" for one in called if one != "all")]
        body = {
            "msgtype": "markdown",
            "markdown": {"title": cut.text(message.title), "text": _text(message, cut, keyword, after)},
        }
        return wrap({**body, "at": _at(called)} if called else body)

    return fitting(message, build, lambda body: len(encoded(body)) <= LIMIT)


def card(message: Message, *, at: tuple[str, ...], keyword: str, wrap: Wrap) -> dict[str, Any]:  # noqa: ARG001 - as `markdown`
    """An action card; without any button it is markdown, for a card must have one."""
    if not message.buttons:
        return markdown(message, at=(), keyword=keyword, wrap=wrap)
    buttons = [{"title": button.text, "actionURL": button.url} for button in message.buttons]

    def build(cut: Cut) -> dict[str, Any]:
        inner = {
            "title": cut.text(message.title),
            "text": _text(message, cut, keyword, []),
            "btnOrientation": "1",
            "btns": buttons,
        }
        return wrap({"msgtype": "actionCard", "actionCard": inner})

    return fitting(message, build, lambda body: len(encoded(body)) <= LIMIT)


def _text(message: Message, cut: Cut, keyword: str, after: list[str]) -> str:
    title = f"#### {font(_INKS[message.colour], escape(cut.text(message.title)))}"
    texts = [title, *DIALECT.paragraphs(message, cut), *filter(None, after), DIALECT.footer(message)]
    text = "\n\n".join(texts)
    return text if not keyword or keyword in text else f"{text}\n\n{DIALECT.faint(escape(keyword))}"


def _at(called: tuple[str, ...]) -> dict[str, Any]:
    mobiles = [one for one in called if one.lstrip("+").replace("-", "").isdigit()]
    users = [one for one in called if one not in mobiles and one != "all"]
    return {"atMobiles": mobiles, "atUserIds": users, "isAtAll": "all" in called}
