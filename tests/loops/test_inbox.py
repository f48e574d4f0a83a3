"""What is posted at any of several nodes is taken by the one that leads, in its order, and kept until one does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from databases import Server
from test_intake import START, post

from monitor import inbox
from monitor.book import Book
from monitor.errors import StoreFailed
from monitor.inbox import Inbox
from monitor.intake import Intake
from monitor.meters import Meters, Pulse
from monitor.model import State
from monitor.sharing import LEAD
from monitor.store import alerts, nodes
from monitor.store.database import Store, open_store
from monitor.store.nodes import Node
from monitor.tenure import Tenure

LEASE = timedelta(minutes=1)


class Peer:
    """One node that takes posts."""

    def __init__(self, store: Store, name: str) -> None:
        self.store, self.name = store, name
        self.at = START
        self.tenure = Tenure(LEASE)
        self.tenure.id = name
        self.intake = Intake(now=lambda: self.at, pulse=Pulse(), most=5, inbox=Inbox(store, self.tenure))

    @asynccontextmanager
    async def leading(self) -> AsyncIterator[Book]:
        """Holds the lead, and its posted alerts, while the block runs."""
        async with self.store.quick() as tx:
            await nodes.join(tx, Node(self.name, self.name, "", "1", ()), LEASE)
            [taken] = await nodes.take(tx, [LEAD], self.name)
        self.tenure.epochs = {LEAD: taken.epoch}
        book = Book(self.store, meters=Meters(), moved=lambda: None, fence=self.tenure.held)
        async with self.store.read() as tx:
            book.load(await alerts.known(tx))
        self.intake.open(book)
        writing = asyncio.create_task(book.run())
        try:
            yield book
        finally:
            writing.cancel()
            await asyncio.wait([writing])
            self.intake.close()

    async def loses(self) -> None:
        async with self.store.quick() as tx:
            await nodes.depart(tx, self.name)

    async def step(self) -> datetime | None:
        return await self.intake.step(self.at)


@pytest.fixture
async def shared(server: Server) -> AsyncIterator[Store]:
    async with server.fresh() as url, open_store(Path("unused"), url) as store:
        async with store.quick() as tx:
            await nodes.provide(tx, {LEAD})
        yield store


async def firing(store: Store) -> set[str]:
    async with store.read() as tx:
        return {one.labels["alertname"] for one in await alerts.known(tx) if one.state is State.FIRING}


async def test_a_post_to_a_node_that_does_not_lead_is_taken_by_the_one_that_does(shared: Store) -> None:
    lead, other = Peer(shared, "lead"), Peer(shared, "other")
    async with lead.leading():
        assert await other.intake.take([post("A"), post("B")]) == 0
        assert await firing(shared) == set()
        await lead.step()
        assert await firing(shared) == {"A", "B"}
        await other.intake.take([post("A", ends=0)])
        # what was posted elsewhere before comes first, whoever is posted to now
        assert await lead.intake.take([post("C")]) == 0
        assert await firing(shared) == {"B", "C"}


async def test_while_nobody_leads_posts_are_kept_and_keep_their_moment(shared: Store) -> None:
    other, lead = Peer(shared, "other"), Peer(shared, "lead")
    await other.intake.take([post("A"), post("Short", ends=60)])
    lead.at += timedelta(seconds=120)
    async with lead.leading():
        assert await lead.step() == START + timedelta(seconds=300), "five minutes after it was posted"
        assert await firing(shared) == {"A"}
        async with shared.read() as tx:
            ended = {one.labels["alertname"]: one.fired_at for one in await alerts.known(tx)}
        assert ended["Short"] == START, "it fired all the same"


async def test_what_does_not_fit_is_said_where_the_lead_is_and_no_more_is_kept_than_may_wait(
    shared: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead, other = Peer(shared, "lead"), Peer(shared, "other")
    monkeypatch.setattr(inbox, "MOST", 2)
    async with lead.leading():
        assert await lead.intake.take([post(name) for name in "ABCDEFG"]) == 2
    for _ in range(2):
        await other.intake.take([post("A")])
    with pytest.raises(StoreFailed, match="2 requests wait for a node that leads"):
        await other.intake.take([post("A")])


async def test_who_lost_the_lead_without_knowing_takes_nothing_and_nothing_is_lost(shared: Store) -> None:
    before, after = Peer(shared, "before"), Peer(shared, "after")
    async with before.leading():
        await before.loses()
        async with after.leading():
            assert await before.intake.take([post("A")]) == 0
            assert await firing(shared) == set()
            await after.step()
            assert await firing(shared) == {"A"}
