"""A message on its way to one destination: put into the words of its receiver, and handed to its notifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import partial

import structlog

from monitor.apart import apart
from monitor.message import render
from monitor.notification import Notification
from monitor.notifiers import Outcome, Verdict
from monitor.standin import Carrier, Destination
from monitor.store.outbox import Letter
from monitor.traces import failed, note, span

log = structlog.get_logger()


@dataclass(slots=True)
class Carriage:
    """The ways to all destinations. `key` signs the links in messages, where `public_url` leads to them."""

    carriers: Mapping[Destination, Carrier]
    zone: tzinfo
    public_url: str
    key: bytes = b""

    def of(self, letter: Letter) -> Carrier | None:
        """How the letter is carried, also where its kind stands in another place under its receiver now."""
        carrier = self.carriers.get((letter.receiver, letter.position))
        if carrier is not None and carrier.kind == letter.kind:
            return carrier
        others = (one for (name, _), one in self.carriers.items() if name == letter.receiver)
        return next((one for one in others if one.kind == letter.kind), None)

    async def deliver(self, letter: Letter, *, edits: str) -> Verdict:
        """One try, and what became of it; nothing is raised. `edits` names the message that it may change."""
        carrier = self.of(letter)
        if carrier is None:
            return Verdict(Outcome.REFUSED, f"the policy has no {letter.kind} under {letter.receiver} any more")
        words = {"receiver": letter.receiver, "kind": letter.kind, "message": letter.id}
        with span("send", within=letter.id, attempt=letter.attempts + 1, **words):
            verdict = await self._send(carrier, letter.notification, edits=edits)
            note(verdict=str(verdict.outcome))
            if verdict.outcome is not Outcome.DELIVERED:
                failed(verdict.reason)
            return verdict

    async def say(self, notification: Notification, position: int) -> tuple[Verdict, str]:
        """One try to deliver what stands in no outbox to the kind at `position`; what became of it, and the kind."""
        carrier = self.carriers.get((notification.receiver, position))
        if carrier is None:
            return Verdict(Outcome.REFUSED, f"the policy has no receiver {notification.receiver} any more"), ""
        return await self._send(carrier, notification), carrier.kind

    async def _send(self, carrier: Carrier, notification: Notification, *, edits: str = "") -> Verdict:
        try:
            words = partial(render, language=carrier.language, zone=self.zone, public_url=self.public_url, key=self.key)
            # off the event loop where it tells of very many
            message = await apart(lambda: words(notification), size=len(notification.alerts))
            return await carrier.notifier.send(replace(message, edits=edits))
        except Exception:
            # A notifier promises not to raise, but plugins are other people's code: one bug must not stop the rest.
            log.exception("notifier failed", receiver=notification.receiver, kind=carrier.kind)
            return Verdict(Outcome.UNREACHABLE, "the notifier itself failed; see the log")
