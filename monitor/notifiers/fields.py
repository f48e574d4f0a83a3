"""Types of the options' fields, checked when the policy is read. No error text repeats what was given."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
    WithJsonSchema,
)
from pydantic_core import core_schema

from monitor import durations

_LONGEST = timedelta(minutes=5)
_WRITTEN = r"^([0-9]+(ms|[wdhms]))+$|\$[{$]"
_MAILBOX = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_HEADERS = ("content-length", "transfer-encoding", "connection", "host", "idempotency-key")


def _duration(value: Any) -> Any:
    if isinstance(value, str):
        return durations.parse(value)
    if not isinstance(value, timedelta):
        raise ValueError("a duration is written with its unit, such as 10s or 1m")  # noqa: TRY004 - pydantic's way
    return value


def _timeout(value: timedelta) -> timedelta:
    if not timedelta() < value <= _LONGEST:
        raise ValueError("must be longer than 0s and at most 5m")
    return value


def _url(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not text.isprintable() or " " in text:
        raise ValueError("must be an address that begins with https:// (or http://) and names a host")
    return value


def _mailbox(value: str) -> str:
    name, address = parseaddr(value)
    if not value.isprintable() or not _MAILBOX.fullmatch(address) or not address.isascii():
        raise ValueError("must be an e-mail address, such as ops@example.com or Operations <ops@example.com>")
    if not name and value.strip() != address and value.strip() != f"<{address}>":
        raise ValueError("must be one e-mail address; write several as a list")
    return value


def _headers(value: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for name, content in value.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError("a header's name has letters, digits and hyphens only")
        if name.lower() in _OWN_HEADERS:
            raise ValueError(f"the header {name} is set by the service and cannot be given")
        if not content.get_secret_value().isprintable():
            raise ValueError(f"the header {name} has a line end or a control character in its value")
    return value


Timeout = Annotated[
    timedelta,
    BeforeValidator(_duration),
    AfterValidator(_timeout),
    WithJsonSchema({"type": "string", "pattern": _WRITTEN, "examples": ["10s", "1m"]}),
]
"""A duration as text, above 0s, at most 5m."""

Url = Annotated[
    SecretStr,
    AfterValidator(_url),
    WithJsonSchema({"type": "string", "writeOnly": True, "pattern": r"^https?://[^/?#\s]+|\$[{$]"}),
]
"""An http or https address; secret, as those of robots carry their token."""

Mailbox = Annotated[
    str,
    AfterValidator(_mailbox),
    WithJsonSchema({"type": "string", "pattern": r".@.|\$[{$]", "examples": ["Operations <ops@example.com>"]}),
]
"""`ops@example.com` or `Operations <ops@example.com>`."""

Headers = Annotated[dict[str, SecretStr], AfterValidator(_headers)]
"""Additional request headers; their values are secret."""


@dataclass(frozen=True, slots=True)
class Written:
    """A text of a certain form, for `Annotated`; the fault says what is `wanted`. Numbers count as they are written."""

    pattern: str
    wanted: str
    examples: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        checked = core_schema.no_info_after_validator_function(self._check, handler(source))
        return core_schema.no_info_before_validator_function(_text, checked)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        pattern = rf"^({self.pattern})$|\$[{{$]"
        return {"type": ["string", "integer"], "pattern": pattern, "examples": list(self.examples)}

    def _check(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"must be {self.wanted}")
        return value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Mention = Annotated[
    str,
    Written(
        r"[A-Za-z0-9_.+@:-]{1,100}",
        "a user as the chat names it (an id, a mobile number, a name), or all",
        ("all", "13800000000"),
    ),
]
"""Whom a message calls by name, in the words of the chat."""

Mentions = Annotated[tuple[Mention, ...], Field(max_length=50)]
"""Whom a message calls when something is new or worse."""

Keyword = Annotated[str, Field(max_length=50)]
"""A word without which a robot takes no message; it is added where a message lacks it."""
