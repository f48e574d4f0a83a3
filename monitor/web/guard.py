"""What holds for every answer: the headers that keep browsers safe, who is let in, plain errors."""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from monitor.access import Reader, Role, Way
from monitor.errors import StoreFailed
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
_FOREIGN = "This was sent by a page of another site. Only our own pages and programs may change something here."
_READING = ("GET", "HEAD", "OPTIONS")
_LOGIN = "Say who you are: with a name and a password in a browser, with a token in a program."
_UNKNOWN = "The name and password, or the token, are not known here."
_WORDS = {
    404: "There is nothing at this address.",
    405: "This address cannot be used in that way.",
    421: "This service does not answer to that name. Open it as localhost, or name it in FDI_MONITOR_PUBLIC_URL.",
    500: "Something went wrong here. The log of the service says what.",
    503: "The store does not answer. Try again in a moment.",
}

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
    """Turns whatever went wrong into a small plain page that tells nothing of the inside."""
    try:
        return await handler(request)
    except web.HTTPError as error:
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _page(error.status, headers)
    except web.HTTPRedirection:
        raise
    except StoreFailed as error:
        _log.warning("page not served", path=request.path, reason=str(error))
        return _page(503, {"Retry-After": "5"})
    except Exception:  # noqa: BLE001 - whatever it is, it is a bug, and its text stays in the log
        _log.exception("page not served", path=request.path)
        return _page(500)


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
        return _stranger(door, _UNKNOWN if stranger.tried else _LOGIN)
    except Slower as slower:
        words = f"Too many wrong passwords or tokens from your address, or for this name. Try again in {slower.wait} s."
        return _page(429, {"Retry-After": str(slower.wait)}, words=words)
    if not reader.role.covers(role):
        return _page(403, words=f"The {reader.way} {reader.name} is a {reader.role}, and this needs the role {role}.")
    enters(reader)
    return await handler(request)


def _stranger(door: Door, words: str) -> web.Response:
    answer = _page(401, words=words)
    for challenge in door.challenges:
        answer.headers.add("WWW-Authenticate", challenge)
    return answer


@web.middleware
async def own_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses what would change something if a page of another site sent it. Programs that are no browsers send neither
    header."""
    if request.method not in _READING and not _is_own(request):
        return _page(403, words=_FOREIGN)
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


def _page(status: int, headers: dict[str, str] | None = None, *, words: str = "") -> web.Response:
    words = words or _WORDS.get(status, "This request cannot be answered.")
    return web.Response(status=status, headers=headers, text=f"{status}: {words}\n")
