"""Who reads a page: in which language, from which address, and whether they may change something."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from monitor.web.words import LANGUAGES, Words, chosen

ASKED = "lang"
"""The parameter that asks for a language, and the cookie that keeps what was asked for."""

NAME = web.RequestKey("name", str)
"""Under which a request says who sends it, where that is known."""

MAY_WRITE = web.RequestKey("may_write", bool)
"""Whether who asks may change something; where nobody said, they may."""

_YEAR = 365 * 86400


@dataclass(frozen=True, slots=True)
class Reader:
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


def reader_of(request: web.Request) -> Reader:
    """The reader behind a request."""
    words = chosen(
        request.query.get(ASKED, ""), request.cookies.get(ASKED, ""), request.headers.get("Accept-Language", "")
    )
    parts = request.rel_url.raw_path.split("/")[1:]
    return Reader(
        words,
        root="../" * (len(parts) - 1) or "./",
        section="" if parts[0] == "instances" else parts[0],
        others=tuple((one, _asking(request, one)) for one in LANGUAGES.values() if one is not words),
        may_write=request.get(MAY_WRITE, True),
        name=request.get(NAME, ""),
    )


def keep_language(request: web.Request, response: web.StreamResponse) -> None:
    """Has the browser keep the language that was asked for."""
    if (asked := request.query.get(ASKED, "")) in LANGUAGES:
        response.set_cookie(ASKED, asked, max_age=_YEAR, httponly=True, samesite="Lax")


def _asking(request: web.Request, words: Words) -> str:
    return f"?{request.rel_url.update_query({ASKED: words.code}).raw_query_string}"
