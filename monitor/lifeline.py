"""The way to people that needs no store: while the store takes no writes, the root receiver is told directly.

The outbox stands in the store that fails. So what begins to fire then is said without routes, silences and groups, to
whoever hears of everything; it is said again the usual way, with its history, once the store is back.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from monitor import degradation
from monitor.book import Book
from monitor.clock import Clock
from monitor.courier import Courier
from monitor.meters import Meters, Pulse
from monitor.model import Alert
from monitor.notification import Notification, Reason
from monitor.notifiers import Outcome
from monitor.pacing import given_up, retry_at
from monitor.rounds import Rounds
from monitor.views import Said, views

GROUP = f"{{}}/{degradation.RULE}"

INTERVAL = timedelta(minutes=1)
"""How soon it speaks again of what moved meanwhile."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Word:
    """A message to one destination until it is delivered, refused or too old. Every try bears the same id."""

    notification: Notification
    position: int
    next_at: datetime
    tried_at: datetime | None = None


class Lifeline:
    """Raises and ends the alert `store-degraded`, and says so. `root` names the receiver of the policy's root route."""

    def __init__(
        self,
        book: Book,
        courier: Courier,
        root: Callable[[], str],
        *,
        now: Clock,
        meters: Meters,
        pulse: Pulse,
        patience: Callable[[], timedelta] = timedelta,
    ) -> None:
        """`patience`: how long to leave the word to another node, where several miss the same store."""
        self._patience = patience
        self._book = book
        self._courier = courier
        self._root = root
        self._meters = meters
        self._rounds = Rounds("lifeline", now=now, pulse=pulse)
        self._said: dict[str, Said] = {}
        self._speaks_at: datetime | None = None
        self._words: list[_Word] = []

    def wake(self) -> None:
        """The store began to refuse writes, takes them again, or more is held."""
        self._rounds.wake()

    async def run(self) -> None:
        """Looks until cancelled: when woken, and when something has to be said again."""
        await self._rounds.run(self.step)

    async def step(self, at: datetime) -> datetime | None:
        """One look at how the store stands. Returns when the next try is due, None while none is.

        Raises:
            StoreFailed: the alert about it fitted nowhere.
        """
        recorder = self._book.recorder
        self._meters.degraded.set(bool(recorder.trouble))
        self._meters.held.set(recorder.held)
        change = degradation.judged(self._book.general, recorder.trouble, at=at)
        if change is not None:
            await self._book.record([(None, change)])
        self._speak(at)
        # Side by side: one that does not answer delays no other, nor the next look.
        await asyncio.gather(*(self._try(word, at) for word in self._words if word.next_at <= at))
        waits = [word.next_at for word in self._words]
        if self._speaks_at is not None and self._speaks_at > at:
            waits.append(self._speaks_at)
        return min(waits, default=None)

    def _speak(self, at: datetime) -> None:
        """Says what is new since it last spoke; once the store works that, and what it said and is over: what still
        fires is said the usual way."""
        degraded = self._book.general.get(degradation.KEY)
        if degraded is None or (not degraded.state.fires and degraded.key not in self._said):
            return
        if not degraded.state.fires:
            over = [one for one in self._book.find(self._said) if not one.state.fires]
            self._say(Reason.ALL_RESOLVED, degraded, over, at)
            self._said, self._speaks_at = {}, None
            return
        news = [one for one in self._moved() if one.key != degraded.key]
        turn = (degraded.fired_at or at) + self._patience()
        if degraded.key not in self._said and at < turn:
            self._speaks_at = turn
        elif degraded.key not in self._said:
            self._say(Reason.FIRST, degraded, [degraded, *news], at)
        elif news and self._speaks_at is not None and at >= self._speaks_at:
            self._say(Reason.MORE, degraded, news, at)

    def _moved(self) -> list[Alert]:
        """What began to fire since the store takes nothing, got worse, or is over, as far as it was not said."""
        latest: dict[str, Alert] = {}
        for change in self._book.recorder.changes():
            alert, step = change.alert, change.transition
            began = step is not None and step.after.fires and not step.before.fires
            if alert is None or not (began or change.key in latest or change.key in self._said):
                continue
            latest[change.key] = alert
        return [one for one in latest.values() if _is_news(one, self._said.get(one.key))]

    def _say(self, reason: Reason, degraded: Alert, news: Sequence[Alert], at: datetime) -> None:
        """Says `news` to every kind under the root receiver."""
        receiver = self._root()
        firing, over = [one for one in news if one.state.fires], [one for one in news if not one.state.fires]
        told = views(firing, over, said=self._said, flapping=())
        number = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{degraded.key} {degraded.fired_at} {reason} {at}"))
        for name, position in self._courier.carriage.carriers:
            if name == receiver:
                mine = f"{number}.{position}" if position else number
                said = Notification(mine, receiver, GROUP, degraded.labels, reason, at, told)
                self._words.append(_Word(said, position, at))
        self._said |= {one.key: Said(one.severity, one.values) for one in firing}
        for one in over:
            self._said.pop(one.key, None)
        self._speaks_at = at + INTERVAL

    async def _try(self, word: _Word, at: datetime) -> None:
        said = word.notification
        verdict, kind = await self._courier.carriage.say(said, word.position)
        self._meters.deliveries.labels(said.receiver, kind, verdict.outcome).inc()
        told = {"receiver": said.receiver, "kind": kind, "id": said.id}
        if verdict.outcome is Outcome.DELIVERED:
            log.info("message delivered without the store", **told)
            self._words.remove(word)
        elif verdict.outcome is Outcome.REFUSED or given_up(said.at, at=at):
            log.error("message given up", verdict=str(verdict.outcome), reason=verdict.reason, **told)
            self._words.remove(word)
        else:
            if word.tried_at is None:
                log.warning("message not delivered yet", verdict=str(verdict.outcome), reason=verdict.reason, **told)
            last_wait = word.next_at - word.tried_at if word.tried_at else timedelta()
            word.tried_at, word.next_at = at, retry_at(at, last_wait=last_wait, asked=verdict.wait, draw=0.5)


def _is_news(alert: Alert, said: Said | None) -> bool:
    if said is None:
        return alert.state.fires
    return not alert.state.fires or alert.severity.rank > said.severity.rank
