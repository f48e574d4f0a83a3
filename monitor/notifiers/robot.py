"""A robot of a group chat: one request with the message, judged by its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import SecretStr

from monitor.message import Message
from monitor.notifiers import Options, Outcome, Tools, Verdict, http
from monitor.notifiers.codes import Codes
from monitor.notifiers.dialect import encoded
from monitor.notifiers.http import Answer

_LONG = 16


class Robot:
    """What the kinds over HTTP share. A kind gives `payload`, `url`, and whatever else differs."""

    codes: ClassVar[Codes | None] = None
    """Where the body decides; None where the status alone does."""
    coded: ClassVar[frozenset[int]] = frozenset({400})
    """Statuses beside 2xx whose body has a code too."""

    def __init__(self, options: Any, tools: Tools) -> None:
        self._options = options
        self._tools = tools

    @property
    def options(self) -> Options:
        given: Options = self._options
        return given

    def url(self) -> SecretStr:
        """Where the message goes, now."""
        address: SecretStr = self._options.webhook
        return address

    def headers(self, body: bytes, message: Message) -> dict[str, str]:  # noqa: ARG002 - for kinds that sign them
        """What goes with the body, besides the message's id."""
        return {}

    def payload(self, message: Message) -> Any:
        """The body, without what depends on the moment or on a secret."""
        raise NotImplementedError

    def sealed(self, body: Any) -> Any:
        """The body with the signature, where it stands in there."""
        return body

    def secrets(self) -> tuple[str, ...]:
        """What must not be quoted from an answer: all secret options, and the parts of addresses."""
        given = [value.get_secret_value() for _, value in self.options if isinstance(value, SecretStr)]
        return tuple(part for secret in given for part in (secret, *_parts(secret)))

    async def send(self, message: Message) -> Verdict:
        """One try."""
        body = encoded(self.sealed(self.payload(message)))
        answer = await self.ask(self.url(), body, message)
        return self.judge(answer) if isinstance(answer, Answer) else answer

    async def ask(
        self,
        url: SecretStr,
        body: bytes,
        message: Message,
        *,
        method: str = "POST",
        more: Mapping[str, str] | None = None,
    ) -> Answer | Verdict:
        """One request, with the id that every try of this message has."""
        headers = {**self.headers(body, message), **(more or {}), "Idempotency-Key": message.notification.id}
        within = self.options.timeout
        return await http.exchange(self._tools, url, body=body, headers=headers, within=within, method=method)

    async def bounded(self, attempt: Awaitable[Verdict]) -> Verdict:
        """The verdict of a try of several requests, which together may take no longer than one."""
        limit = self.options.timeout.total_seconds()
        try:
            async with asyncio.timeout(limit):
                return await attempt
        except TimeoutError:
            return Verdict(Outcome.UNREACHABLE, f"no answer within {limit:g}s")

    def judge(self, answer: Answer) -> Verdict:
        """The verdict: by the code where the body has one, else by the status."""
        verdict = http.by_status(answer, self._tools.now())
        if verdict is None and self.codes is None:
            return Verdict(Outcome.DELIVERED, f"HTTP {answer.status}")
        if self.codes is not None and (verdict is None or answer.status in self.coded):
            read = self.codes.read(answer.body, *self.secrets())
            # A code of success under a status of failure is no success.
            if read is not None and (verdict is None or read.outcome is not Outcome.DELIVERED):
                return read
        return verdict or Verdict(Outcome.UNREACHABLE, f"HTTP {answer.status} without a code")


def _parts(secret: str) -> tuple[str, ...]:
    """The parts of an address that may be secret: the end of its path, all long parts of it, all of its query."""
    if "://" not in secret:
        return ()
    found = urlsplit(secret)
    *path, end = found.path.split("/")
    return (end, *(part for part in path if len(part) >= _LONG), *(value for _, value in parse_qsl(found.query)))
