"""One e-mail over SMTP and its verdict."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from datetime import timedelta
from email.message import EmailMessage

import aiosmtplib

from monitor.notifiers import Outcome, SmtpServer, Verdict
from monitor.notifiers.quoting import scrub

_GOODBYE = 1.0
"""Seconds for QUIT, once the message is accepted."""


async def submit(mail: EmailMessage, server: SmtpServer, within: timedelta) -> Verdict:
    """The verdict on one try, bounded by `within`.

    Some addresses refused and others accepted is delivered: a second try would repeat the e-mail to the others.
    """
    limit = within.total_seconds()
    client = _client(server, limit)
    try:
        async with asyncio.timeout(limit):
            await client.connect()
            refused, _ = await client.send_message(mail)
        await _quit(client)
    except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
        return _verdict(error, server, limit)
    finally:
        client.close()
    return Verdict(Outcome.DELIVERED, f"refused for {', '.join(sorted(refused))}" if refused else "")


def _client(server: SmtpServer, limit: float) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user or None,
        password=server.password.get_secret_value() or None,
        timeout=limit,
        use_tls=server.tls == "tls",
        start_tls=server.tls == "starttls",
    )


async def _quit(client: aiosmtplib.SMTP) -> None:
    """Says goodbye. The message is accepted by now: however this ends, it is delivered."""
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        async with asyncio.timeout(_GOODBYE):
            await client.quit()


def _verdict(error: Exception, server: SmtpServer, limit: float) -> Verdict:
    """Permanent answers (5xx) are refusals, all others may pass."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return _recipients(error, server)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        outcome = Outcome.REFUSED if 500 <= error.code < 600 else Outcome.UNREACHABLE
        return Verdict(outcome, f"SMTP {error.code}: {_quoted(error.message, server)}")
    if isinstance(error, aiosmtplib.SMTPException) and not isinstance(error, OSError):
        todo = "check FDI_MONITOR_SMTP__TLS and FDI_MONITOR_SMTP__USER"
        return Verdict(Outcome.REFUSED, f"{_quoted(error.message, server)}: {todo}")
    if isinstance(error, UnicodeError):
        return Verdict(Outcome.REFUSED, "the name of the e-mail server cannot be used: check FDI_MONITOR_SMTP__HOST")
    if isinstance(error, TimeoutError):
        return Verdict(Outcome.UNREACHABLE, f"no answer from the e-mail server within {limit:g}s")
    if isinstance(error.__cause__ or error, ssl.SSLError):
        return Verdict(Outcome.UNREACHABLE, "no TLS connection to the e-mail server: check its certificate")
    return Verdict(Outcome.UNREACHABLE, f"the e-mail server cannot be reached ({type(error).__name__})")


def _recipients(error: aiosmtplib.SMTPRecipientsRefused, server: SmtpServer) -> Verdict:
    """All addresses were refused: worth another try as long as one of them may pass."""
    passing = [answer for answer in error.recipients if not 500 <= answer.code < 600]
    first = (passing or error.recipients)[0]
    reason = f"SMTP {first.code} for {first.recipient}: {_quoted(first.message, server)}"
    return Verdict(Outcome.UNREACHABLE if passing else Outcome.REFUSED, reason)


def _quoted(text: str, server: SmtpServer) -> str:
    return scrub(text, server.password.get_secret_value())
