"""What a node may send: whatever is cut from whatever, for however long, no window holds more than the quota; and while
the database is away for all, polling goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random

import pytest

from monitor.fdi.throttle import FairThrottler
from monitor.sharing import FROM_MEMORY, LEAD, share_from_memory
from monitor.tenure import Tenure

pytestmark = pytest.mark.looptime

LEASE = 15.0
QUOTA, WINDOW = 20, 20.0
LITTLE = share_from_memory(QUOTA)
HOUR = FROM_MEMORY.total_seconds()


@dataclass
class Rows:
    """The rows of one account's lease and of the nodes, as `monitor.store.nodes` keeps them; the loop's clock is the
    database's."""

    holder: str = ""
    epoch: int = 0
    stray: str = ""
    stray_until: float | None = None

    def __post_init__(self) -> None:
        self.until: dict[str, float] = {}

    def left(self) -> float | None:
        return None if self.stray_until is None else self.stray_until - now()

    def take(self, me: str) -> None:
        if self.holder and (self.stray_until is None or self.stray_until <= now()):
            self.stray, self.stray_until = self.holder, now() + HOUR
        self.holder, self.epoch = me, self.epoch + 1


class Peer:
    """A node whose poller wants more than the quota. It does what `membership` and `node` do, on `Rows`."""

    def __init__(self, name: str, rows: Rows, sent: list[float], workers: int) -> None:
        self.name, self.rows, self.sent, self.workers = name, rows, sent, workers
        self.tenure = Tenure(timedelta(seconds=LEASE))
        self.connected = True
        self.lives = 0
        self.contact: float | None = None
        self.throttler = FairThrottler(QUOTA, WINDOW)
        self.throttler.allowance = partial(self.tenure.allowance, "a")

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self.workers):
                tasks.create_task(self._poll())
            while True:
                asked_at = now()
                if self.connected:
                    self._beat(asked_at)
                    self._look()
                    self.contact = asked_at if self.contact is None else self.contact
                else:
                    self.contact = None
                await asyncio.sleep(LEASE / 4)

    async def _poll(self) -> None:
        while True:
            while not self.tenure.allowance("a", QUOTA, WINDOW):  # the throttle looks more often
                await asyncio.sleep(1)
            departure = await self.throttler.acquire()
            self.sent.append(now())
            await asyncio.sleep(0.02)
            self.throttler.answered(departure)

    def _beat(self, asked_at: float) -> None:
        tenure, rows = self.tenure, self.rows
        if tenure.id not in rows.until:
            before = tenure.id
            tenure.over()
            if before and rows.stray == before:
                rows.stray, rows.stray_until = "", now()
            self.lives += 1
            tenure.id = f"{self.name}-{self.lives}"
        rows.until[tenure.id] = now() + LEASE
        tenure.renewed(asked_at)

    def _look(self) -> None:
        tenure, rows = self.tenure, self.rows
        if self.contact is not None and now() - self.contact >= LEASE:
            rows.until = {name: until for name, until in rows.until.items() if until >= now()}
        tenure.saw("a", rows.left())
        if rows.holder not in rows.until:
            rows.take(tenure.id)
            tenure.saw("a", rows.left())
            tenure.epochs = {"a": rows.epoch}
            self.throttler.occupy(None)


def now() -> float:
    return asyncio.get_running_loop().time()


def most(times: Sequence[float]) -> int:
    """The highest number in any window."""
    ordered, first, highest = sorted(times), 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] > WINDOW:
            first += 1
        highest = max(highest, last - first + 1)
    return highest


class Town:
    """Three nodes over one account, each with so many workers that poll."""

    def __init__(self, workers: int = 2) -> None:
        self.sent: list[float] = []
        self.rows = Rows()
        self.peers = [Peer(name, self.rows, self.sent, workers) for name in "xyz"]

    async def runs(self, seconds: float) -> list[float]:
        """What was sent in the next seconds."""
        before = len(self.sent)
        await asyncio.sleep(seconds)
        return self.sent[before:]

    def holder(self) -> Peer:
        return next(one for one in self.peers if one.tenure.id == self.rows.holder)

    def connect(self, *connected: Peer) -> None:
        for one in self.peers:
            one.connected = one in connected

    async def __aenter__(self) -> Town:
        self._tasks = [asyncio.create_task(one.run()) for one in self.peers]
        await asyncio.sleep(4 * LEASE)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        assert most(self.sent) <= QUOTA


async def test_while_the_database_is_away_the_holder_polls_on_a_little_and_then_as_before() -> None:
    async with Town() as town:
        assert len(await town.runs(10 * WINDOW)) >= 10 * QUOTA * 0.97
        town.connect()
        await town.runs(LEASE + 2 * WINDOW)
        assert 9 * LITTLE <= len(await town.runs(10 * WINDOW)) <= 11 * LITTLE
        held = town.holder()
        town.connect(*town.peers)
        await town.runs(LEASE + 2 * WINDOW)
        assert town.holder() is held, "nobody could take anything from it"
        assert len(await town.runs(10 * WINDOW)) >= 10 * QUOTA * 0.97


async def test_who_is_cut_off_alone_and_the_next_holder_keep_the_quota_together_until_it_is_back() -> None:
    async with Town() as town:
        lost = town.holder()
        town.connect(*(one for one in town.peers if one is not lost))
        await town.runs(2 * LEASE + 2 * WINDOW)
        assert town.holder() is not lost
        both = len(await town.runs(10 * WINDOW))
        assert both >= 10 * QUOTA * 0.95
        town.connect(*town.peers)
        await town.runs(LEASE + 3 * WINDOW)
        assert lost.tenure.allowance("a", QUOTA, WINDOW) == 0
        assert town.holder().tenure.allowance("a", QUOTA, WINDOW) == QUOTA


async def test_of_two_that_are_cut_off_one_after_the_other_only_the_first_polls_on() -> None:
    async with Town(workers=0) as town:
        first = town.holder()
        town.connect(*(one for one in town.peers if one is not first))
        await town.runs(4 * LEASE)
        second = town.holder()
        town.connect(*(one for one in town.peers if one not in (first, second)))
        await town.runs(4 * LEASE)
        found = {one.name: one.tenure.allowance("a", QUOTA, WINDOW) for one in town.peers}
        assert found == {first.name: LITTLE, second.name: 0, town.holder().name: QUOTA - LITTLE}


async def test_after_an_hour_it_stops_and_the_room_that_was_left_for_it_is_used() -> None:
    async with Town(workers=0) as town:
        lost = town.holder()
        town.connect(*(one for one in town.peers if one is not lost))
        await town.runs(4 * LEASE)
        assert town.holder().tenure.allowance("a", QUOTA, WINDOW) == QUOTA - LITTLE
        await asyncio.sleep(HOUR * 0.95)
        assert lost.tenure.allowance("a", QUOTA, WINDOW) == 0
        await asyncio.sleep(HOUR * 0.1)
        assert town.holder().tenure.allowance("a", QUOTA, WINDOW) == QUOTA


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_cut_whenever_no_window_holds_more_than_the_quota(seed: int) -> None:
    dice = Random(seed)
    async with Town() as town:
        for _ in range(15):
            town.connect(*(one for one in town.peers if dice.random() < 0.6))
            await asyncio.sleep(dice.choice([1, LEASE / 2, LEASE, 2 * LEASE, 4 * LEASE]))


async def test_of_a_small_quota_nothing_is_spared_and_who_was_buried_has_nothing() -> None:
    assert [share_from_memory(number) for number in (1, 4, 5, 9, 20, 100)] == [0, 0, 1, 1, 2, 10]
    tenure = Tenure(timedelta(seconds=LEASE))
    tenure.id, tenure.epochs = "me", {LEAD: 1, "a": 1}
    tenure.renewed(now())
    assert tenure.allowance("a", 4, 1.0) == 4
    await asyncio.sleep(LEASE)
    assert tenure.allowance("a", 4, 1.0) == 0
    assert tenure.allowance("a", 100, 1.0) == 10
    tenure.over()
    assert tenure.allowance("a", 100, 1.0) == 0
