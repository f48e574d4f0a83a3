"""Two couriers over one outbox: each message once, in its order, within one budget; and what a lost turn may not do."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from databases import Server

from monitor.courier import Courier
from monitor.message import Message
from monitor.meters import Meters, Pulse
from monitor.model import Severity
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.notifiers import Options, OptionsType, Outcome, Verdict
from monitor.standin import Carrier
from monitor.store import nodes, outbox
from monitor.store.database import Store, open_store
from monitor.store.nodes import Node
from monitor.store.outbox import Letter, Standing
from monitor.tenure import Tenure

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
LEASE = timedelta(minutes=1)


class Robot:
    """Keeps what it was sent, by whichever node."""

    Options: ClassVar[OptionsType] = Options

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.answers = [Verdict(Outcome.DELIVERED)]

    def payload(self, message: Message) -> str:
        return message.title

    async def send(self, message: Message) -> Verdict:
        self.sent.append(message.notification.id)
        await self.may_answer.wait()
        await asyncio.sleep(0)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Post:
    """One node's courier."""

    def __init__(self, store: Store, name: str, kind: str, robot: Robot) -> None:
        self.store = store
        self.at = START
        self.tenure = Tenure(LEASE)
        self.tenure.id = name
        self.tenure.renewed(asyncio.get_running_loop().time())
        self.courier = Courier(
            store,
            {(receiver, 0): Carrier(kind, "en", robot) for receiver in ("ops", "data")},
            now=lambda: self.at,
            zone=UTC,
            public_url="",
            meters=Meters(),
            pulse=Pulse(),
            settled=lambda: None,
            tenure=self.tenure,
        )

    async def go(self, seconds: float = 0) -> None:
        self.at = START + timedelta(seconds=seconds)
        async with asyncio.TaskGroup() as tasks:
            await self.courier.step(self.at, tasks)

    async def letters(self) -> dict[str, Letter]:
        async with self.store.read() as tx:
            return {letter.id: letter for letter in await outbox.recent(tx, most=999)}


def letter(message: str, receiver: str = "ops", group: str = "g", kind: str = "robot") -> Letter:
    alert = AlertView(
        key="a",
        labels={"alertname": "abnormal"},
        annotations={},
        severity=Severity.WARNING,
        firing=True,
        change=Change.NEW,
        started_at=START,
    )
    said = Notification(message, receiver, group, {"alertname": "abnormal"}, Reason.FIRST, START, (alert,))
    return outbox.letter(said, kind=kind, position=0, at=START)


@pytest.fixture
async def shared(server: Server) -> AsyncIterator[Store]:
    async with server.fresh() as url, open_store(Path("unused"), url) as store:
        async with store.quick() as tx:
            for name in ("one", "two"):
                await nodes.join(tx, Node(name, name, "", "1", ()), LEASE)
        yield store


async def queue(store: Store, *letters: Letter) -> None:
    async with store.write() as tx:
        await outbox.add(tx, letters)


async def test_each_message_goes_out_once_or_in_a_newer_one_and_those_of_a_group_in_their_order(shared: Store) -> None:
    robot = Robot()
    posts = [Post(shared, name, "robot", robot) for name in ("one", "two")]
    groups = [f"{receiver}-{group}" for receiver in ("ops", "data") for group in "abc"]
    for n in range(5):
        await queue(shared, *(letter(f"{place}/{n}", place.split("-")[0], place) for place in groups))
        await asyncio.gather(*(post.go(3 * n) for post in posts))
    for second in range(15, 60, 3):
        await asyncio.gather(*(post.go(second) for post in posts))
    order = defaultdict(list)
    for name in robot.sent:
        place, number = name.split("/")
        order[place].append(int(number))
    assert order.keys() == set(groups)
    assert all(numbers == sorted(set(numbers)) and numbers[-1] == 4 for numbers in order.values())
    assert {one.state for one in (await posts[0].letters()).values()} == {Standing.SENT}


async def test_a_budget_is_one_for_all_nodes(shared: Store) -> None:
    robot = Robot()
    posts = [Post(shared, name, "wecom", robot) for name in ("one", "two")]
    await queue(shared, *(letter(f"m-{n}", group=f"g-{n}", kind="wecom") for n in range(60)))
    for second in (0, 1.5, 3, 4.5, 6):
        await asyncio.gather(*(post.go(second) for post in posts))
    assert 2 < len(robot.sent) <= 20
    assert {one.state for one in (await posts[0].letters()).values()} == {Standing.SENT}


async def test_a_throttle_that_one_node_was_told_of_is_kept_by_the_other(shared: Store) -> None:
    robot = Robot()
    robot.answers = [Verdict(Outcome.THROTTLED, "too fast", timedelta(seconds=30)), Verdict(Outcome.DELIVERED)]
    one, two = (Post(shared, name, "robot", robot) for name in ("one", "two"))
    await queue(shared, letter("m-1", group="a"), letter("m-2", group="b"))
    await one.go()
    await two.go(2)
    await two.go(29)
    assert robot.sent == ["m-1"]
    await two.go(31)
    assert sorted(robot.sent) == ["m-1", "m-1", "m-2"]


async def test_who_lost_its_turn_writes_nothing_and_says_nothing_more(shared: Store) -> None:
    robot = Robot()
    one, two = (Post(shared, name, "robot", robot) for name in ("one", "two"))
    await queue(shared, letter("m-1", group="a"), letter("m-2", group="b"))
    robot.may_answer.clear()
    frozen = asyncio.create_task(one.go())
    while not robot.sent:
        await asyncio.sleep(0.005)
    async with shared.quick() as tx:
        await nodes.beat(tx, Node("one", "one", "", "1", ()), -LEASE)
        assert await nodes.bury(tx) == ["one"]
    robot.answers = [Verdict(Outcome.REFUSED, "no"), Verdict(Outcome.DELIVERED)]
    heir = asyncio.create_task(two.go(2))
    while len(robot.sent) < 2:
        await asyncio.sleep(0.005)
    robot.may_answer.set()
    await asyncio.gather(frozen, heir)
    # what the first was told is not written, and it sends nothing more
    assert robot.sent == ["m-1", "m-1", "m-2"]
    assert {one.state for one in (await two.letters()).values()} == {Standing.SENT}


async def test_a_node_that_may_be_taken_for_dead_sends_nothing(shared: Store) -> None:
    robot = Robot()
    one = Post(shared, "one", "robot", robot)
    one.tenure.renewed(asyncio.get_running_loop().time() - LEASE.total_seconds())
    await queue(shared, letter("m-1"))
    await one.go()
    assert robot.sent == []
