"""The way to people that needs no store: while the store takes no writes, receivers are told directly.

The outbox and the groups stand in the store that fails. So what begins to fire then is said without them, to the
receivers of its routes, by windows, inhibition and the silences that were read last; it is said again the usual way,
with its history, once the store is back.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from monitor import degradation
from monitor.addressees import Addressees
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
    """Raises and ends the alert `store-degraded`, and says so."""

    def __init__(
        self,
        book: Book,
        courier: Courier,
        addressees: Addressees,
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
        self._addressees = addressees
        self._meters = meters
        self._rounds = Rounds("lifeline", now=now, pulse=pulse)
        self._said: dict[str, dict[str, Said]] = {}
        """By receiver and alert."""
        self._speaks_at: dict[str, datetime] = {}
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
        await self._addressees.refresh(at)
        self._speak(at)
        # Side by side: one that does not answer delays no other, nor the next look.
        await asyncio.gather(*(self._try(word, at) for word in self._words if word.next_at <= at))
        waits = [word.next_at for word in self._words]
        waits += [due for due in self._speaks_at.values() if due > at]
        return min(waits, default=None)

    def _speak(self, at: datetime) -> None:
        """Says to each receiver what is new since it was last told; once the store works that, and what it was told
        and is over: what still fires is said the usual way."""
        degraded = self._book.general.get(degradation.KEY)
        if degraded is None or not (degraded.state.fires or self._said):
            self._speaks_at = {}
            return
        if not degraded.state.fires:
            for receiver, said in self._said.items():
                over = [one for one in self._book.find(said) if not one.state.fires]
                if over:
                    self._say(receiver, Reason.ALL_RESOLVED, over, at)
            self._said, self._speaks_at = {}, {}
            return
        begin = at if self._said else max(at, (degraded.fired_at or at) + self._patience())
        for receiver, told in self._told(degraded, at).items():
            news = [one for one in told if _is_news(one, self._said.get(receiver, {}).get(one.key))]
            if news and at >= self._speaks_at.setdefault(receiver, begin):
                self._say(receiver, Reason.MORE if receiver in self._said else Reason.FIRST, news, at)

    def _told(self, degraded: Alert, at: datetime) -> dict[str, list[Alert]]:
        """By receiver what it is to hear of, and what it was told of and is over."""
        moved = [degraded, *self._moved()]
        general = self._book.general.values()
        live = (*general, *(one for _, one in self._book.live()))
        told = self._addressees.of([one for one in moved if one.state.fires], live, at)
        for receiver, said in self._said.items():
            told.setdefault(receiver, []).extend(one for one in moved if not one.state.fires and one.key in said)
        return told

    def _moved(self) -> list[Alert]:
        """What began to fire since the store takes nothing, got worse, or is over, as it is now."""
        known = {key for said in self._said.values() for key in said} - {degradation.KEY}
        latest: dict[str, Alert] = {}
        for change in self._book.recorder.changes():
            alert, step = change.alert, change.transition
            began = step is not None and step.after.fires and not step.before.fires
            if alert is not None and (began or change.key in latest or change.key in known):
                latest[change.key] = alert
        latest.pop(degradation.KEY, None)
        return list(latest.values())

    def _say(self, receiver: str, reason: Reason, news: Sequence[Alert], at: datetime) -> None:
        """Says `news` to every kind under a receiver's name."""
        said = self._said.setdefault(receiver, {})
        firing, over = [one for one in news if one.state.fires], [one for one in news if not one.state.fires]
        told = views(firing, over, said=said, flapping=())
        number = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{receiver} {news[0].key} {news[0].fired_at} {reason} {at}"))
        labels = {"alertname": degradation.RULE}
        for name, position in self._courier.carriage.carriers:
            if name == receiver:
                mine = f"{number}.{position}" if position else number
                self._words.append(_Word(Notification(mine, receiver, GROUP, labels, reason, at, told), position, at))
        said |= {one.key: Said(one.severity, one.values) for one in firing}
        for one in over:
            said.pop(one.key, None)
        self._speaks_at[receiver] = at + INTERVAL

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
