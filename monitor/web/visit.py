"""How a page is visited: in which language, from which address, and whether something may be changed there."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from monitor.web.reader import reader
from monitor.web.words import LANGUAGES, Words, chosen

ASKED = "lang"
"""The parameter that asks for a language, and the cookie that keeps what was asked for."""

_YEAR = 365 * 86400


@dataclass(frozen=True, slots=True)
class Visit:
    """`root` leads from the page to the first one, so that pages also work below a path that a proxy adds. `section`
    is the page's place in the navigation, empty for the first page and what hangs below it. `others` are the same
    address in the other languages."""

    words: Words
    root: str = "./"
    section: str = ""
    others: tuple[tuple[Words, str], ...] = ()
    may_write: bool = True
    name: str = ""
    """Who they are, where that is known."""


def visit_of(request: web.Request) -> Visit:
    """The visit that a request is."""
    words = chosen(
        request.query.get(ASKED, ""), request.cookies.get(ASKED, ""), request.headers.get("Accept-Language", "")
    )
    parts = request.rel_url.raw_path.split("/")[1:]
    return Visit(
        words,
        root="../" * (len(parts) - 1) or "./",
        section="" if parts[0] == "instances" else parts[0],
        others=tuple((one, _asking(request, one)) for one in LANGUAGES.values() if one is not words),
        may_write=reader().acts,
        name=reader().name,
    )


def keep_language(request: web.Request, response: web.StreamResponse) -> None:
    """Has the browser keep the language that was asked for."""
    if (asked := request.query.get(ASKED, "")) in LANGUAGES:
        response.set_cookie(ASKED, asked, max_age=_YEAR, httponly=True, samesite="Lax")


def _asking(request: web.Request, words: Words) -> str:
    return f"?{request.rel_url.update_query({ASKED: words.code}).raw_query_string}"
