"""Whether an address can be reached, step by step, so that what stands in the way is told by its name."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from yarl import URL

from monitor.errors import Unreachable
from monitor.fdi.answers import TimedOut
from monitor.fdi.refusals import printable
from monitor.fdi.wire import proxy_for

NAME, CONNECTION, TLS = "DNS", "TCP", "TLS"
"""The steps on the way, as people call them."""


@dataclass(frozen=True, slots=True)
class Reached:
    """An address that answers: where (`roma.example.com:443`, or the proxy before it), and how long each step took."""

    where: str
    steps: tuple[tuple[str, float], ...]

    def __str__(self) -> str:
        return f"{self.where}: " + ", ".join(f"{step} {seconds * 1000:.0f} ms" for step, seconds in self.steps)


async def reach(url: URL, *, limit: float) -> Reached:
    """Connects to the host of `url`, or to the proxy that the environment names for it, and hangs up.

    Raises Unreachable or TimedOut, within `limit` seconds.
    """
    proxy = proxy_for(url)
    way = _Way(URL(proxy) if proxy else url)
    try:
        async with asyncio.timeout(limit):
            await way.go()
    except TimeoutError as error:
        raise TimedOut(f"{way.where}: no {way.step} within {limit:g} s; {_ADVICE[way.step]}") from error
    except OSError as error:
        raise Unreachable(f"{way.where}: {_fault(error)}; {_ADVICE[way.step]}") from error
    return Reached(f"through the proxy {way.where}" if proxy else way.where, tuple(way.took))


_ADVICE = {
    NAME: "check region and endpoint of the account, and this machine's DNS",
    CONNECTION: "check the endpoint of the account; does a firewall or a missing proxy stand in between?",
    TLS: "is this the right host, does a proxy in between show its own certificate?",
}


class _Way:
    """The way to one address: `step` is the one under way."""

    def __init__(self, url: URL) -> None:
        self._host, self._port, self._secure = url.raw_host or "", url.port or 0, url.scheme == "https"
        self.where = url.host_port_subcomponent or ""
        self.step = NAME
        self.took: list[tuple[str, float]] = []
        self._began = asyncio.get_running_loop().time()

    async def go(self) -> None:
        found = await _addresses(self._host, self._port)
        self._next(CONNECTION)
        writer = await _connected(found)
        try:
            if self._secure:
                self._next(TLS)
                await writer.start_tls(ssl.create_default_context(), server_hostname=self._host)
            self._next("")
        finally:
            # Nothing was said, so there is nothing to wait for: a farewell over TLS may take the peer half a minute.
            writer.transport.abort()

    def _next(self, step: str) -> None:
        time = asyncio.get_running_loop().time()
        self.took.append((self.step, time - self._began))
        self.step, self._began = step, time


async def _addresses(host: str, port: int) -> list[tuple[str, int]]:
    """Where `host` is. An address needs no look-up, which would wait for a thread."""
    with suppress(ValueError):
        return [(str(ip_address(host)), port)]
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(str(address[0]), int(address[1])) for *_, address in found]


async def _connected(addresses: list[tuple[str, int]]) -> asyncio.StreamWriter:
    """A connection to the first address that takes one; the last one's error where none does."""
    for host, port in addresses[:-1]:
        with suppress(OSError):
            return (await asyncio.open_connection(host, port))[1]
    host, port = addresses[-1]
    return (await asyncio.open_connection(host, port))[1]


def _fault(error: OSError) -> str:
    match error:
        case socket.gaierror():
            return f"the name is not known ({printable(error.strerror or str(error))})"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({printable(error.verify_message)})"
        case ssl.SSLError():
            return f"it does not speak TLS as it should ({printable(error.reason or str(error))})"
        case _:
            return f"no connection ({printable(error.strerror or str(error))})"
