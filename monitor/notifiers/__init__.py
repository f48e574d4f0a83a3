"""Notifiers: one file per kind, found through the entry points `fdi_monitor.notifiers`.

A notifier has `Options` (pydantic: its YAML), a pure `payload(message)`, and `send(message)`, which answers with a
`Verdict` read from status, headers and body: HTTP 200 alone is not success. `docs/receivers.md` shows how to write one.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Literal, Protocol

import aiohttp
from pydantic import BaseModel, ConfigDict, SecretStr

from monitor.clock import Clock
from monitor.message import Message
from monitor.notifiers.fields import Timeout

GROUP = "fdi_monitor.notifiers"


class Outcome(enum.StrEnum):
    """What became of one try."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of one try. `reason` is for people, without secrets; `wait` is what the other side asked for.

    `ref` of what was delivered names it in the notifier's own words: the next message of the group carries it as
    `Message.edits`. Empty: there is nothing to change later. `again` asks that it be said again after this long unless
    something newer is said before, for receivers that forget.
    """

    outcome: Outcome
    reason: str = ""
    wait: timedelta | None = None
    ref: str = ""
    again: timedelta | None = None


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where e-mail goes out: the process settings `SMTP__*`. `tls` is one of none, starttls, tls."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    tls: str = "none"
    sender: str = ""


class Topics(Protocol):
    """Where an account of the policy publishes to topics of Simple Message Notification."""

    async def publish(self, topic: str, body: bytes, *, base_url: str, within: timedelta) -> bytes:
        """The answer's body. `topic` is a name or an URN; raises `monitor.errors.DoorError` for what is no success."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request over HTTP and what came back, with its secrets: for those who look on. `status` 0: no answer."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    status: int = 0
    answer: bytes = field(default=b"", repr=False)


def unseen(_: Exchange) -> None:
    """Nobody looks on."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a notifier may use of the world. `topics` are the accounts' by name; `seen` is told of every exchange."""

    session: aiohttp.ClientSession
    now: Clock
    smtp: SmtpServer = SmtpServer()
    topics: Mapping[str, Topics] = field(default_factory=dict)
    seen: Callable[[Exchange], None] = unseen


class Options(BaseModel):
    """What every kind takes in its YAML. `timeout` bounds one try as a whole; `language` is that of the messages."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)

    timeout: Timeout = timedelta(seconds=10)
    language: Literal["en", "zh"] = "en"
    send_resolved: bool = True

    @property
    def tells_acks(self) -> bool:
        """Whether it can show who cares for an alert without disturbing anybody. Others do not hear of it."""
        return False

    @property
    def draws(self) -> bool:
        """Whether it shows `Message.plot`. For others nobody looks it up."""
        return False


OptionsType = type[Options]


class Notifier(Protocol):
    """One kind of receiver."""

    Options: ClassVar[OptionsType]

    def __init__(self, options: Any, tools: Tools) -> None: ...

    def payload(self, message: Message) -> Any:
        """What will be sent, as data. Pure: no clock, no I/O, no secret but what the format demands."""

    async def send(self, message: Message) -> Verdict:
        """One try. Never raises for what the other side does; bounded in time by the options' `timeout`."""
