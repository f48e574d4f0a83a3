"""A message in Telegram's HTML. Pure."""

from __future__ import annotations

from html import escape

from monitor.message import Message
from monitor.notifiers.dialect import DOTS, Cut, Dialect, calls, fitting

LIMIT = 4096
"""Letters as UTF-16 counts them; Telegram counts them without the tags."""

DIALECT = Dialect(
    escape=lambda text: escape(text, quote=False),
    bold=lambda text: f"<b>{text}</b>",
    paint=lambda colour, text: f"{DOTS[colour]} {text}",
    faint=lambda text: f"<i>{text}</i>",
    link=lambda text, url: f'<a href="{escape(url)}">{text}</a>',
)


def news(message: Message) -> str:
    """The title, and what has changed."""
    return "\n".join(filter(None, (_title(message, message.title), DIALECT.escape(message.delta))))


def _title(message: Message, title: str) -> str:
    return f"{DOTS[message.colour]} {DIALECT.bold(DIALECT.escape(title))}"


def html(message: Message, at: tuple[str, ...]) -> str:
    """The whole message; it calls those of `at` when there is something new."""
    called = " ".join(f"@{one.lstrip('@')}" for one in at) if calls(message) else ""

    def build(cut: Cut) -> str:
        links = DIALECT.links(message) if len(DIALECT.links(message)) < LIMIT // 4 else ""
        texts = (_title(message, cut.text(message.title)), *DIALECT.paragraphs(message, cut), called, links)
        return "\n\n".join(filter(None, (*texts, DIALECT.footer(message))))

    return fitting(message, build, lambda text: len(text.encode("utf-16-le", "replace")) // 2 <= LIMIT)
