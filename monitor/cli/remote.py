"""How a command asks the running service, over its API.

@remote
async def status(service: Service, as_json: bool) -> int:
    found = await service.get("/api/v2/status")
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import click
from rich.console import Console
from rich.table import Table

from monitor import clock
from monitor.cli import PROGRAM
from monitor.cli.start import aio, begin
from monitor.errors import Refused, Unreachable, UsageError
from monitor.fdi.wire import make_session
from monitor.settings import Settings
from monitor.web.hosts import reachable
from monitor.writing import moment

PATIENCE = 15.0
"""Seconds that an answer may take."""
WIDE = 400
_MEND = "Make room on its disk or bring its database back, and do not restart it"
_LONGEST_REASON = 500


class Service:
    """The API of a running service."""

    def __init__(self, address: str, token: str, session: aiohttp.ClientSession) -> None:
        self.address = address
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session = session

    async def get(self, path: str, **query: str) -> Any:
        """The answer to a question.

        Raises:
            Unreachable: nothing answers.
            Refused: the service does not do it; the text is its own.
            UsageError: it lets nobody in by this token, or is not to be trusted; the text says what to set.
        """
        return await self._ask("GET", path, params=query)

    async def all(self, path: str, key: str, **query: str) -> list[Any]:
        """The entries of a list under `key`, over all its pages; raises as `get` does."""
        page = await self.get(path, **query)
        found = list(page[key])
        while page["next"]:
            page = await self.get(path, **query, cursor=page["next"])
            found += page[key]
        return found

    async def stands(self) -> Any:
        """How it stands itself; on standard error, where it could not write down all that it knows. Raises as `get`
        does."""
        about = await self.get("/api/fdi/v1/status")
        if not written_down(about):
            told = "the store takes no writes, and what moves is told to the receivers only"
            click.echo(f"{PROGRAM}: what follows may be old: {told}. {_MEND}", err=True)
        return about

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer to a request; raises as `get` does."""
        return await self._ask("POST", path, json=body)

    async def delete(self, path: str) -> None:
        """Takes something away; raises as `get` does."""
        await self._ask("DELETE", path)

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        try:
            # a redirect would lose the token or the method
            async with self._session.request(
                method, self.address + path, headers=self._headers, timeout=timeout, allow_redirects=False, **more
            ) as answer:
                text = await answer.text()
                status = answer.status
        except aiohttp.ClientSSLError as error:
            raise UsageError(_untrusted(self.address, error)) from error
        except (aiohttp.ClientError, TimeoutError, UnicodeError) as error:
            raise Unreachable(
                f"nothing answers at {self.address}: {str(error) or 'no answer in time'}. Start the service with "
                "fdi-monitor run, or name its address with --url"
            ) from error
        if status in (401, 403):
            raise UsageError(self._unknown(status, _reason(text)))
        if 300 <= status < 400:
            place = answer.headers.get("Location", "another address")
            raise UsageError(f"{self.address} sends on to {place}: name what it stands for with --url")
        if status >= 400:
            raise Refused(f"{self.address} refuses: {_reason(text) or status}")
        try:
            return json.loads(text) if text else None
        except ValueError as error:
            raise Refused(f"what answers at {self.address} is no fdi-monitor: name its address with --url") from error

    def _unknown(self, status: int, reason: str) -> str:
        if status == 403:
            why = reason.removeprefix("403: ").rstrip(".") or "it is not allowed"
            return f"{self.address} refuses: {why}. Set FDI_MONITOR_TOKEN to a token that may do this"
        if self._headers:
            return (
                f"{self.address} does not know the token in FDI_MONITOR_TOKEN: set it to one of those that the service "
                "has in FDI_MONITOR_WEB__TOKENS"
            )
        return (
            f"{self.address} wants to know who asks: set FDI_MONITOR_TOKEN to one of the tokens that the service has "
            "in FDI_MONITOR_WEB__TOKENS"
        )


def written_down(about: Mapping[str, Any]) -> bool:
    """Whether all that a service knows is in its store, as it says of itself."""
    return about["store"] is not None and not about["store"]["degraded"]


def _untrusted(address: str, error: aiohttp.ClientSSLError) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or "it is made out for another name"
        return (
            f"the certificate of {address} is not trusted: {why}. Name the file of its issuer in SSL_CERT_FILE, or the "
            "service by the name in its certificate with --url"
        )
    return f"no TLS is spoken at {address}: {error.os_error.strerror}. Name it with --url http://..., or mend its proxy"


def _reason(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    reason = found.get("detail", text) if isinstance(found, dict) else found
    return str(reason).strip()[:_LONGEST_REASON]


def remote(command: Callable[..., Coroutine[Any, Any, int]]) -> Callable[..., int]:
    """Gives a command a service to ask, and the option that names it."""

    @click.option(
        "--url",
        help="Where the service is; else where FDI_MONITOR_WEB__HOST and FDI_MONITOR_WEB__PORT say. A token for it is "
        "taken from FDI_MONITOR_TOKEN.",
    )
    @aio
    @functools.wraps(command)
    async def run(*, url: str | None, **options: Any) -> int:
        settings = begin()
        async with make_session() as session:
            service = Service(_address(url, settings), settings.token.get_secret_value(), session)
            return await command(service, **options)

    return run


def _address(url: str | None, settings: Settings) -> str:
    if url is None:
        return f"http://{reachable(settings.web.host)}:{settings.web.port}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(f"{url!r} is not a web address: write for example --url http://127.0.0.1:8080")
    return url.rstrip("/")


def show(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; a pipe has no width of its own, and nothing is folded for whoever reads it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else WIDE, markup=False).print(table)


def tell(found: Any) -> None:
    """`found` as JSON."""
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))


def local(text: str) -> str:
    """A moment of the API on the clocks of this machine."""
    return moment(datetime.fromisoformat(text), clock.zone())


def written(text: str) -> datetime:
    """The moment that somebody wrote, on the clocks of this machine where it has no zone.

    Raises:
        UsageError: it is none.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a moment: write for example 2026-01-05T22:00:00+08:00") from error
    return at if at.tzinfo else at.replace(tzinfo=clock.zone())
