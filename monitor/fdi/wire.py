"""One request over HTTP: what came back whole, or a sorted error. Foreign exceptions end here.

Redirects are not followed, bodies are bounded, and nothing of the request is repeated in an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from monitor import __version__
from monitor.errors import DoorError, Unreachable
from monitor.fdi.answers import Answer, Garbage, Lost, TimedOut
from monitor.fdi.refusals import printable

MAX_BODY = 1 << 20
"""Bytes, after decompression: a statistics answer has 300, a full page of tasks some 500 kB."""

MAX_ERROR_BODY = 1 << 16
ERROR_PATIENCE = 0.5
"""Bytes and seconds: what is read of an error's body."""

MAX_HEADER = 131_072
"""Bytes of one header: IAM tokens are documented up to 102,400; aiohttp's own limit of 8,190 breaks on them."""


_still: ContextVar[Callable[[], bool] | None] = ContextVar("still", default=None)


class _Request(aiohttp.ClientRequest):
    """Asks once more whether it may leave, now that it has a connection: that may have taken long, or the process stood
    still meanwhile."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        still = _still.get()
        if still is not None and not still():
            raise aiohttp.ServerDisconnectedError("its turn was over before the connection was there")
        return await super().send(conn)


def make_session(*, trust_env: bool = False, trace: aiohttp.TraceConfig | None = None) -> aiohttp.ClientSession:
    """A session for the doors; made inside the running loop and closed by whoever made it.

    No cookies, no time-outs of its own (each caller bounds its calls), no limit on connections (the callers' workers
    are bounded). `trust_env` makes aiohttp look up proxies and ~/.netrc at every request, in two threads: for few
    requests to many hosts. A `Cloud` does not need it, see `Wire`. `trace` is told of every request.
    """
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        request_class=_Request,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"fdi-monitor/{__version__}"},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=30),
        max_field_size=MAX_HEADER,
        max_line_size=MAX_HEADER,
        trust_env=trust_env,
        trace_configs=[trace] if trace else None,
    )
    # By itself aiohttp sends a GET again over a new connection when a kept one is closed, and no quota counts that.
    session._retry_connection = False  # noqa: SLF001 - there is no public way
    return session


def proxy_for(url: URL) -> str | None:
    """The proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name for `url`, None for a direct connection."""
    if not url.raw_host or proxy_bypass(url.raw_host):
        return None
    proxy = getproxies().get(url.scheme)
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


class Wire:
    """Sends requests through one session, through the proxy that the environment names for their host."""

    def __init__(self, session: aiohttp.ClientSession, *, proxied: bool = True) -> None:
        self._session = session
        self._proxied = proxied
        self._proxies: dict[str, str | None] = {}

    def direct(self) -> Wire:
        """The same without any proxy, for what only this machine can reach."""
        return Wire(self._session, proxied=False)

    async def exchange(
        self,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        still: Callable[[], bool] | None = None,
    ) -> Answer:
        """The answer to one request, of any status. The caller bounds the time. `still` is asked right before the
        request leaves: whether it may.

        Raises Unreachable, TimedOut (only for the connection) or Garbage; Lost if it may not leave any more.
        """
        proxy = self._proxy(url)
        _still.set(still)
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False, proxy=proxy
            ) as response:
                try:
                    return Answer(response.status, response.headers, await _body(response))
                except (aiohttp.ClientError, OSError) as error:
                    broken = _translated(error, url)
                    broken.request_id = Answer(response.status, response.headers, b"").request_id
                    raise broken from error
        except (aiohttp.ClientError, OSError) as error:
            raise _translated(error, url) from error

    def _proxy(self, url: URL) -> str | None:
        origin = url.raw_authority
        if origin not in self._proxies:
            self._proxies[origin] = proxy_for(url) if self._proxied else None
        return self._proxies[origin]


def _translated(error: aiohttp.ClientError | OSError, url: URL) -> DoorError:
    """A foreign error in our words. The order counts: the earlier are kinds of the later."""
    where, said = url.host_port_subcomponent, printable(str(error) or type(error).__name__)
    match error:
        case TimeoutError():
            return TimedOut(f"no connection to {where} in time")
        case aiohttp.ClientSSLError():
            return Unreachable(f"no trusted connection to {where}: {said}")
        case aiohttp.ClientConnectorError() if error.strerror:
            return Unreachable(f"cannot reach {where}: {printable(error.strerror)}")
        case aiohttp.ClientConnectorError():
            return Unreachable(f"cannot reach {where}: {said}")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return Lost(f"cannot reach {where}: {said}")
        case aiohttp.ClientHttpProxyError():
            return Unreachable(f"the proxy does not let us through to {where}: it answers {error.status}")
        case aiohttp.ClientResponseError():
            return Garbage(f"{where} does not speak HTTP as it should: {_gist(error.message)}")
        case aiohttp.ClientPayloadError():
            return Garbage(f"the answer of {where} broke off: {_gist(str(error))}")
        case _:
            return Unreachable(f"cannot reach {where}: {said}")


def _gist(text: str) -> str:
    """What aiohttp says of a bad answer without the bytes it quotes: an echoing server sends our own token back."""
    return printable(text.partition(":")[0])


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The body up to MAX_BODY. Read by pieces: aiohttp's own read() would unpack a bomb in one go."""
    if response.status >= 300:
        return await _error_body(response)
    body = await response.content.readany()
    return body if response.content.at_eof() else await _long_body(response, body)


async def _long_body(response: aiohttp.ClientResponse, start: bytes) -> bytes:
    pieces, size = [start], len(start)
    while piece := await response.content.readany():
        pieces.append(piece)
        size += len(piece)
        if size > MAX_BODY:
            response.close()
            answer = Answer(response.status, response.headers, b"")
            raise Garbage(f"the answer is larger than {MAX_BODY} bytes", request_id=answer.request_id)
    return b"".join(pieces)


async def _error_body(response: aiohttp.ClientResponse) -> bytes:
    """As much of an error's body as comes soon and whole or not: the status alone says whether to try again."""
    pieces, size = [], 0
    with suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(ERROR_PATIENCE):
            while size < MAX_ERROR_BODY and (piece := await response.content.readany()):
                pieces.append(piece)
                size += len(piece)
    if not response.content.at_eof():
        response.close()
    return b"".join(pieces)[:MAX_ERROR_BODY]
