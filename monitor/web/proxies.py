"""What reverse proxies say of a request, believed only from those that are trusted.

A proxy appends to `X-Forwarded-For` the address that it was asked from, to whatever a client wrote there: so it is read
from its end, up to the first address that is no trusted proxy. Of the other headers the last value counts.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from multidict import CIMultiDict, CIMultiDictProxy

from monitor.web.hosts import named

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PREFIX = re.compile(r"(/[\w.~-]+)+", re.ASCII)
_WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+")


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a request was sent, as the browser knows it. What no proxy says is None; `prefix` is the part of the path
    that the proxy took off, without a slash at its end."""

    address: str
    scheme: str | None = None
    host: str | None = None
    prefix: str = ""


def arrival(peer: str, headers: CIMultiDictProxy[str] | CIMultiDict[str], trusted: Sequence[Network]) -> Arrival:
    """The arrival of a request that `peer` passed on."""
    if not _trusts(trusted, _address(peer)):
        return Arrival(peer)
    scheme, host = _last(headers, "X-Forwarded-Proto").lower(), _last(headers, "X-Forwarded-Host")
    prefix = _last(headers, "X-Forwarded-Prefix").rstrip("/")
    return Arrival(
        _client(peer, headers.getall("X-Forwarded-For", []), trusted),
        scheme if scheme in ("http", "https") else None,
        host if named(host) else None,
        prefix if _PREFIX.fullmatch(prefix) and ".." not in prefix else "",
    )


def middleware(trusted: Sequence[Network]) -> Middleware:
    """Has every room see a request as it was sent, and sends redirects to where the browser finds them."""

    @web.middleware
    async def arrived(request: web.Request, handler: Handler) -> web.StreamResponse:
        found = arrival(request.remote or "", request.headers, trusted)
        request = request.clone(
            remote=found.address, scheme=found.scheme or request.scheme, host=found.host or request.host
        )
        try:
            response = await handler(request)
        except web.HTTPRedirection as redirect:
            _lead(redirect, found.prefix)
            raise
        _lead(response, found.prefix)
        return response

    return arrived


def _lead(response: web.StreamResponse, prefix: str) -> None:
    place = response.headers.get("Location", "")
    if prefix and place.startswith("/") and not place.startswith("//"):
        response.headers["Location"] = prefix + place


def _client(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    found = peer
    for part in reversed(",".join(forwarded).split(",")):
        address = _address(part)
        if address is None:
            break
        found = str(address)
        if not _trusts(trusted, address):
            break
    return found


def _trusts(trusted: Sequence[Network], address: Address | None) -> bool:
    return address is not None and any(address in network for network in trusted)


def _address(text: str) -> Address | None:
    text = text.strip()
    if match := _WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def _last(headers: CIMultiDictProxy[str] | CIMultiDict[str], name: str) -> str:
    return ",".join(headers.getall(name, [])).rpartition(",")[2].strip()
