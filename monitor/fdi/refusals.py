"""Turns an answer that is no success into a sorted error, whatever shape its body has. Pure.

Sources: the body shapes that the official SDK accepts, and captured answers for those that no page documents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from monitor.errors import AuthFailed, DoorError, Refused, Throttled, Unreachable
from monitor.fdi.answers import Answer, Garbage
from monitor.fdi.codes import Fate, verdict_of

MAX_TEXT = 256
"""Characters of the other side's text that a reason repeats."""

DEFAULT_WAIT = timedelta(seconds=60)
MIN_WAIT = timedelta(seconds=1)
MAX_WAIT = timedelta(hours=1)
"""However long a wait is asked for, the account is tried again after this: watching is what the service is for."""

_MIN_SECRET = 4
_LONG_SECRET = 24
_MAX_DEPTH = 8
_SHAPES = (
    ("error_code", ("error_msg",)),
    ("errorCode", ("errorMsg", "errorMessage")),
    ("code", ("message",)),
)
_WINDOW = re.compile(r"limit:\s*\d+\s*,\s*time:\s*(\d{1,6})\s*(second|minute|hour|day)")
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class LockedOut(AuthFailed):
    """The cloud has locked the credentials for a while; trying again now would only lengthen it."""


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What an error's body says, in the server's words; empty where it does not say."""

    code: str = ""
    message: str = ""
    request_id: str = ""


def sorted_error(answer: Answer, *, at: datetime, secrets: Collection[str] = ()) -> DoorError:
    """The error that `answer`, which is no success, stands for. `secrets` are blotted out of what the server says.

    The reason says what happened, the server's own code and words, and what to do; for AuthFailed the latter is left
    to who knows the account. `at` is the present moment, for a Retry-After that is a date.
    """
    body = read_body(answer.body)
    # The gateway adds the request as it canonicalised it: of use to who writes a signer, noise to who reads an alert.
    told = body.message.partition(", canonicalRequest")[0]
    code, message = printable(body.code, secrets), printable(told, secrets)
    verdict = verdict_of(answer.status, body.code, body.message)
    said = " ".join(word for word in (str(answer.status), code if code != str(answer.status) else "") if word)
    said += (f": {message}" if message else "") + _target(answer)
    reason = f"{verdict.what} ({said})" + (f": {verdict.advice}" if verdict.advice else "")
    request_id = answer.request_id or printable(body.request_id, secrets)[:64]
    if verdict.fate is Fate.THROTTLED:
        return Throttled(reason, wait=wait_asked(answer, body.message, at), code=code, request_id=request_id)
    return _CLASSES[verdict.fate](reason, code=code, request_id=request_id)


_CLASSES: dict[Fate, type[DoorError]] = {
    Fate.AUTH: AuthFailed,
    Fate.LOCKED: LockedOut,
    Fate.REFUSED: Refused,
    Fate.TRANSIENT: Unreachable,
    Fate.GARBAGE: Garbage,
}


def read_body(body: bytes) -> ErrorBody:
    """Code, message and request id of an error body in any of the known shapes; other text is all message."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    return _search(data, _MAX_DEPTH) or ErrorBody(message=body.decode(errors="replace"))


def _search(data: object, depth: int) -> ErrorBody | None:
    """The first dictionary with a code and a message, outer ones before inner ones."""
    if not isinstance(data, dict) or depth == 0:
        return None
    for code_name, message_names in _SHAPES:
        message = next((data[name] for name in message_names if data.get(name)), None)
        code = data.get(code_name)
        if code and isinstance(code, str | int) and message:
            return ErrorBody(str(code), str(message), str(data.get("request_id") or ""))
    return next((found for value in data.values() if (found := _search(value, depth - 1))), None)


def wait_asked(answer: Answer, message: str, at: datetime) -> timedelta:
    """How long a throttled account should wait: by Retry-After, else one window of the limit the message names."""
    asked = _retry_after(answer.headers.get("Retry-After", ""), at)
    if asked is None and (window := _WINDOW.search(message)):
        asked = timedelta(seconds=int(window[1]) * _UNITS[window[2]])
    return min(max(DEFAULT_WAIT if asked is None else asked, MIN_WAIT), MAX_WAIT)


def _retry_after(text: str, at: datetime) -> timedelta | None:
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), MAX_WAIT.total_seconds()))
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)) - at


def printable(text: str, secrets: Collection[str] = ()) -> str:
    """`text` for people: secrets blotted out, control characters escaped, white space squeezed, cut to MAX_TEXT."""
    text = " ".join(_blotted(text, secrets).split())
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: MAX_TEXT + 1])
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _blotted(text: str, secrets: Collection[str]) -> str:
    """`text` without the secrets, and without what begins as a long one does: servers echo tokens cut short."""
    for secret in secrets:
        if len(secret) >= _LONG_SECRET:
            text = re.sub(re.escape(secret[: _LONG_SECRET // 2]) + r"\S*", "***", text)
        elif len(secret) >= _MIN_SECRET:
            text = text.replace(secret, "***")
    return text


def _target(answer: Answer) -> str:
    """Where a redirect leads: only the host, since the rest may carry a session."""
    try:
        host = urlsplit(answer.headers.get("Location", "")).hostname
    except ValueError:
        return ""
    return f" to {printable(host)}" if host and 300 <= answer.status < 400 else ""
