"""Posted alerts are recorded, cost nothing while they say the same, end when they are not posted, outlive a process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from monitor.book import Book
from monitor.engine import Engine
from monitor.errors import StoreFailed
from monitor.intake import REMEMBERED, Intake
from monitor.meters import Meters, Pulse
from monitor.model import Alert, Cause, Severity, State
from monitor.posted import Post
from monitor.rules.rule import Rule
from monitor.store import alerts
from monitor.store.database import Store
from monitor.store.tables import transition

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
RULE = Rule("tasks-abnormal", when="abnormal > 0", severity=Severity.CRITICAL)


class Hands:
    """The clock of a process, moved by hand, and what the process counts."""

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds
        self.moves = 0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def moved(self) -> None:
        self.moves += 1


def post(name: str = "DiskFull", *, ends: float | None = None, **labels: str) -> Post:
    ends_at = None if ends is None else START + timedelta(seconds=ends)
    return Post({"alertname": name, **labels}, {"summary": "full"}, START, ends_at)


@asynccontextmanager
async def process(store: Store, hands: Hands, *, most: int = 100) -> AsyncIterator[Intake]:
    """One process that takes posts, with the alerts that the store knows."""
    book = Book(store, meters=Meters(), moved=hands.moved)
    async with store.read() as tx:
        book.load(await alerts.known(tx))
    intake = Intake(now=hands.now, pulse=Pulse(), most=most)
    intake.open(book)
    writing = asyncio.create_task(book.run())
    try:
        yield intake
    finally:
        writing.cancel()
        await asyncio.wait([writing])


async def stored(store: Store) -> dict[str, Alert]:
    async with store.read() as tx:
        return {one.labels["alertname"]: one for one in await alerts.known(tx)}


async def steps(store: Store) -> int:
    async with store.read() as tx:
        return int(await tx.scalar(sa.select(sa.func.count()).select_from(transition)) or 0)


async def test_a_storm_of_posts_that_say_the_same_costs_no_transaction(store: Store) -> None:
    hands = Hands()
    storm = [post(instance=str(number)) for number in range(1000)]
    async with process(store, hands, most=1000) as intake:
        await intake.take(storm)
        recorded = hands.moves
        assert recorded == 1, "all of a request in one"
        for hands.seconds in range(30, 631, 30):
            assert await intake.take(storm) == 0
            await intake.step(hands.now())
        assert hands.moves == recorded
    assert await steps(store) == 1000


async def test_ends_that_move_are_written_every_five_minutes_at_most(store: Store) -> None:
    hands = Hands()
    async with process(store, hands) as intake:
        for hands.seconds in range(0, 3600, 60):
            await intake.take([post(ends=hands.seconds + 240)])
            await intake.step(hands.now())
    assert hands.moves <= 12
    assert (await stored(store))["DiskFull"].state is State.FIRING


async def test_it_ends_when_nobody_posts_it_any_more(store: Store) -> None:
    hands = Hands()
    async with process(store, hands) as intake:
        await intake.take([post(), post("Other", ends=60)])
        assert await intake.step(hands.now()) == START + timedelta(seconds=60)
        assert await intake.step(START + timedelta(seconds=60)) == START + timedelta(seconds=300)
        found = await stored(store)
        assert (found["Other"].state, found["Other"].cause) == (State.RESOLVED, Cause.TIMED_OUT)
        assert await intake.step(START + timedelta(seconds=299)) == START + timedelta(seconds=300)
        assert await intake.step(START + timedelta(seconds=300)) is None
        assert (await stored(store))["DiskFull"].state is State.RESOLVED


async def test_it_outlives_its_process_and_has_time_to_be_posted_again(store: Store) -> None:
    async with process(store, Hands()) as intake:
        await intake.take([post(), post("Long", ends=7200), post("Over", ends=60)])
        await intake.take([post("Over", ends=0)])
    hands = Hands(3600)
    async with process(store, hands) as intake:
        await intake.step(hands.now())
        found = await stored(store)
        assert [found[name].state for name in ("DiskFull", "Long", "Over")] == ["firing", "firing", "resolved"]
        before = hands.moves
        await intake.take([post()])
        assert hands.moves == before, "it is the same alert still"
        hands.seconds += 300
        await intake.step(hands.now())
        assert (await stored(store))["DiskFull"].state is State.RESOLVED
        assert (await stored(store))["Long"].state is State.FIRING


async def test_what_is_over_is_forgotten_after_a_while_and_may_fire_again(store: Store) -> None:
    hands = Hands()
    async with process(store, hands) as intake:
        await intake.take([post()])
        await intake.take([post(ends=0)])
        assert (await stored(store))["DiskFull"].cause is Cause.ENDED
        hands.seconds = REMEMBERED.total_seconds()
        await intake.step(hands.now())
        await intake.take([post()])
    assert (await stored(store))["DiskFull"].state is State.FIRING
    assert await steps(store) == 3


async def test_no_more_are_taken_than_fit_and_those_that_fire_go_on(store: Store) -> None:
    async with process(store, Hands(), most=2) as intake:
        assert await intake.take([post("a"), post("b"), post("c")]) == 1
        assert await intake.take([post("c"), post("a"), post("b", ends=0)]) == 1
        assert await intake.take([post("c")]) == 0
    assert {name: one.state for name, one in (await stored(store)).items()} == {
        "a": State.FIRING,
        "b": State.RESOLVED,
        "c": State.FIRING,
    }


async def test_posts_that_come_before_the_start_is_done_wait_for_it(store: Store) -> None:
    intake = Intake(now=Hands().now, pulse=Pulse())
    taking = asyncio.create_task(intake.take([post()]))
    await asyncio.sleep(0)
    assert not taking.done()
    book = Book(store, meters=Meters(), moved=lambda: None)
    intake.open(book)
    writing = asyncio.create_task(book.run())
    assert await taking == 0
    writing.cancel()
    await asyncio.wait([writing])


async def test_what_comes_while_the_service_stops_is_refused_and_does_not_hang(store: Store) -> None:
    async with process(store, Hands()) as intake:
        running = asyncio.create_task(intake.run())
        await intake.take([post()])
        running.cancel()
        await asyncio.wait([running])
        with pytest.raises(StoreFailed, match="the service stops"):
            await intake.take([post("Late")])
    assert (await stored(store)).keys() == {"DiskFull"}


async def test_a_reload_ends_no_posted_alert_even_one_that_is_called_like_a_rule(store: Store) -> None:
    hands = Hands()
    engine = Engine(
        store,
        (RULE, Rule("many", when="count(abnormal > 0) > 3", by=("account",))),
        now=hands.now,
        meters=Meters(),
        pulse=Pulse(),
        moved=hands.moved,
        fires=lambda _, __: None,
    )
    await engine.load()
    intake = Intake(now=hands.now, pulse=Pulse())
    intake.open(engine.book)
    running = asyncio.create_task(engine.run())
    await intake.take([post("tasks-abnormal", account="prod"), post("policy-invalid"), post("many", account="prod")])
    engine.adopt(await engine.prepare(()))
    await engine.retire({})
    running.cancel()
    await asyncio.wait([running])
    assert {one.state for one in (await stored(store)).values()} == {State.FIRING}


async def test_what_the_store_does_not_take_is_said(store: Store) -> None:
    hands = Hands()
    async with process(store, hands) as intake:
        await intake.take([post()])
        (await intake._book).recorder._most = 0
        (await intake._book).recorder.fail(StoreFailed("disk full"))
        hands.seconds = 200
        with pytest.raises(StoreFailed):
            await intake.take([post(), post("New")])
        assert await intake.step(hands.now()) == START + timedelta(seconds=500), "what was said again goes on"
