"""Requests to receivers and their answers on a terminal, without secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from monitor.notifiers import Exchange
from monitor.redaction import MASK, protect, redact
from monitor.writing import clean

_PLAIN_HEADERS = ("accept-encoding", "content-type", "user-agent", "idempotency-key", "webhook-id", "webhook-timestamp")
_LONG = 12
"""Letters: a shorter part of an address is a word, and masking it would hide words."""
_MOST_LINES, _LONGEST_LINE, _LONGEST_ANSWER = 500, 4_000, 1_000


def protect_options(options: BaseModel) -> None:
    """Whatever of the options is secret is masked from now on, parts of addresses as well."""
    for _, value in options:
        for secret in _secrets(value):
            protect(secret)
            found = urlsplit(secret if "://" in secret else "")
            parts = (found.path.rpartition("/")[2], *(pair.partition("=")[2] for pair in found.query.split("&")))
            for part in parts:
                if len(part) >= _LONG:
                    protect(part)


def shown(exchange: Exchange) -> Iterator[str]:
    """The lines of one exchange: `>` before what was sent, `<` before what came back. Of the address only the host."""
    found = urlsplit(exchange.url)
    path = f"/{MASK}" if found.path.strip("/") or found.query else found.path
    yield f"  > {exchange.method} {found.scheme}://{found.netloc.rpartition('@')[2]}{path}"
    for name, value in exchange.headers.items():
        yield f"  > {name}: {redact(clean(value, 200)) if name.lower() in _PLAIN_HEADERS else MASK}"
    yield from sent(_text(exchange.body))
    if exchange.status:
        answer = redact(clean(exchange.answer.decode(errors="replace"), _LONGEST_ANSWER))
        yield f"  < HTTP {exchange.status}{' ' if answer else ''}{answer}"
    else:
        yield "  < no answer"


def sent(text: str) -> Iterator[str]:
    """The lines of what is sent, letters that a terminal would obey apart."""
    for line in text.split("\n")[:_MOST_LINES]:
        printable = "".join(letter if letter.isprintable() else "\ufffd" for letter in line.rstrip("\r"))
        yield f"  > {redact(printable[:_LONGEST_LINE])}"


def _text(body: bytes) -> str:
    """JSON as people read it, with its letters as they are."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return body.decode(errors="replace")


def _secrets(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, dict):
        yield from _all(value.values())
    elif isinstance(value, (list, tuple)):
        yield from _all(value)


def _all(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        yield from _secrets(value)
