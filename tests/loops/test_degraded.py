"""A store that takes no writes: what moves goes on from memory, people hear of it, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from test_courier import DOWN, Robot, letter
from test_engine import ORDERS, START, engine, runs, sample, stored

from monitor import degradation, recorder
from monitor.acknowledgement import Ack
from monitor.addressees import Addressees, Terms
from monitor.book import Book
from monitor.courier import Courier
from monitor.engine import Engine
from monitor.errors import StoreFailed
from monitor.lifeline import Lifeline
from monitor.matchers import EVERYTHING, parse
from monitor.meters import Meters, Pulse
from monitor.model import State, Transition
from monitor.quieting import Maintenance, Quieting
from monitor.routing import Route, Step
from monitor.silences import Silence
from monitor.standin import Carrier
from monitor.store import acks, alerts, outbox, silences
from monitor.store.database import FILE, Store
from monitor.store.outbox import Standing
from monitor.timewindows import Fixed


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "RETRY", timedelta(seconds=0.02))


async def pragma(store: Store, statement: str) -> None:
    """On the one connection that writes."""
    async with store._writer.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute(statement)


async def fill(store: Store) -> None:
    """A disk that is full: not one page more."""
    async with store.write() as tx:
        await tx.exec_driver_sql("CREATE TABLE ballast (b BLOB)")
        await tx.exec_driver_sql("INSERT INTO ballast VALUES (zeroblob(100))")
    await pragma(store, "PRAGMA max_page_count = 1")  # no less than there are


async def empty(store: Store) -> None:
    await pragma(store, "PRAGMA max_page_count = 1000000")


async def forbid(store: Store) -> None:
    await pragma(store, "PRAGMA query_only = ON")


async def allow(store: Store) -> None:
    await pragma(store, "PRAGMA query_only = OFF")


Deed = Callable[[Store], Awaitable[None]]
WAYS = pytest.mark.parametrize(("spoil", "mend"), [(fill, empty), (forbid, allow)], ids=["full", "read only"])


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.01)


async def steps(store: Store) -> list[Transition]:
    async with store.read() as tx:
        return [step for _, step in await alerts.unrouted(tx, most=9999)]


async def spoiled(running: Engine, store: Store, spoil: Deed) -> int:
    """Breaks the store, and brings it so much that a full one has to refuse; how many instances are watched."""
    many = [replace(ORDERS, id=f"i-{number}", name=f"n-{number}") for number in range(2, 300)]
    await running.meet(many)
    await spoil(store)
    async with asyncio.TaskGroup() as tasks:
        for one in many:
            tasks.create_task(running.take(sample(0, abnormal=1, instance=one)))
    assert running.book.recorder.trouble
    return len(many)


@WAYS
async def test_what_moves_meanwhile_is_believed_and_written_in_its_order(store: Store, spoil: Deed, mend: Deed) -> None:
    async with engine(store) as running:
        await running.take(sample(0))
        await spoiled(running, store, spoil)
        await running.take(sample(30, abnormal=2))
        await running.take(sample(60, abnormal=2))
        assert running.book.of(ORDERS.key)["abnormal"].state is State.FIRING
        await running.take(sample(90))
        assert running.book.of(ORDERS.key)["abnormal"].state is State.RESOLVED
        assert all(one.instance != ORDERS.key for one in await stored(store))

        await mend(store)
        await until(lambda: not running.book.recorder.trouble)
        await running.take(sample(120))
    mine = [one for one in await steps(store) if one.alert == running.book.of(ORDERS.key)["abnormal"].key]
    assert [(one.at, one.after) for one in mine] == [
        (sample(30).at, State.FIRING),
        (sample(90).at, State.RESOLVED),
    ]
    assert [(one.start, one.end) for one in await runs(store)] == [
        (sample(0).at, sample(0).at),
        (sample(30).at, sample(60).at),
        (sample(90).at, sample(120).at),
    ]
    assert len(await stored(store)) == 299


@WAYS
async def test_the_file_is_whole_after_it(tmp_path: Path, store: Store, spoil: Deed, mend: Deed) -> None:
    async with engine(store) as running:
        await spoiled(running, store, spoil)
        await mend(store)
        await until(lambda: not running.book.recorder.trouble)
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


async def test_a_lock_that_somebody_holds_is_no_different(tmp_path: Path, store: Store) -> None:
    await pragma(store, "PRAGMA busy_timeout = 10")
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    async with engine(store) as running:
        other.execute("BEGIN IMMEDIATE")
        await running.take(sample(0, abnormal=1))
        assert "locked" in running.book.recorder.trouble
        other.execute("ROLLBACK")
        await until(lambda: not running.book.recorder.trouble)
    other.close()
    assert [one.state for one in await stored(store)] == [State.FIRING]


async def test_beyond_the_bound_nothing_moves_and_what_was_held_stays(store: Store) -> None:
    async with engine(store) as running:
        running.book.recorder._most = 2
        await running.take(sample(0))
        await forbid(store)
        await running.take(sample(30, abnormal=1))
        await running.take(sample(60, abnormal=2))
        with pytest.raises(StoreFailed, match="no more fit"):
            await running.take(sample(90))
        assert running.book.of(ORDERS.key)["abnormal"].state is State.FIRING
        await allow(store)
        await until(lambda: not running.book.recorder.trouble)
        await running.take(sample(120))
    assert [one.state for one in await stored(store)] == [State.RESOLVED]


class Listening(Robot):
    """Keeps the notifications."""

    async def send(self, message):  # type: ignore[no-untyped-def]
        self.heard = [*getattr(self, "heard", []), message.notification]
        return await super().send(message)


NOW = timedelta()
OPS = Route("{}", "ops", EVERYTHING, (), NOW, NOW, NOW)


class Watched:
    """A lifeline over the book of an engine, which tells a robot; the time stands still until it is set."""

    def __init__(self, book: Book, store: Store, robot: Robot, patience: timedelta = timedelta()) -> None:
        self.at = START
        self.robot = robot
        self.others = Listening()
        self.meters = Meters()
        pulse = Pulse()
        self.titles: list[str] = []
        self.courier = Courier(
            store,
            {("ops", 0): Carrier("robot", "en", robot), ("others", 0): Carrier("robot", "en", self.others)},
            now=lambda: self.at,
            zone=UTC,
            public_url="",
            meters=self.meters,
            pulse=pulse,
            settled=lambda: None,
        )
        self.terms = Terms(OPS)
        self.lifeline = Lifeline(
            book,
            self.courier,
            Addressees(store, lambda: self.terms),
            now=lambda: self.at,
            meters=self.meters,
            pulse=pulse,
            patience=lambda: patience,
        )

    async def go(self, seconds: float) -> datetime | None:
        self.at = START + timedelta(seconds=seconds)
        return await self.lifeline.step(self.at)


@asynccontextmanager
async def watched(store: Store, robot: Robot) -> AsyncIterator[tuple[Engine, Watched]]:
    async with engine(store) as running:
        await running.take(sample(0))
        yield running, Watched(running.book, store, robot)


async def test_people_hear_of_it_without_the_store_and_again_when_it_is_back(store: Store) -> None:
    robot = Listening()
    async with watched(store, robot) as (running, town):
        await town.go(0)
        assert robot.sent == []
        await forbid(store)
        await running.take(sample(30, abnormal=2))
        await town.go(31)
        [first] = robot.heard
        assert [(one.name, one.firing) for one in first.alerts] == [("abnormal", True), ("store-degraded", True)]
        assert "readonly" in first.alerts[1].annotations["summary"]
        assert running.book.general[degradation.KEY].state is State.FIRING
        await town.go(40)
        await running.take(sample(60))
        await town.go(61)
        assert len(robot.sent) == 1, "not more often than once a minute"
        await town.go(95)
        assert [(one.name, one.firing) for one in robot.heard[1].alerts] == [("abnormal", False)]
        await allow(store)
        await until(lambda: not running.book.recorder.trouble)
        await town.go(100)
        await town.go(101)
        assert [(one.name, one.firing) for one in robot.heard[2].alerts] == [("store-degraded", False)]
        assert len(set(robot.sent)) == len(robot.sent) == 3
    known = {one.rule: one.state for one in await stored(store)}
    assert known == {"abnormal": State.RESOLVED, "store-degraded": State.RESOLVED}


async def test_what_another_node_says_first_is_said_only_if_it_lasts(store: Store) -> None:
    robot = Listening()
    async with engine(store) as running:
        town = Watched(running.book, store, robot, timedelta(seconds=30))
        for began in (0, 100):
            await forbid(store)
            await running.take(sample(began, abnormal=2 + began))
            assert await town.go(began + 1) == START + timedelta(seconds=began + 31)
            await town.go(began + 30)
            assert robot.sent == []
            if began:
                await town.go(began + 31)
                assert {one.name for one in robot.heard[0].alerts} == {"store-degraded"}
            await allow(store)
            await until(lambda: not running.book.recorder.trouble)
            await town.go(began + 40)
    assert len(robot.sent) == 2


async def test_what_it_said_and_is_over_when_the_store_is_back_has_its_end_said(store: Store) -> None:
    robot = Listening()
    async with watched(store, robot) as (running, town):
        await forbid(store)
        await running.take(sample(30, abnormal=2))
        await town.go(31)
        await running.take(sample(40))
        await allow(store)
        await until(lambda: not running.book.recorder.trouble)
        await town.go(45)
        assert [(one.name, one.firing) for one in robot.heard[1].alerts] == [
            ("abnormal", False),
            ("store-degraded", False),
        ]


def told(robot: Listening) -> list[list[tuple[str, bool]]]:
    return [[(one.name, one.firing) for one in said.alerts] for said in getattr(robot, "heard", [])]


async def test_it_goes_by_the_routes_and_each_receiver_hears_of_its_own(store: Store) -> None:
    robot = Listening()
    async with watched(store, robot) as (running, town):
        others = replace(OPS, path="{}/data", receiver="others", matchers=parse("alertname=abnormal"))
        late = Step("ops", timedelta(minutes=1), unless_acknowledged=True)
        town.terms = Terms(replace(OPS, routes=(replace(others, steps=(late,)),)))
        await forbid(store)
        await running.take(sample(30, abnormal=2))
        await town.go(31)
        assert told(robot) == [[("store-degraded", True)]]
        assert told(town.others) == [[("abnormal", True)]]
        await town.go(95)
        assert told(robot)[1:] == [[("abnormal", True)]], "what nobody acknowledged is escalated"
        await running.take(sample(100))
        await allow(store)
        await until(lambda: not running.book.recorder.trouble)
        await town.go(160)
        assert told(robot)[2:] == [[("abnormal", False), ("store-degraded", False)]]
        assert told(town.others)[1:] == [[("abnormal", False)]]


async def test_silences_acknowledgements_and_windows_hold_as_they_were_read_last(store: Store) -> None:
    robot = Listening()
    async with watched(store, robot) as (running, town):
        async with store.write() as tx:
            until_then = START + timedelta(seconds=90)
            await silences.save(tx, Silence("s", parse("alertname=abnormal"), START, until_then, "wang", "", START))
        await town.go(0)
        await forbid(store)
        await running.take(sample(30, abnormal=2))
        await town.go(31)
        assert told(robot) == [[("store-degraded", True)]]
        await town.go(92)
        assert told(robot)[1:] == [[("abnormal", True)]], "the silence is over, whatever the store does"
        await running.take(sample(100))
        await town.go(155)
        assert told(robot)[2:] == [[("abnormal", False)]]
        night = {"night": Fixed("night", START, START + timedelta(hours=1))}
        town.terms = Terms(OPS, Quieting(night, maintenance=(Maintenance(parse("alertname=abnormal"), "night"),)))
        await running.take(sample(200, abnormal=3))
        await town.go(220)
        town.terms = Terms(replace(OPS, mute=("night",)), Quieting(night))
        await town.go(290)
        assert len(robot.sent) == 3
        await allow(store)


async def test_what_is_acknowledged_is_not_escalated_from_memory(store: Store) -> None:
    robot = Listening()
    async with watched(store, robot) as (running, town):
        step = Step("others", timedelta(minutes=1), unless_acknowledged=True)
        town.terms = Terms(replace(OPS, steps=(step,)))
        await running.take(sample(30, abnormal=2))
        alert = running.book.of(ORDERS.key)["abnormal"]
        async with store.write() as tx:
            await acks.save(tx, Ack(alert.key, sample(31).at, "wang", "", alert.severity))
        await town.go(32)
        await forbid(store)
        await running.take(sample(40, abnormal=3))
        await town.go(41)
        await town.go(102)
        assert told(town.others) == [[("store-degraded", True)]], "nobody has acknowledged that"
        await allow(store)


async def test_what_was_not_taken_is_tried_again_with_the_same_id(store: Store) -> None:
    robot = Listening(DOWN, DOWN)
    async with watched(store, robot) as (running, town):
        await forbid(store)
        await running.take(sample(30, abnormal=2))
        again = await town.go(30)
        assert again is not None
        for seconds in (40, 80, 120):
            await town.go(seconds)
        assert len(robot.sent) == 3
        assert len(set(robot.sent)) == 1
        await allow(store)


async def test_a_store_that_refuses_only_the_ends_of_runs_is_seen_as_well(store: Store) -> None:
    robot = Listening()
    async with watched(store, robot) as (running, town):
        await running.take(sample(30))
        await forbid(store)
        await running._stretches.flush()
        await town.go(31)
        assert len(robot.sent) == 1
        await allow(store)
        await until(lambda: not running.book.recorder.trouble)
        await running._stretches.flush()
    assert [one.end for one in await runs(store)] == [sample(30).at]


async def test_a_message_whose_delivery_cannot_be_written_down_is_not_sent_again_for_that(store: Store) -> None:
    robot = Robot()
    async with watched(store, robot) as (_, town):
        async with store.write() as tx:
            await outbox.add(tx, [letter("m-1")])
        await forbid(store)
        for seconds in (0, 40, 80):
            town.at = START + timedelta(seconds=seconds)
            async with asyncio.TaskGroup() as tasks:
                await town.courier.step(town.at, tasks)
        assert robot.sent == ["m-1"]
        await allow(store)
        town.at = START + timedelta(seconds=120)
        async with asyncio.TaskGroup() as tasks:
            await town.courier.step(town.at, tasks)
        assert robot.sent == ["m-1"]
        async with store.read() as tx:
            assert [one.state for one in await outbox.recent(tx, most=9)] == [Standing.SENT]
