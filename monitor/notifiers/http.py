"""One request and its verdict, as all kinds of notifier over HTTP share them.

Redirects are never followed: they could carry a secret elsewhere. No reason carries the address or the answer's text.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import aiohttp
from pydantic import SecretStr

from monitor import __version__
from monitor.notifiers import Exchange, Outcome, Tools, Verdict

BODY_LIMIT = 64 * 1024
"""Bytes of an answer that are read at most."""
THROTTLE_WAIT = timedelta(seconds=60)
"""Where the other side asks for patience and does not say for how long."""
LONGEST_WAIT = timedelta(hours=24)

_TODO = {
    401: "check the credentials of this receiver",
    403: "check the credentials of this receiver",
    404: "check the address of this receiver",
    410: "the address of this receiver was withdrawn, put a new one into the policy",
    413: "the message is too large for this receiver",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: at most `BODY_LIMIT` bytes of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def exchange(
    tools: Tools, url: SecretStr, *, body: bytes, headers: Mapping[str, str], within: timedelta, method: str = "POST"
) -> Answer | Verdict:
    """The answer to one request with JSON, or the verdict where none came `within` that time."""
    ours = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"fdi-monitor/{__version__}",
        "Accept-Encoding": "identity",
    }
    replaced = {name.lower() for name in headers}
    sent = {**{name: value for name, value in ours.items() if name.lower() not in replaced}, **headers}
    asked = Exchange(method, url.get_secret_value(), sent, body)
    answer = await _answer(tools, asked, within)
    if isinstance(answer, Answer):
        asked = replace(asked, status=answer.status, answer=answer.body)
    tools.seen(asked)
    return answer


async def _answer(tools: Tools, asked: Exchange, within: timedelta) -> Answer | Verdict:
    try:
        async with (
            asyncio.timeout(within.total_seconds()),
            tools.session.request(
                asked.method,
                asked.url,
                data=asked.body,
                headers=asked.headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None),
            ) as response,
        ):
            return Answer(response.status, response.headers, await _read(response))
    except TimeoutError:
        return Verdict(Outcome.UNREACHABLE, f"no answer within {within.total_seconds():g}s")
    except (aiohttp.InvalidURL, UnicodeError):
        return Verdict(Outcome.REFUSED, "the address of this receiver cannot be used; mend it in the policy")
    except (aiohttp.ClientError, OSError) as error:
        return Verdict(Outcome.UNREACHABLE, _network_reason(error))


def by_status(answer: Answer, now: datetime) -> Verdict | None:
    """The verdict where the status decides; None for 2xx, where the body does."""
    status = answer.status
    if 200 <= status < 300:
        return None
    wait = retry_after(answer.headers.get("Retry-After", ""), now)
    if status == 429:
        return Verdict(Outcome.THROTTLED, "HTTP 429: too many messages", wait if wait is not None else THROTTLE_WAIT)
    if status == 408 or not 300 <= status < 500:
        return Verdict(Outcome.UNREACHABLE, _named(status), wait)
    if status < 400:
        return Verdict(Outcome.REFUSED, f"{_named(status)}: redirects are not followed, put the final address in place")
    return Verdict(Outcome.REFUSED, ": ".join(filter(None, (_named(status), _TODO.get(status)))))


def retry_after(text: str, now: datetime) -> timedelta | None:
    """`Retry-After` as seconds or as an HTTP date, between nothing and a day; None if it is neither."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(aware - now, timedelta()), LONGEST_WAIT)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The beginning of the body. What comes after it is given up together with the connection."""
    kept = bytearray()
    while len(kept) < BODY_LIMIT and (chunk := await response.content.read(BODY_LIMIT - len(kept))):
        kept += chunk
    if not response.content.at_eof():
        response.close()
    return bytes(kept)


def _named(status: int) -> str:
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def _network_reason(error: Exception) -> str:
    """Why there was no answer, in our own words: the library's carry the address."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the host name of this receiver cannot be resolved"
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError)):
        return "the certificate of this receiver's host is not trusted"
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return "no TLS connection to this receiver's host"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect: {error.os_error.strerror or 'no reason given'}"
    if isinstance(error, aiohttp.ClientResponseError):
        return "the answer is not HTTP"
    return f"the connection broke ({type(error).__name__})"
