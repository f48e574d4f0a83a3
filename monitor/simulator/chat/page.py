"""The chat room over HTTP: a page that reads well without scripts, and a stream of messages that makes it live."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from monitor.simulator.chat.words import WORDS, chosen
from monitor.simulator.inbox import Inbox, Message

SHOWN = 200
PING = 15.0
"""Seconds of silence after which the stream says that it is still there."""

_DOTS = {"🔴": "red", "🟠": "orange", "🔵": "blue", "🟢": "green"}
_HERE = Path(__file__).parent
_STATIC = {"chat.css": "text/css", "chat.js": "text/javascript", "icon.svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class ChatRoom:
    """Pages `/chat`, `/chat/events` and their files."""

    def __init__(self, inbox: Inbox, kinds: tuple[str, ...], closing: asyncio.Event) -> None:
        self._inbox = inbox
        self._kinds = kinds
        self._closing = closing
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.filters["dotted"] = _dotted
        self._files = {name: (_HERE / "static" / name).read_bytes() for name in _STATIC}

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.get("/chat", self._page)
        yield web.get("/chat/events", self._events, allow_head=False)
        yield web.get("/chat/{file}", self._file)

    async def _page(self, request: web.Request) -> web.Response:
        kind = request.query.get("robot", "")
        kind = kind if kind in self._kinds else ""
        language = chosen(request.query.get("lang", ""), request.headers.get("Accept-Language", ""))
        messages = self._inbox.seen(robot=kind)
        html = self._templates.get_template("chat.html").render(
            days=[(day, list(group)) for day, group in groupby(messages[-SHOWN:], key=_day)],
            counts={each: len(self._inbox.seen(robot=each)) for each in self._kinds},
            kind=kind,
            kinds=self._kinds,
            language=language,
            last=self._inbox.next_number - 1,
            words=WORDS[language],
        )
        body = html.encode(errors="replace")
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=_HEADERS)

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["file"]
        if name not in self._files:
            raise web.HTTPNotFound
        return web.Response(body=self._files[name], content_type=_STATIC[name], charset="utf-8", headers=_HEADERS)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        kind = request.query.get("robot", "")
        words = WORDS[chosen(request.query.get("lang", ""), request.headers.get("Accept-Language", ""))]
        response = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        with self._inbox.watch() as queue:
            await response.prepare(request)
            for missed in self._inbox.listed(robot=kind, verdict="accepted", after=_after(request)):
                await response.write(self._event(missed, words))
            while not self._closing.is_set():
                message = await self._next(queue)
                if message is None:
                    await response.write(b": still here\n\n")
                elif message.card is not None and kind in ("", message.robot):
                    await response.write(self._event(message, words))
        return response

    async def _next(self, queue: asyncio.Queue[Message]) -> Message | None:
        """The next message; None after a while of silence, or when the room closes."""
        tasks: tuple[asyncio.Task[Any], ...] = (
            asyncio.ensure_future(queue.get()),
            asyncio.ensure_future(self._closing.wait()),
        )
        try:
            await asyncio.wait(tasks, timeout=PING, return_when=asyncio.FIRST_COMPLETED)
            return tasks[0].result() if tasks[0].done() else None
        finally:
            for task in tasks:
                task.cancel()

    def _event(self, message: Message, words: Any) -> bytes:
        html = self._templates.get_template("message.html").render(message=message, words=words)
        data = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
        return f"id: {message.number}\n{data}\n".encode(errors="replace")


def _dotted(html: Markup) -> Markup:
    """Coloured dots as such: not every machine has a font with emoji."""
    for letter, name in _DOTS.items():
        html = html.replace(letter, Markup('<i class="dot dot-{}" title="{}"></i>').format(name, letter))
    return html


def _after(request: web.Request) -> int:
    """The number of the last message the page has: a reconnecting browser says it in a header."""
    last = request.headers.get("Last-Event-ID") or request.query.get("after", "0")
    return int(last) if last.isascii() and last.isdigit() else 0


def _day(message: Message) -> str:
    return message.at.astimezone().strftime("%Y-%m-%d")
