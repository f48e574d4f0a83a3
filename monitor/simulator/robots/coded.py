"""Robots that answer every message with HTTP 200 and a code in the body."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from monitor.simulator.quota import Limit, Quota
from monitor.simulator.robots import Answer, Arrival

Entry = TypeVar("Entry")


class CodedRobot:
    """All robots of one kind; each address is one, and those with a secret check signatures.

    A kind names its codes and its limits, and says what a message has to look like.
    """

    kind: str
    routes: tuple[str, ...] = ()
    messages: ClassVar[Mapping[str, str]]
    limits: ClassVar[tuple[Limit, ...]]
    largest: ClassVar[int]
    bad, too_long, unsigned, too_fast, no_keyword = "", "", "", "", ""
    code_key: ClassVar[str] = "errcode"
    text_key: ClassVar[str] = "errmsg"
    success: ClassVar[Mapping[str, Any]]

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}
        self._keywords: dict[str, str] = {}
        self._quotas: dict[str, Quota] = defaultdict(lambda: Quota(*self.limits))

    def protect(self, address: str, secret: str) -> None:
        """Signatures of this address are checked."""
        self._secrets[address] = secret

    def demand(self, address: str, keyword: str) -> None:
        """Every message to this address has to hold the keyword; an empty one lifts it."""
        if not self.no_keyword:
            raise ValueError(f"{self.kind} {address!r} asks for no keywords")
        self._keywords[address] = keyword

    def refusal(self, code: str) -> Answer:
        """The documented answer with that code."""
        text = known(self.kind, self.messages, code)
        return Answer(200, {self.code_key: int(code), self.text_key: text, **self.more(code)}, f"{code} {text}")

    def more(self, code: str) -> dict[str, Any]:  # noqa: ARG002 - for kinds that say more
        """What a refusal carries besides code and text."""
        return {}

    def judge(self, arrival: Arrival) -> Answer:
        """Size, shape, signature, keyword, limits, in this order."""
        body = arrival.json()
        if len(arrival.raw) > self.largest:
            return self.refusal(self.too_long)
        if not self.well_formed(body):
            return self.refusal(self.bad)
        secret = self._secrets.get(arrival.address)
        if secret and not self.signed(arrival, body, secret):
            return self.refusal(self.unsigned)
        if self._keywords.get(arrival.address, "") not in json.dumps(body, ensure_ascii=False):
            return self.refusal(self.no_keyword)
        if self.throttles(arrival):
            return self.refusal(self.too_fast)
        return Answer(200, dict(self.success))

    def throttles(self, arrival: Arrival) -> bool:
        """Whether this message is one too many."""
        return self._quotas[arrival.address].take(arrival.at.timestamp()) is not None

    def well_formed(self, body: Any) -> bool:
        """Whether it is a message of a documented type with its content."""
        raise NotImplementedError

    def signed(self, arrival: Arrival, body: Any, secret: str) -> bool:
        """Whether the message was signed with `secret` lately."""
        raise NotImplementedError


class Unsigned:
    """What robots without signatures share."""

    kind: str

    def protect(self, address: str, secret: str) -> None:  # noqa: ARG002 - the shape of every robot
        """There is nothing to check a secret with."""
        raise ValueError(f"{self.kind} {address!r} checks no signatures, so it takes no secret")


def known(kind: str, table: Mapping[str, Entry], code: str) -> Entry:
    """What the table of a kind says of a code. Raises `ValueError` that names those there are."""
    if code not in table:
        raise ValueError(f"{kind} has no code {code!r} here; there are {', '.join(table)}")
    return table[code]


def texts(body: Any, *path: str) -> str:
    """The text at the end of `path` in nested mappings; empty if there is none."""
    for key in path:
        body = body.get(key) if isinstance(body, dict) else None
    return body if isinstance(body, str) else ""
