"""An account goes from one node to another: timers, windows and groups go on, nothing ends by it, and who lost it
writes nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.engine import Engine
from monitor.errors import StoreFailed
from monitor.meters import Meters, Pulse
from monitor.model import Alert, Counts, Instance, Sample, State, Transition
from monitor.rules.rule import Rule
from monitor.sharing import LEAD
from monitor.store import alerts, history
from monitor.store.database import Store

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ORDERS = Instance("prod", "i-1", "orders", "cn-north-4", "p-1", {"env": "prod"})
BILLS = Instance("test", "i-2", "bills", "cn-north-4", "p-2", {"env": "prod"})
ABNORMAL = Rule("abnormal", when="abnormal > 0")
SLOW = Rule("slow", when="abnormal > 0", hold=timedelta(minutes=2))
JUMP = Rule("jump", when="increase(abnormal, 5m) >= 3")
MANY = Rule("many", when="count(abnormal > 0) >= 1", by=("account",))
ALL = Rule("all", when="sum(abnormal) >= 1", by=("env",))


def sample(seconds: float, abnormal: int = 0, *, instance: Instance = ORDERS) -> Sample:
    at = START + timedelta(seconds=seconds)
    return Sample(instance, at, timedelta(seconds=0.1), Counts(5, abnormal, 0, 9), Counts(2, 0, 0, 1))


class Deeds:
    """The accounts that a node holds, in the place of the rows of a database."""

    def __init__(self, *held: str) -> None:
        self.held = set(held)

    async def fence(self, tx: AsyncConnection, accounts: Collection[str]) -> Collection[str]:
        return self.held & set(accounts)


@asynccontextmanager
async def node(
    store: Store, deeds: Deeds, *rules: Rule, now: Callable[[], datetime] = lambda: START
) -> AsyncIterator[Engine]:
    """An engine of one node, which has taken what it holds."""
    made = Engine(
        store,
        rules,
        now=now,
        meters=Meters(),
        pulse=Pulse(),
        moved=lambda: None,
        fires=lambda _instance, _alert: None,
        fence=deeds.fence,
    )
    running = asyncio.create_task(made.run())
    try:
        for account in sorted(deeds.held):
            await made.load(account)
        yield made
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def stored(store: Store) -> dict[str, Alert]:
    async with store.read() as tx:
        return {one.labels["alertname"]: one for one in await alerts.known(tx)}


async def steps(store: Store) -> list[Transition]:
    async with store.read() as tx:
        return [step for _, step in await alerts.unrouted(tx, most=99)]


async def test_a_timer_and_a_window_go_on_at_the_next_node_and_nothing_ends(store: Store) -> None:
    one, two = Deeds("prod"), Deeds()
    async with node(store, one, SLOW, JUMP, MANY) as first, node(store, two, SLOW, JUMP, MANY) as second:
        await first.meet([ORDERS])
        await first.take(sample(0))
        await first.take(sample(30, abnormal=2))
        await first.let_go("prod", written=True)
        one.held.clear()
        assert (list(first.book.live()), first.watched("prod"), first.troubled("prod")) == ([], [], frozenset())

        two.held.add("prod")
        await second.load("prod")
        assert [alert.rule for _, alert in second.book.live()] == ["slow"]
        await second.meet([ORDERS])
        await second.take(sample(60, abnormal=3))
        await second.take(sample(150, abnormal=3))
    found = await stored(store)
    assert {name: (alert.state, alert.since) for name, alert in found.items()} == {
        "slow": (State.FIRING, sample(30).at),
        "jump": (State.FIRING, sample(60).at),
        "many": (State.FIRING, sample(30).at),
    }
    assert [step.after for step in await steps(store)].count(State.FIRING) == 3
    assert [step for step in await steps(store) if step.after is State.RESOLVED] == []


async def test_the_next_node_knows_which_polls_were_missed_meanwhile(store: Store) -> None:
    one, two = Deeds("prod", "test"), Deeds()
    clock = [START]
    async with node(store, one, ABNORMAL) as first, node(store, two, ABNORMAL, now=lambda: clock[0]) as second:
        await first.meet([ORDERS, BILLS])
        await first.take(sample(0))
        await first.take(sample(25, instance=BILLS))
        await first.take(sample(26, instance=BILLS))
        for account in ("prod", "test"):
            await first.let_go(account, written=True)
            await second.load(account)
        two.held = {"prod", "test"}
        await second.meet([ORDERS, BILLS])
        keys = [ORDERS.key, BILLS.key]
        found = {}
        for seconds in (29, 31, 57, 61):
            clock[0] = START + timedelta(seconds=seconds)
            found[seconds] = second.missed(keys, 30)
    assert found == {29: [], 31: [ORDERS.key], 57: keys, 61: [BILLS.key]}, "not what was missed long ago"


async def test_who_lost_an_account_writes_nothing_of_it_and_all_of_the_others(store: Store) -> None:
    one = Deeds("prod", "test")
    async with node(store, one, ABNORMAL) as first:
        await first.meet([ORDERS, BILLS])
        await first.take(sample(0))
        one.held = {"test"}
        async with asyncio.TaskGroup() as both:
            both.create_task(first.take(sample(30, abnormal=1)))
            both.create_task(first.take(sample(30, abnormal=1, instance=BILLS)))
        await first.let_go("prod", written=False)
    assert [step.alert for step in await steps(store)] == [one.key for one in (await stored(store)).values()]
    assert (await stored(store))["abnormal"].instance == BILLS.key
    async with store.read() as tx:
        assert [run.start for run in (await history.since(tx, START - timedelta(days=1)))[ORDERS.key]] == [START]


async def test_what_was_held_for_a_store_that_was_away_is_dropped_once_another_had_the_account(store: Store) -> None:
    one = Deeds("prod", "test")
    async with node(store, one, ABNORMAL) as first:
        await first.meet([ORDERS, BILLS])
        first.book.recorder.fail(StoreFailed("away"))
        await first.take(sample(30, abnormal=1))
        await first.take(sample(30, abnormal=1, instance=BILLS))
        assert first.book.recorder.held == 2
        await first.let_go("prod", written=False)
        # it is this node's again, under another epoch, before the store was tried again
        await first.load("prod")
    assert {one.instance for one in (await stored(store)).values()} == {BILLS.key}


async def test_what_comes_back_comes_back_as_the_others_left_it(store: Store) -> None:
    one, two = Deeds("prod"), Deeds()
    async with node(store, one, ABNORMAL, MANY) as first, node(store, two, ABNORMAL, MANY) as second:
        await first.meet([ORDERS])
        await first.take(sample(0, abnormal=1))
        one.held, two.held = set(), {"prod"}
        await first.let_go("prod", written=False)
        await second.load("prod")
        await second.meet([ORDERS])
        await second.take(sample(30))
        await second.let_go("prod", written=True)
        one.held, two.held = {"prod"}, set()
        await first.load("prod")
        assert list(first.book.live()) == []
        assert list(first.book.general.values()) == [(await stored(store))["many"]]
        await first.meet([ORDERS])
        await first.take(sample(60, abnormal=1))
    assert {alert.state for alert in (await stored(store)).values()} == {State.FIRING}
    moved = [step.after for step in await steps(store)]
    fires, ends = [State.FIRING] * 2, [State.RESOLVED] * 2
    assert moved == [*fires, *ends, *fires]


async def test_a_group_over_accounts_is_the_leads_and_its_members_count_wherever_they_are_polled(store: Store) -> None:
    one, two = Deeds(LEAD, "prod", "test"), Deeds()
    async with node(store, one, ALL) as first, node(store, two, ALL) as second:
        await first.meet([ORDERS, BILLS])
        await first.take(sample(0, abnormal=1))
        await first.take(sample(0, instance=BILLS))
        for account in ("prod", "test", LEAD):
            await first.let_go(account, written=True)
        one.held, two.held = set(), {LEAD, "prod", "test"}
        for account in ("prod", "test", LEAD):
            await second.load(account)
        await second.meet([BILLS])
        # the other member is not polled yet: it counts as it was
        await second.take(sample(30, instance=BILLS))
        assert (await stored(store))["all"].state is State.FIRING
        await second.meet([ORDERS])
        await second.take(sample(60))
    assert (await stored(store))["all"].state is State.RESOLVED
    assert [step.after for step in await steps(store)] == [State.FIRING, State.RESOLVED]


async def test_the_lead_alone_ends_no_group_whose_members_others_still_poll(store: Store) -> None:
    one, two = Deeds(LEAD, "prod", "test"), Deeds()
    polled = {"prod": None, "test": None}
    async with node(store, one, ALL) as first, node(store, two, ALL) as second:
        await first.meet([ORDERS, BILLS])
        await first.take(sample(0, abnormal=1))
        await first.let_go(LEAD, written=True)
        one.held, two.held = {"prod", "test"}, {LEAD}
        await second.load(LEAD)
        await second.retire(polled)
        assert (await stored(store))["all"].state is State.FIRING
        # who polls goes on judging, and writes nothing of what is the lead's
        await first.take(sample(30))
        assert (await stored(store))["all"].state is State.FIRING
        for account in ("prod", "test"):
            await first.let_go(account, written=True)
            one.held.discard(account)
            two.held.add(account)
            await second.load(account)
        await second.meet([ORDERS, BILLS])
        await second.take(sample(60, instance=BILLS))
    assert (await stored(store))["all"].state is State.RESOLVED
