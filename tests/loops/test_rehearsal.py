"""The service drills by itself: once when it is due, also after it was down meanwhile, and tells of a failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitor.book import Book
from monitor.drill import Schedule
from monitor.drilling import Terms, begin
from monitor.matchers import EVERYTHING
from monitor.meters import Meters, Pulse
from monitor.rehearsal import Plan, Rehearsal
from monitor.routing import Route
from monitor.store import alerts, outbox
from monitor.store.database import Store
from monitor.store.outbox import Letter, Standing

START = datetime(2026, 1, 5, 9, 9, 30, tzinfo=UTC)
DAILY = Schedule("10 9 * * *", UTC)
WAIT = timedelta(minutes=1)
ROUTE = Route("{}", "ops", EVERYTHING, (), WAIT, WAIT, WAIT)
BOTH = Terms(ROUTE, {"ops": ("robot",), "data": ("robot", "robot")})


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@dataclass
class Process:
    """One process of the service, its clock in the hands of the test."""

    rehearsal: Rehearsal
    meters: Meters
    plan: Plan
    at: datetime = START

    async def step(self, seconds: float) -> datetime | None:
        self.at = moment(seconds)
        return await self.rehearsal.step(self.at)

    def figure(self, name: str, **labels: str) -> float | None:
        return self.meters.registry.get_sample_value(f"fdi_monitor_{name}", labels)


@asynccontextmanager
async def running(store: Store) -> AsyncIterator[Process]:
    """A process that takes up where the last one stopped."""
    meters = Meters()
    book = Book(store, meters=meters, moved=lambda: None)
    async with store.read() as tx:
        book.load(await alerts.known(tx))
    writing = asyncio.create_task(book.run())
    rehearsal = Rehearsal(
        store, book, lambda: it.plan, now=lambda: it.at, meters=meters, pulse=Pulse(), queued=lambda: None
    )
    it = Process(rehearsal, meters, Plan(BOTH, DAILY))
    try:
        yield it
    finally:
        writing.cancel()
        await asyncio.wait([writing])


async def waiting(store: Store) -> list[Letter]:
    async with store.read() as tx:
        found = await outbox.recent(tx, most=99)
    return [one for one in found[::-1] if one.state is Standing.WAITING]


async def settle(store: Store, seconds: float, **outcomes: Standing) -> None:
    """What waits is settled, by the receiver's name."""
    for one in await waiting(store):
        if one.receiver in outcomes:
            state = outcomes[one.receiver]
            done = replace(one, state=state, settled_at=moment(seconds), attempts=1, reason="sign does not match")
            async with store.write() as tx:
                await outbox.settle(tx, done)


async def firing(store: Store) -> dict[str, str]:
    async with store.read() as tx:
        live = await alerts.live(tx)
    return {one.labels["receiver"]: one.annotations["summary"] for one in live if one.state.fires}


async def test_it_begins_when_it_is_due_and_tells_how_long_it_took(store: Store) -> None:
    async with running(store) as it:
        assert await it.step(0) == moment(30)
        assert await waiting(store) == []
        assert await it.step(30) == moment(90) + timedelta(microseconds=1), "when it is late"
        assert [(one.receiver, one.position) for one in await waiting(store)] == [("ops", 0), ("data", 0), ("data", 1)]
        await settle(store, 31.5, ops=Standing.SENT)
        await it.step(32)
        assert it.figure("drills_total", receiver="ops", outcome="good") is None, "the others are still open"
        await settle(store, 33, data=Standing.SENT)
        assert await it.step(33) == moment(30) + timedelta(days=1)
        assert it.figure("drills_total", receiver="ops", outcome="good") == 1
        assert it.figure("drill_seconds", receiver="ops") == 1.5
        assert it.figure("drill_seconds", receiver="data") == 3
        assert await firing(store) == {}
    async with running(store) as it:
        assert await it.step(60) == moment(30) + timedelta(days=1)
        assert it.figure("drill_last_success_timestamp_seconds", receiver="ops") == moment(31.5).timestamp()


async def test_one_that_was_due_while_it_was_down_runs_once(store: Store) -> None:
    async with running(store) as it:
        await it.step(0)
    week = 7 * 86_400
    async with running(store) as it:
        assert await it.step(week) == moment(week + 30), "one for all that were missed, and the next at its time"
        assert len(await waiting(store)) == 3
    async with running(store) as it:
        await it.step(week + 1)
        assert len(await waiting(store)) == 3


async def test_a_changed_schedule_counts_from_then_on(store: Store) -> None:
    async with running(store) as it:
        await it.step(0)
        it.plan = Plan(BOTH, Schedule("10 8 * * *", UTC, receivers=("ops", "gone")))
        assert await it.step(1) == moment(30 + 23 * 3600)
        await it.step(31 + 23 * 3600)
        assert [one.receiver for one in await waiting(store)] == ["ops"], "one that is gone is left out"
        it.plan = Plan(BOTH)
        await settle(store, 32 + 23 * 3600, ops=Standing.SENT)
        assert await it.step(33 + 23 * 3600) is None


async def test_whoever_does_not_get_it_is_an_alert_until_a_drill_arrives(store: Store) -> None:
    async with running(store) as it:
        await it.step(0)
        await it.step(30)
        await settle(store, 31, data=Standing.DEAD)
        await it.step(32)
        assert await firing(store) == {}, "the other may still arrive"
        await it.step(91)
        assert await firing(store) == {
            "data": "the drill did not arrive at data: robot: sign does not match",
            "ops": "the drill did not arrive at ops: robot: not there within 60 s",
        }
        assert it.figure("drills_total", receiver="data", outcome="failed") == 1
    async with running(store) as it:
        # what comes late is late, and a drill by hand that arrives ends the alert
        await settle(store, 95, ops=Standing.SENT)
        await it.step(96)
        assert set(await firing(store)) == {"data", "ops"}
        it.at = moment(100)
        await begin(store, BOTH, ["data"], now=lambda: it.at)
        await settle(store, 101, data=Standing.SENT)
        await it.step(102)
        assert set(await firing(store)) == {"ops"}
        it.plan = Plan(Terms(ROUTE, {"data": ("robot",)}), DAILY)
        await begin(store, it.plan.terms, ["data"], now=lambda: it.at)
        await settle(store, 103, data=Standing.SENT)
        await it.step(104)
        assert await firing(store) == {}, "a receiver that is gone needs no alert"


async def test_one_by_hand_that_fails_raises_no_alert(store: Store) -> None:
    async with running(store) as it:
        it.plan = Plan(BOTH)
        await begin(store, BOTH, ["ops"], now=lambda: it.at)
        await settle(store, 1, ops=Standing.DEAD)
        await it.step(2)
        assert await firing(store) == {}
        assert it.figure("drills_total", receiver="ops", outcome="failed") == 1
