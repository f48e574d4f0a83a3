"""Apprise: the long tail of some 170 services, through the library of that name.

It is an extra: `pip install 'fdi-monitor[apprise]'`.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Annotated, Any, ClassVar

from pydantic import Field, SecretStr

from monitor.message import Message, plain
from monitor.model import Severity
from monitor.notifiers import Options, OptionsType, Outcome, Tools, Verdict

_TYPES = {Severity.CRITICAL: "failure", Severity.WARNING: "warning", Severity.INFO: "info"}


class AppriseOptions(Options):
    """`apprise:` in the policy. `urls` are Apprise's own, such as `ntfy://topic`."""

    urls: Annotated[tuple[SecretStr, ...], Field(min_length=1, max_length=20)]


class Apprise:
    """Hands the message to the library. It answers yes or no: what went wrong stands in its log."""

    Options: ClassVar[OptionsType] = AppriseOptions

    def __init__(self, options: AppriseOptions, tools: Tools) -> None:  # noqa: ARG002 - the library has its own
        self._options = options

    def payload(self, message: Message) -> dict[str, Any]:
        """What the library is called with."""
        said = message.notification
        kind = _TYPES[said.severity] if said.firing else "success"
        text = plain(message).partition("\n")[2]
        return {"title": message.title, "body": text or message.title, "notify_type": kind, "body_format": "text"}

    async def send(self, message: Message) -> Verdict:
        """One try at all addresses; some taking it is delivered, for a second try would repeat it there."""
        try:
            library: Any = importlib.import_module("apprise")
        except ImportError:
            return Verdict(Outcome.REFUSED, "Apprise is not installed: pip install 'fdi-monitor[apprise]'")
        within = self._options.timeout.total_seconds()
        services = []
        for place, url in enumerate(self._options.urls, start=1):
            service = library.Apprise.instantiate(url.get_secret_value(), suppress_exceptions=True)
            if service is None:
                return Verdict(Outcome.REFUSED, f"number {place} of `urls` is not an address that Apprise knows")
            services.append(service)
        called = self.payload(message)
        try:
            async with asyncio.timeout(within):
                taken = await asyncio.gather(*(_told(library, service, called) for service in services))
        except TimeoutError:
            return Verdict(Outcome.UNREACHABLE, f"no answer within {within:g}s")
        failed = len(taken) - sum(taken)
        if failed == len(taken):
            return Verdict(Outcome.UNREACHABLE, "not taken; Apprise does not say why")
        return Verdict(Outcome.DELIVERED, f"{failed} of {len(taken)} addresses did not take it" if failed else "")


async def _told(library: Any, service: Any, called: dict[str, Any]) -> bool:
    speaker = library.Apprise()
    speaker.add(service)
    return bool(await speaker.async_notify(**called))
