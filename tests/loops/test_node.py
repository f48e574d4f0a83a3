"""Nodes over one database: who comes has its share, who goes leaves it, who lost it stops, what fails comes again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from databases import Server

from monitor.cluster import hear
from monitor.errors import StoreFailed
from monitor.membership import Membership
from monitor.meters import Pulse
from monitor.node import Node
from monitor.sharing import LEAD, rendezvous
from monitor.store import nodes, postgres
from monitor.store.database import Store, open_store
from monitor.store.footprint import Footprint
from monitor.store.nodes import Taken
from monitor.tenure import Tenure

LEASE = timedelta(minutes=1)
"""Far longer than any test: nothing here happens by time, all by being woken."""

ACCOUNTS = tuple(f"account-{number}" for number in range(8))
START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
SPENT = [3.0, 1.0]


class Crew:
    """Notes what it was told to do."""

    def __init__(self) -> None:
        self.works: dict[str, Taken] = {}
        self.told: list[tuple[str, str]] = []
        self.fails = 0

    async def take(self, taken: Taken) -> None:
        if self.fails:
            self.fails -= 1
            raise StoreFailed("away")
        assert taken.account not in self.works
        self.works[taken.account] = taken
        self.told.append(("take", taken.account))

    async def leave(self, account: str) -> list[float] | None:
        del self.works[account]
        self.told.append(("leave", account))
        return SPENT

    async def lose(self, account: str) -> None:
        self.works.pop(account, None)
        self.told.append(("lose", account))

    async def settle(self) -> None:
        """Nothing has to end."""


class Place:
    """One node with its own way into the database."""

    def __init__(self, store: Store, name: str, folder: Path) -> None:
        self.store, self.crew, self.tenure = store, Crew(), Tenure(LEASE)
        self.policy: Sequence[str] = ACCOUNTS
        self.beyond: set[str] = set()
        self.membership = Membership(
            store,
            self.tenure,
            name=name,
            address="http://127.0.0.1:8080",
            version="1",
            accounts=lambda: self.policy,
            beyond=lambda: self.beyond,
            now=lambda: START,
            pulse=Pulse(),
            footprint=Footprint(folder / name),
        )
        self.node = Node(
            store, self.tenure, self.membership, self.crew, accounts=lambda: self.policy, together=lambda: ()
        )
        self.tenure.missed = self.node.wake
        self.heard = 0

    def changed(self) -> None:
        self.heard += 1

    @property
    def held(self) -> set[str]:
        return set(self.crew.works)


class Town:
    """Nodes that hear each other over one database."""

    def __init__(self, url: str, folder: Path, stack: AsyncExitStack) -> None:
        self.url, self.folder, self._stack = url, folder, stack
        self.tasks: dict[str, list[asyncio.Task[None]]] = {}

    async def begins(self, name: str) -> Place:
        store = await self._stack.enter_async_context(open_store(Path("unused"), self.url))
        place = Place(store, name, self.folder)
        calls: dict[str, Callable[[], None]] = {nodes.MOVED: place.node.wake, store.name: lambda: None}
        work = (place.node.run(), hear(self.url, calls, place.changed))
        self.tasks[name] = [asyncio.create_task(one) for one in work]
        await until(lambda: place.tenure.alive)
        return place

    async def ends(self, name: str) -> None:
        for task in self.tasks.pop(name):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not so():
            await asyncio.sleep(0.01)


@pytest.fixture
async def town(server: Server, tmp_path: Path) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(server.fresh())
        made = Town(url, tmp_path, stack)
        try:
            yield made
        finally:
            # before their stores are closed: who works on would open them again
            for name in list(made.tasks):
                await made.ends(name)


def share(place: Place, *others: Place) -> set[str]:
    ids = [one.tenure.id for one in (place, *others)]
    return {one for one in (LEAD, *ACCOUNTS) if rendezvous(one, ids) == place.tenure.id}


async def test_who_comes_is_left_its_share_with_what_was_spent_and_who_goes_leaves_all_of_it(town: Town) -> None:
    one = await town.begins("one")
    await until(lambda: one.held == {LEAD, *ACCOUNTS})
    two = await town.begins("two")
    await until(lambda: one.held == share(one, two) and two.held == share(two, one))
    for account in two.held - {LEAD}:
        epoch, spent = two.crew.works[account].epoch, two.crew.works[account].spent
        assert epoch == 2
        assert spent is not None
        assert [round(age - spent[-1], 3) for age in spent] == [2.0, 0.0], "ages grow alike"
    before = one.held
    await town.ends("two")
    await until(lambda: one.held == {LEAD, *ACCOUNTS})
    assert [account for what, account in one.crew.told if what == "take"][-len(one.held - before) :] == sorted(
        one.held - before, key=lambda account: (account == LEAD, account)
    ), "the lead comes last"
    async with one.store.read() as tx:
        assert [member.leaving for member in await nodes.members(tx) if member.id == two.tenure.id] == [True]


async def test_who_was_buried_stops_and_its_accounts_go_on_elsewhere(town: Town) -> None:
    one, two = await town.begins("one"), await town.begins("two")
    await until(lambda: one.held == share(one, two) and two.held == share(two, one))
    lost, before = one.held, len(one.crew.told)
    async with two.store.quick() as tx:
        await nodes.depart(tx, one.tenure.id)
        await nodes.tell(tx)
    await until(lambda: two.held == {LEAD, *ACCOUNTS})
    one.node.wake()
    await until(lambda: one.held == set())
    # what it found in time it left as it should; of the rest nobody knows what it spent
    ends = {account: what for what, account in one.crew.told[before:]}
    assert ends.keys() == lost
    assert {account for account in lost if two.crew.works[account].spent is None} >= {
        account for account, what in ends.items() if what == "lose"
    }


async def test_what_could_not_be_taken_up_is_taken_up_at_the_next_look_and_nothing_twice(town: Town) -> None:
    one = await town.begins("one")
    await until(lambda: one.held == {LEAD, *ACCOUNTS})
    await town.ends("one")
    two = Place(one.store, "two", town.folder)
    two.crew.fails = 2
    task = asyncio.create_task(two.node.run())
    await until(lambda: two.crew.fails < 2)
    while two.crew.fails or two.held != {LEAD, *ACCOUNTS}:
        two.node.wake()
        await asyncio.sleep(0.02)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    taken = [account for what, account in two.crew.told if what == "take"]
    assert sorted(taken) == sorted({LEAD, *ACCOUNTS})


async def test_an_account_that_is_out_of_reach_or_gone_from_the_files_is_left(town: Town) -> None:
    one, two = await town.begins("one"), await town.begins("two")
    await until(lambda: one.held == share(one, two) and two.held == share(two, one))
    mine = next(account for account in ACCOUNTS if account in one.held)
    one.beyond.add(mine)
    async with one.store.quick() as tx:
        await nodes.beat(tx, one.membership.itself(one.tenure.id), LEASE)
        await nodes.tell(tx)
    await until(lambda: mine in two.held)
    assert mine not in one.held
    one.policy = two.policy = [account for account in ACCOUNTS if account != mine]
    async with one.store.quick() as tx:
        for place in (one, two):
            await nodes.beat(tx, place.membership.itself(place.tenure.id), LEASE)
        await nodes.tell(tx)
    await until(lambda: mine not in two.held)
    async with one.store.read() as tx:
        assert mine not in [lease.account for lease in await nodes.leases(tx)]


async def test_what_another_node_writes_is_heard_and_also_after_the_connection_was_cut(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.cluster.RETRY", 0.05)
    one, two = await town.begins("one"), await town.begins("two")
    await until(lambda: one.heard > 0)
    for heard in range(1, 3):
        before = one.heard
        async with two.store.write():
            pass
        await until(lambda before=before: one.heard > before)  # type: ignore[misc]
        if heard == 1:
            other = await postgres.connect(town.url)
            kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            await other.execute(kill)
            await other.close()
            before = one.heard
            await until(lambda before=before: one.heard > before)  # type: ignore[misc]
    own = one.heard
    async with one.store.write():
        pass
    async with two.store.write():
        pass
    await until(lambda: one.heard == own + 1)
