"""Rules with `by` through the engine: one transaction, one change at a time, and nothing forgotten by a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from monitor.engine import Engine
from monitor.errors import StoreFailed
from monitor.meters import Meters, Pulse
from monitor.model import Alert, Cause, Counts, Failure, FailureKind, Instance, Sample, Severity, State
from monitor.rules.rule import Rule
from monitor.store import alerts
from monitor.store.database import Store

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
LOST = Failure(FailureKind.UNREACHABLE, "503")
A, B, C = (Instance("prod", f"i-{name}", name, "cn-north-4", "p-1") for name in "abc")
MANY = Rule("many", when="count(abnormal > 0) >= 2", severity=Severity.CRITICAL, by=("account",))
SLOW = Rule("many", when="count(abnormal > 0) >= 2", by=("account",), hold=timedelta(minutes=1))


def sample(seconds: float, instance: Instance, abnormal: int | None = 0) -> Sample:
    at = START + timedelta(seconds=seconds)
    if abnormal is None:
        return Sample(instance, at, timedelta(), failure=LOST)
    return Sample(instance, at, timedelta(seconds=0.1), Counts(5, abnormal, 0, 9), Counts(2, 0, 0, 1))


@asynccontextmanager
async def engine(
    store: Store, *rules: Rule, at: float = 0, meet: tuple[Instance, ...] = (A, B, C)
) -> AsyncIterator[Engine]:
    """An engine as one process runs it, which has met these instances."""
    made = Engine(
        store,
        rules or (MANY,),
        now=lambda: START + timedelta(seconds=at),
        meters=Meters(),
        pulse=Pulse(),
        moved=lambda: None,
        fires=lambda _, __: None,
    )
    await made.load()
    running = asyncio.create_task(made.run())
    try:
        await made.meet(meet)
        yield made
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def stored(store: Store) -> list[Alert]:
    async with store.read() as tx:
        return await alerts.known(tx)


async def state(store: Store) -> State:
    [alert] = await stored(store)
    return alert.state


async def reaches(store: Store, wanted: State) -> None:
    """Waits for what is judged in the background; no more samples come."""
    async with asyncio.timeout(5):
        while await state(store) is not wanted:
            await asyncio.sleep(0.01)


async def causes(store: Store) -> list[Cause]:
    async with store.read() as tx:
        return [transition.cause for _, transition in await alerts.unrouted(tx, most=99)]


async def test_a_group_alert_is_recorded_with_its_labels_and_its_numbers(store: Store) -> None:
    async with engine(store) as running:
        await running.take(sample(0, A, 1))
        assert await stored(store) == []
        await running.take(sample(1, B, 2))
        await running.take(sample(2, C, 4))
    [alert] = await stored(store)
    assert alert.all_labels == {"alertname": "many", "account": "prod", "severity": "critical"}
    assert (alert.instance, alert.state) == (None, State.FIRING)
    assert alert.values == {"count(abnormal > 0)": 3}
    assert await causes(store) == [Cause.HELD]


async def test_a_group_alert_is_written_with_the_sample_that_moved_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(store) as running:
        await running.take(sample(0, A, 1))
        transactions, write = 0, store.write

        def counted(*, alone: bool = True) -> object:
            nonlocal transactions
            transactions += 1
            return write()

        monkeypatch.setattr(store, "write", counted)
        await running.take(sample(1, B, 2))
        assert transactions == 1
    assert await state(store) is State.FIRING


async def test_silent_members_hold_an_alert_until_one_is_well(store: Store) -> None:
    async with engine(store) as running:
        await running.take(sample(0, A, 1))
        await running.take(sample(1, B, 1))
        await running.take(sample(30, A, None))
        await running.take(sample(31, B, None))
        await running.take(sample(32, C, 0))
        assert await state(store) is State.FIRING
        await running.take(sample(60, A, 0))
        assert await state(store) is State.RESOLVED


async def test_a_restart_keeps_timers_and_the_last_good_samples_of_those_not_polled_yet(store: Store) -> None:
    async with engine(store, SLOW) as running:
        await running.take(sample(0, A, 1))
        await running.take(sample(1, B, 1))
        await running.take(sample(30, B, None))
    assert await state(store) is State.PENDING
    async with engine(store, SLOW, at=45, meet=(C,)) as running:
        await running.take(sample(45, C, 0))
        assert await state(store) is State.PENDING
        await running.take(sample(61, C, 0))
        assert await state(store) is State.FIRING
        await running.meet([A, B])
        await running.take(sample(62, C, 0))
        assert await state(store) is State.FIRING
        await running.take(sample(63, B, 0))
        assert await state(store) is State.RESOLVED


async def test_the_past_of_a_silent_member_comes_back_whenever_it_was(store: Store) -> None:
    jump = Rule("jump", when="sum(increase(abnormal, 2m)) >= 3", by=("account",))
    async with engine(store, jump) as running:
        await running.take(sample(0, A, 0))
        await running.take(sample(30, A, 4))
        await running.take(sample(31, B, 0))
        for seconds in range(60, 900, 30):
            await running.take(sample(seconds, A, None))
            await running.take(sample(seconds + 1, B, 0))
    async with engine(store, jump, at=3600) as running:
        await running.take(sample(3600, B, 0))
        await running.take(sample(3630, B, 0))
        assert await state(store) is State.FIRING


async def test_members_that_left_end_a_group_and_a_change_under_way_is_waited_for(store: Store) -> None:
    async with engine(store) as running:
        await running.take(sample(0, A, 1))
        moving = asyncio.create_task(running.take(sample(1, B, 1)))
        await asyncio.sleep(0)
        await running.leave([A.key, B.key, C.key])
        await moving
        assert await causes(store) == [Cause.HELD, Cause.INSTANCE_REMOVED]
        assert await state(store) is State.RESOLVED


@pytest.mark.parametrize(
    ("polled", "rules", "cause"),
    [
        ({"prod": {A.key}}, (MANY,), None),
        ({"prod": None}, (MANY,), None),
        ({"prod": set()}, (MANY,), Cause.INSTANCE_REMOVED),
        ({"other": None}, (MANY,), Cause.ACCOUNT_REMOVED),
        ({"prod": None}, (Rule("other", when="up == 0"),), Cause.RULE_REMOVED),
        ({"prod": None}, (Rule("many", when="abnormal > 0"),), Cause.RULE_REMOVED),
        ({"prod": None}, (Rule("many", when="sum(abnormal) > 0", by=("instance",)),), Cause.RULE_REMOVED),
    ],
)
async def test_after_a_restart_what_speaks_for_nobody_ends_by_name(
    store: Store, polled: dict[str, set[object] | None], rules: tuple[Rule, ...], cause: Cause | None
) -> None:
    async with engine(store) as running:
        await running.take(sample(0, A, 1))
        await running.take(sample(1, B, 1))
    async with engine(store, *rules, at=60, meet=()) as running:
        await running.retire(polled)  # type: ignore[arg-type]
    [alert] = await stored(store)
    assert (alert.state, alert.cause) == ((State.RESOLVED, cause) if cause else (State.FIRING, Cause.HELD))


async def test_members_of_groups_are_known_to_the_roster_so_that_they_can_leave(store: Store) -> None:
    async with engine(store) as running:
        await running.take(sample(0, A, 0))
    async with engine(store, at=60, meet=()) as running:
        assert running.troubled("prod") == {A.key}
        assert running.troubled("other") == frozenset()
    async with engine(store, Rule("alone", when="abnormal > 0"), at=60, meet=()) as running:
        assert running.troubled("prod") == frozenset()


async def test_a_storm_moves_a_group_one_step_at_a_time(store: Store) -> None:
    many = tuple(Instance("prod", f"i-{number}", f"n{number}") for number in range(50))
    async with engine(store, meet=many) as running:
        await asyncio.gather(*(running.take(sample(1, one, 1)) for one in many))
        await reaches(store, State.FIRING)
        await asyncio.gather(*(running.take(sample(30, one, 0)) for one in many))
        await reaches(store, State.RESOLVED)
        assert await causes(store) == [Cause.HELD, Cause.CLEARED]


async def test_what_a_busy_group_misses_is_judged_without_another_sample(store: Store) -> None:
    async with engine(store, SLOW) as running:
        await running.take(sample(0, A, 1))
        # The first begins the alert; while it is on its way the second ends its wait.
        await asyncio.gather(running.take(sample(1, B, 1)), running.take(sample(70, C, 1)))
        await reaches(store, State.FIRING)


async def test_a_sample_that_was_not_recorded_is_not_what_a_group_goes_on_with(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(store) as running:
        await running.take(sample(0, A, 0))
        with monkeypatch.context() as patch:
            patch.setattr(running.book.recorder, "record", refused)
            with pytest.raises(StoreFailed):
                await running.take(sample(30, A, 1))
        await running.take(sample(60, A, 0))
        await running.take(sample(61, B, 1))
        assert await stored(store) == []


async def test_what_cannot_even_be_held_moves_no_group_and_the_next_sample_does(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(store) as running:
        await running.take(sample(0, A, 1))
        with monkeypatch.context() as patch:
            patch.setattr(running.book.recorder, "record", refused)
            with pytest.raises(StoreFailed):
                await running.take(sample(1, B, 1))
        assert await stored(store) == []
        await running.take(sample(31, B, 1))
        assert await state(store) is State.FIRING


async def refused(_: object) -> None:
    """A recorder that holds as much as it can."""
    raise StoreFailed("disk full")
