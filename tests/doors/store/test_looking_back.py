"""What pages ask of the store about single instances: it costs what it gives, and gives all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.model import Alert, Cause, Counts, Failure, FailureKind, Instance, Run, Severity, State, Transition
from monitor.store import alerts, history, instances, sizes
from monitor.store.database import Store

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ORDERS = Instance("prod", "i-1", "orders")
OTHER = Instance("prod", "i-2", "other")
TIMED_OUT = Failure(FailureKind.TIMEOUT, "no answer within 10 s", "req-1")


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def run(start: float, end: float, *, failed: bool = False) -> Run:
    if failed:
        return Run(minute(start), minute(end), 2, failure=TIMED_OUT)
    return Run(minute(start), minute(end), 2, Counts(int(start)), Counts())


RUNS = [run(0, 1), run(2, 3, failed=True), run(4, 5), run(6, 7, failed=True)]


async def fill(store: Store) -> None:
    async with store.write() as tx:
        await instances.remember(tx, [ORDERS, OTHER], at=START)
        rows = await instances.ids(tx)
        await history.begin(tx, [(rows[ORDERS.key], one) for one in RUNS])
        await history.begin(tx, [(rows[OTHER.key], run(0, 60))])


async def test_of_a_stretch_come_the_runs_that_began_in_it_and_the_one_before(store: Store) -> None:
    await fill(store)
    async with store.read() as tx:
        assert await history.reaching(tx, minute(3.5), [ORDERS.key]) == {ORDERS.key: RUNS[1:]}
        assert await history.reaching(tx, minute(4), [ORDERS.key]) == {ORDERS.key: RUNS[2:]}
        assert await history.reaching(tx, minute(-5), [ORDERS.key]) == {ORDERS.key: RUNS}
        both = await history.reaching(tx, minute(30), [OTHER.key, ORDERS.key])
        assert both == {OTHER.key: [run(0, 60)], ORDERS.key: RUNS[3:]}
        assert await history.reaching(tx, minute(30), []) == {}


async def test_the_last_failures_come_newest_first_and_the_last_good_run_is_found_behind_them(store: Store) -> None:
    await fill(store)
    async with store.read() as tx:
        assert await history.failures(tx, ORDERS.key, most=5) == [RUNS[3], RUNS[1]]
        assert await history.failures(tx, ORDERS.key, most=1) == [RUNS[3]]
        assert await history.failures(tx, OTHER.key, most=5) == []
        assert await history.last_good(tx, ORDERS.key) == RUNS[2]
        assert await history.last_good(tx, Instance("prod", "i-3", "none").key) is None
        assert await history.latest(tx, of=[OTHER.key]) == {OTHER.key: run(0, 60)}
        assert await instances.first_seen(tx, [OTHER.key]) == {OTHER.key: START}
        assert await instances.find(tx, ORDERS.key) == ORDERS
        assert await instances.find(tx, Instance("test", "i-1", "orders").key) is None


async def test_the_alerts_of_an_instance_come_with_the_live_ones_first(store: Store) -> None:
    live = Alert("a", "r", "1", ORDERS.key, {}, Severity.INFO, State.FIRING, START, START, fired_at=START)
    over = replace(live, key="b", state=State.RESOLVED, state_since=minute(9), resolved_at=minute(9))
    strange = replace(live, key="c", instance=OTHER.key)
    steps = [
        Transition(key, minute(at), State.NONE, State.FIRING, Cause.HELD, Severity.INFO, "r", "1")
        for key, at in (("a", 1), ("b", 2), ("c", 3), ("a", 4))
    ]
    async with store.write() as tx:
        await alerts.save(tx, [over, live, strange])
        await alerts.append(tx, steps)
    async with store.read() as tx:
        assert await alerts.about(tx, ORDERS.key) == [live, over]
        assert await alerts.steps_since(tx, ["a", "b"], minute(1)) == [steps[1], steps[3]]


async def test_the_store_knows_its_kind_its_size_and_how_far_back_it_remembers(store: Store) -> None:
    async with store.read() as tx:
        empty = await sizes.size(tx)
        kind = tx.dialect.name
    await fill(store)
    async with store.read() as tx:
        filled = await sizes.size(tx)
    assert (empty.dialect, empty.since, empty.instances) == (kind, None, 0)
    assert (filled.since, filled.instances) == (minute(1), 2)
    assert filled.bytes >= empty.bytes > 10_000
