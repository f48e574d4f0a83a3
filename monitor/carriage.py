"""A message on its way to one destination: put into the words of its receiver, and handed to its notifier."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta, tzinfo
from functools import partial

import structlog

from monitor import recent
from monitor.apart import apart
from monitor.curve import Curve
from monitor.errors import StoreFailed
from monitor.message import render
from monitor.notification import Notification
from monitor.notifiers import Outcome, Verdict
from monitor.standin import Carrier, Destination
from monitor.store import history
from monitor.store.database import Archive
from monitor.store.outbox import Letter
from monitor.traces import failed, note, span

RECOLLECTION = timedelta(seconds=1)
"""How long a message waits at most for what its receiver may draw; after that it goes out without."""

GRACE = timedelta(seconds=5)
"""How much longer than its own bound a notifier may take until it is cut off: it should have ended by itself."""

log = structlog.get_logger()


@dataclass(slots=True)
class Carriage:
    """The ways to all destinations. `key` signs the links in messages, where `public_url` leads to them; `past` is
    where what they draw is looked up."""

    carriers: Mapping[Destination, Carrier]
    zone: tzinfo
    public_url: str
    key: bytes = b""
    past: Archive | None = None

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
            curve = await self._curve(letter.notification) if carrier.draws else None
            verdict = await self._send(carrier, letter.notification, edits=edits, curve=curve)
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

    async def _curve(self, notification: Notification) -> Curve | None:
        """How the worst instance fared lately; None where there is none, or where the store does not say at once."""
        try:
            found = recent.worst(notification)
            if found is None or self.past is None:
                return None
            alert, key = found
            async with asyncio.timeout(RECOLLECTION.total_seconds()), self.past.read() as tx:
                runs = await history.reaching(tx, recent.reach(alert, notification.at), [key])
            return recent.curve(alert, runs.get(key, ()), notification.at)
        except (StoreFailed, TimeoutError) as error:
            log.debug("message goes out without a plot", message=notification.id, reason=str(error) or "no answer yet")
        except Exception:
            log.exception("a plot could not be made: this is a bug", message=notification.id)
        return None

    async def _send(
        self, carrier: Carrier, notification: Notification, *, edits: str = "", curve: Curve | None = None
    ) -> Verdict:
        """One try. Whatever a notifier does is a verdict: a plugin is other people's code, and must stop nobody."""
        bound = asyncio.timeout((carrier.within + GRACE).total_seconds())
        try:
            words = partial(
                render,
                language=carrier.language,
                zone=self.zone,
                public_url=self.public_url,
                key=self.key,
                curve=curve,
            )
            # off the event loop where it tells of very many
            message = await apart(lambda: words(notification), size=len(notification.alerts))
            async with bound:
                return sound(await carrier.notifier.send(replace(message, edits=edits)))
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling()):
                raise
            log.exception("notifier failed", receiver=notification.receiver, kind=carrier.kind)
            ended = "does not end" if bound.expired() else "failed"
            return Verdict(Outcome.UNREACHABLE, f"the notifier itself {ended}; see the log")


def sound(verdict: object) -> Verdict:
    """What a notifier answered; TypeError for what is no verdict."""
    if isinstance(verdict, Verdict) and isinstance(verdict.outcome, Outcome):
        return verdict
    raise TypeError(f"send() of a notifier gives a Verdict, not {type(verdict).__name__}")
