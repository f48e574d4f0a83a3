"""What went wrong, in words: a line for programs, a page of the house for whoever reads with a browser.

Which of the two it is, is decided last of all, when it is known who asked: a room and the guards only say what is
wrong. Our own API says it in its own way (`problems`), Alertmanager's rooms in theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from monitor.access import Role, Way
from monitor.web import pages
from monitor.web.visit import visit_of
from monitor.web.words import ENGLISH, Words

KEPT = ("Allow", "Retry-After", "WWW-Authenticate")
"""Headers that belong to what went wrong, in whatever way it is told."""

_FOR_PROGRAMS = ("/api/", "/-/", "/static/", "/metrics", "/healthz", "/readyz")
_NAMELESS = 421
"""Sent to a name that is not ours: whoever owns that name could read what a page shows."""
_LISTS = ("alerts", "deliveries", "silences")
_AGAIN = (429, 500, 503)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong: which of the words under `trouble.`, and what fills it in; a role or a way in is said in the
    reader's words."""

    what: str
    values: Mapping[str, object] = field(default_factory=dict)

    def said(self, words: Words) -> str:
        """The sentence, in a language."""
        return words(f"trouble.{self.what}", **{name: _word(value, words) for name, value in self.values.items()})


TROUBLE = web.ResponseKey("trouble", Trouble)


def answer(
    status: int, what: str = "", /, *, headers: Mapping[str, str] | None = None, **values: object
) -> web.Response:
    """The line that says so; where nothing else is said, what there is to be said of the status."""
    usual = str(status) if f"trouble.{status}" in ENGLISH.texts else "other"
    trouble = Trouble(what or usual, values)
    response = web.Response(status=status, headers=headers, text=f"{status}: {trouble.said(ENGLISH)}\n")
    response[TROUBLE] = trouble
    return response


@web.middleware
async def as_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Makes a page of what went wrong, for a browser that asked for one."""
    found = await handler(request)
    trouble = found.get(TROUBLE)
    if trouble is None or found.status == _NAMELESS or not _by_a_person(request):
        return found
    visit, status = visit_of(request), found.status
    kind = _missing(request, status)
    hint = f"trouble.do.{kind or status}"
    page = await pages.answer(
        request,
        "trouble.html",
        status=status,
        code=status,
        said=visit.words(f"trouble.missing.{kind}") if kind else trouble.said(visit.words),
        hint=hint if hint in ENGLISH.texts else "",
        list=kind if kind in _LISTS else "",
        again=status in _AGAIN and request.method == hdrs.METH_GET,
    )
    for name in KEPT:
        for value in found.headers.getall(name, []):
            page.headers.add(name, value)
    return page


def _word(value: object, words: Words) -> object:
    if isinstance(value, Way):
        return words(f"trouble.who.{value}")
    return words(f"trouble.role.{value}") if isinstance(value, Role) else value


def _missing(request: web.Request, status: int) -> str:
    """Of which of our lists the one is that was asked for and is not there; empty for anything else."""
    room, _, one = request.path.strip("/").partition("/")
    return room if status == 404 and one and room in (*_LISTS, "instances") else ""


def _by_a_person(request: web.Request) -> bool:
    return "text/html" in request.headers.get(hdrs.ACCEPT, "") and not request.path.startswith(_FOR_PROGRAMS)
