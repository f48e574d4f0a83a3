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
from monitor.inbox import Inbox
from monitor.meters import Pulse
from monitor.model import Cause
from monitor.posted import Post
from monitor.rounds import Rounds
from monitor.rules.change import Change

PATIENCE = 2.0
"""Seconds that who posts waits for a service that starts."""

MOST = 20_000
"""Posted alerts that may fire at once: some tens of megabytes."""

REMEMBERED = timedelta(minutes=5)
"""How long what is over is kept at hand, for who could not be told of it yet."""

log = structlog.get_logger()


class Intake:
    """All posted alerts of this process, each with the moment at which it ends by itself."""

    def __init__(self, *, now: Clock, pulse: Pulse, most: int = MOST, inbox: Inbox | None = None) -> None:
        """With an `inbox` one of several nodes is opened, and takes what is posted at any of them."""
        self._inbox = inbox
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

    def wake(self) -> None:
        """Something was posted at another node: look at once."""
        self._rounds.wake()

    async def take(self, posts: Iterable[Post]) -> int:
        """Returns once they are recorded, or kept for the node that leads: how many were not, as no more may fire at
        once.

        Raises:
            StoreFailed: none of those that would have changed something was recorded.
        """
        if self._inbox is not None:
            return await self._hand_in(self._inbox, list(posts))
        if self._stopped:
            raise StoreFailed("the service stops: nothing more is recorded")
        await asyncio.wait([self._book], timeout=PATIENCE)
        if not self._book.done():
            raise StoreFailed("the service starts, and takes nothing yet")
        async with self._turn:
            return await self._judge(self._book.result(), posts, self._now())

    async def _hand_in(self, inbox: Inbox, posts: Sequence[Post]) -> int:
        at = self._now()
        try:
            await inbox.put(posts, at)
        except StoreFailed:
            if not self._book.done():
                raise
            async with self._turn:  # who leads holds what moves for a store that takes no writes
                return await self._judge(self._book.result(), posts, at)
        try:
            return await self._empty(self._book.result()) if self._book.done() else 0
        except StoreFailed as error:
            log.info("what was posted is kept for later", reason=str(error))
            return 0

    async def _empty(self, book: Book) -> int:
        """Records what was posted at all nodes, in its order; how many were not."""
        if self._inbox is None:
            return 0
        beyond = 0
        async with self._turn:
            async for handed in self._inbox.each():
                beyond += await self._judge(book, handed.posts, min(handed.at, self._now()))
        if beyond:
            log.warning("posted alerts were not taken: no more may fire at once", alerts=beyond)
        return beyond

    async def _judge(self, book: Book, posts: Iterable[Post], at: datetime) -> int:
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
        await self._empty(book)
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
