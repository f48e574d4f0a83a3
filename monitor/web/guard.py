"""What holds for every answer: the headers that keep browsers safe, who is let in, plain errors."""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from monitor.access import Reader, Role, Way
from monitor.errors import StoreFailed
from monitor.web import trouble
from monitor.web.door import Door, Slower, Stranger
from monitor.web.hosts import named
from monitor.web.pages import FORM
from monitor.web.reader import enters
from monitor.web.roles import needed
from monitor.web.site import SITE

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "fdi-monitor",
}
_OF_PAGES = _POLICY.replace("form-action 'none'", "form-action 'self'")
_READING = ("GET", "HEAD", "OPTIONS")
_log = structlog.get_logger()


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """Adds the headers, also to streams and errors, right before the first byte leaves."""
    response.headers.update(_ALWAYS)
    form = response.get(FORM)
    if form is not None:
        response.headers["Content-Security-Policy"] = _OF_PAGES
    if form:
        # without a referrer a browser does not say either that the form was ours
        response.headers["Referrer-Policy"] = "same-origin"
    own_file = request.path.startswith("/static/")
    response.headers.setdefault("Cache-Control", "no-cache" if own_file else "no-store")


@web.middleware
async def plain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns whatever went wrong into a line that tells nothing of the inside."""
    try:
        return await handler(request)
    except web.HTTPError as error:
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return trouble.answer(error.status, headers=headers)
    except web.HTTPRedirection:
        raise
    except StoreFailed as error:
        _log.warning("page not served", path=request.path, reason=str(error))
        return trouble.answer(503, headers={"Retry-After": "5"})
    except Exception:  # noqa: BLE001 - whatever it is, it is a bug, and its text stays in the log
        _log.exception("page not served", path=request.path)
        return trouble.answer(500)


@web.middleware
async def own_names(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses a request that was sent to a name which is not ours, or of which a proxy says so."""
    hosts = request.app[SITE].hosts
    if hosts is not None and not {named(request.headers.get("Host", "")), named(request.host)} <= hosts:
        raise web.HTTPMisdirectedRequest
    return await handler(request)


@web.middleware
async def known_readers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets in whoever may do what is asked for. What is for everybody asks nobody who they are."""
    role, door, address = needed(request), request.app[SITE].door, request.remote or ""
    if role is None:
        enters(Reader(Way.OPEN, Role.VIEWER, address=address))
        return await handler(request)
    try:
        reader = await door.admit(request.headers.get("Authorization", ""), address)
    except Stranger as stranger:
        return _stranger(door, "unknown" if stranger.tried else "401")
    except Slower as slower:
        return trouble.answer(429, headers={"Retry-After": str(slower.wait)}, wait=slower.wait)
    if not reader.role.covers(role):
        return trouble.answer(403, "role", way=reader.way, name=reader.name, role=reader.role, needed=role)
    enters(reader)
    return await handler(request)


def _stranger(door: Door, what: str) -> web.Response:
    answer = trouble.answer(401, what)
    for challenge in door.challenges:
        answer.headers.add("WWW-Authenticate", challenge)
    return answer


@web.middleware
async def own_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses what would change something if a page of another site sent it. Programs that are no browsers send neither
    header."""
    if request.method not in _READING and not _is_own(request):
        return trouble.answer(403, "foreign")
    return await handler(request)


def _is_own(request: web.Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    # a proxy may pass on a name of its own, or leave the port out
    own = (request.headers.get("Host", ""), request.host, urlsplit(request.app[SITE].public_url).netloc)
    return urlsplit(origin).netloc.lower() in [name.lower() for name in own if name]
