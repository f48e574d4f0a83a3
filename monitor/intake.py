"""Takes the alerts that other systems post, and ends those that nobody posts any more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from monitor import posted
from monitor.book import Book, Placed, uncut
from monitor.clock import Clock
from monitor.errors import StoreFailed
from monitor.meters import Pulse
from monitor.model import Cause
from monitor.posted import Post
from monitor.rounds import Rounds
from monitor.rules.change import Change

PATIENCE = 2.0
"""Seconds that who posts waits for a service that starts, or for another node to be asked instead."""

MOST = 20_000
"""Posted alerts that may fire at once: some tens of megabytes."""

REMEMBERED = timedelta(minutes=5)
"""How long what is over is kept at hand, for who could not be told of it yet."""

log = structlog.get_logger()


class Intake:
    """All posted alerts of this process, each with the moment at which it ends by itself."""

    def __init__(self, *, now: Clock, pulse: Pulse, most: int = MOST) -> None:
        self._now = now
        self._most = most
        self._rounds = Rounds("intake", now=now, pulse=pulse)
        self._book: asyncio.Future[Book] = asyncio.get_running_loop().create_future()
        self._deadlines: dict[str, datetime] = {}
        self._over: dict[str, datetime] = {}
        self._turn = asyncio.Lock()
        self._stopped = False

    def open(self, book: Book) -> None:
        """Takes up what the store knows, and from now on records in `book`; who posted before has waited for this."""
        at = self._now()
        for alert in list(book.general.values()):
            if alert.source is not None and alert.state.fires:
                self._deadlines[alert.key] = posted.resumed(alert, at)
            elif alert.source is not None:
                book.forget(alert.key)
        self._book.set_result(book)
        self._stopped = False

    def close(self) -> None:
        """Another node leads, and takes what is posted."""
        self._book = asyncio.get_running_loop().create_future()
        self._deadlines, self._over = {}, {}

    async def take(self, posts: Iterable[Post]) -> int:
        """Returns once they are recorded: how many were not, as no more may fire at once.

        Raises:
            StoreFailed: none of those that would have changed something was recorded.
        """
        if self._stopped:
            raise StoreFailed("the service stops: nothing more is recorded")
        await asyncio.wait([self._book], timeout=PATIENCE)
        if not self._book.done():
            raise StoreFailed("another node leads, and takes what is posted: post to all of them")
        book = self._book.result()
        async with self._turn:
            at = self._now()
            latest = {post.key: post for post in posts}
            begins = [key for key, post in latest.items() if key not in self._deadlines and post.deadline(at) > at]
            beyond = begins[max(0, self._most - len(self._deadlines)) :]
            for key in beyond:
                del latest[key]
            heard = {key: post.deadline(at) for key, post in latest.items()}
            # what is said again goes on, whatever becomes of the others
            self._deadlines |= {key: end for key, end in heard.items() if key in self._deadlines}
            changes = (posted.judged(book.general.get(key), post, at=at) for key, post in latest.items())
            await self._record(book, [change for change in changes if change is not None], heard)
        return len(beyond)

    async def run(self) -> None:
        """Ends what is due until cancelled; from then on nothing is taken."""
        try:
            await self._rounds.run(self.step)
        finally:
            self._stopped = True

    async def step(self, at: datetime) -> datetime | None:
        """One look: what was not posted in its time ends. Returns when the next one would.

        Raises:
            StoreFailed: nothing ended; it comes again with the next look.
        """
        book = await asyncio.shield(self._book)
        async with self._turn:
            due = [book.general[key] for key, end in self._deadlines.items() if end <= at]
            if due:
                log.info("alerts are not posted any more", alerts=len(due))
                await self._record(book, [posted.ended(alert, Cause.TIMED_OUT, at=at) for alert in due], {})
            for key in [key for key, end in self._over.items() if at - end >= REMEMBERED]:
                del self._over[key]
                book.forget(key)
            return min(self._deadlines.values(), default=None)

    async def _record(self, book: Book, changes: Sequence[Change], deadlines: Mapping[str, datetime]) -> None:
        if not changes:
            return
        placed: list[Placed] = [(None, change) for change in changes]
        await uncut(book.record(placed))
        for alert in (change.alert for change in changes if change.alert is not None):
            if alert.state.fires:
                self._deadlines[alert.key] = deadlines[alert.key]
                self._over.pop(alert.key, None)
            else:
                self._deadlines.pop(alert.key, None)
                self._over[alert.key] = alert.state_since
        self._rounds.wake()
