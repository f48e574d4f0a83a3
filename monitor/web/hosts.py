"""Which names the service answers to.

On loopback a foreign name means that another site's script asks: DNS rebinding.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_HOST = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[^\s:/@\[\]]+))(?::[0-9]+)?", re.IGNORECASE)


def answered(bound: str, public_url: str = "") -> frozenset[str] | None:
    """The names to answer to when listening on `bound`: None for all of them beyond loopback.

    On loopback these are its own names and that of `public_url`, under which a proxy passes requests on.
    """
    if not _loopback(bound):
        return None
    public = urlsplit(public_url).hostname
    return LOOPBACK | {bound.strip("[]").lower()} | ({public} if public else set())


def named(host: str) -> str:
    """The name in a Host header, lower case, without port and brackets; empty where it is none."""
    match = _HOST.fullmatch(host)
    return (match["six"] or match["name"]).lower() if match else ""


def reachable(bound: str) -> str:
    """The address to open for pages that listen on `bound`."""
    if bound in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{bound}]" if ":" in bound else bound


def _loopback(bound: str) -> bool:
    try:
        return ipaddress.ip_address(bound.strip("[]")).is_loopback
    except ValueError:
        return bound.lower() == "localhost"
