"""Three nodes, twelve accounts: killed, frozen, replaced one by one, cut off, their database away. Nothing is lost,
nothing is said twice, no account is ever polled by two, and the clouds allow no request more than the policy says."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from cluster import LEASE, Cluster, Wire, cluster
from linear import faults
from service import Service
from setting import ABNORMAL, policy
from stage import story
from waiting import POLL, want
from world import Said, World, cloud
from yarl import URL

ACCOUNTS = 12
QUOTA = "5/2s"
"""What the policy says and the cloud allows, to the request. Two instances a second take four: two pollers that did not
know of each other would send eight."""

NAMES = ("node-0", "node-1", "node-2")
APART = 1
"""The node whose way to the clouds can be cut."""


class Polls(Counter[str]):
    """When each instance was polled; in the place of the simulator's count."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[str, list[float]] = defaultdict(list)

    def __setitem__(self, name: str, number: int) -> None:
        super().__setitem__(name, number)
        self.at[name].append(time.monotonic())

    def gap(self, begin: float, end: float) -> float:
        """The longest time without a poll of one instance in that time."""
        found = []
        for times in self.at.values():
            inside = [at for at in times if begin <= at <= end]
            found.append(max(b - a for a, b in zip([begin, *inside], [*inside, end], strict=True)))
        return max(found)

    def within(self, begin: float, end: float) -> int:
        return sum(begin <= at <= end for times in self.at.values() for at in times)


class Town:
    """Twelve clouds, three nodes, and what people believe of each account by the messages that one robot took."""

    def __init__(self, worlds: Sequence[World], ways: Sequence[Wire]) -> None:
        self.worlds, self.ways = worlds, ways
        self.polls = [Polls() for _ in worlds]
        for world, polls in zip(worlds, self.polls, strict=True):
            world.sim.cloud.figures.instances = polls
        self.broken = False
        self.disturbed: list[float] = []
        """When something befell a node that it was not told of before."""

    def account(self, number: int, node: int) -> dict[str, object]:
        world = self.worlds[number]
        keys = {"access_key": "${CLOUD_ACCESS_KEY}", "secret_key": "${CLOUD_SECRET_KEY}"}
        named = [{"id": one.machine.id, "name": one.machine.name} for one in world.sim.cloud.members.values()]
        told = world.account(f"account-{number}", auth={"aksk": keys}, quota=QUOTA, instances=named)
        del told["discover"]
        if node == APART:
            told["endpoint"] = f"http://127.0.0.1:{self.ways[number].port}"
        return told

    def written(self, node: int) -> dict[str, object]:
        return policy(
            self.worlds[0],
            rules=[{**ABNORMAL, "flapping": False}],
            accounts=[self.account(number, node) for number in range(ACCOUNTS)],
            route={"group_by": ["account"], "group_interval": "1s"},
        )

    def turn(self) -> None:
        """All accounts break, or all recover."""
        self.broken = not self.broken
        for world in self.worlds:
            world.breaks("orders", common=int(self.broken))

    async def heard(self, what: str, *, within: float = 45) -> None:
        """People hear of each account as it is now."""
        status = "firing" if self.broken else "resolved"
        news = f"{what}: every account is {status}"
        await want(news, lambda: set(self.believed().values()) == {status}, within=within)

    async def turns(self, what: str) -> None:
        self.turn()
        await self.heard(what)

    def said(self) -> list[Said]:
        return self.worlds[0].said("hook")

    def believed(self) -> dict[str, str]:
        found = dict.fromkeys((f"account-{number}" for number in range(ACCOUNTS)), "")
        for said in self.said():
            for alert in said.alerts:
                if alert["labels"]["alertname"] == ABNORMAL["name"]:
                    found[alert["labels"]["account"]] = alert["status"]
        return found

    def gap(self, begin: float, end: float) -> float:
        return max(polls.gap(begin, end) for polls in self.polls)

    async def all_polled(self) -> None:
        await asyncio.gather(*(world.polled_again("orders", times=1) for world in self.worlds))

    def strikes(self) -> None:
        self.disturbed.append(time.time())


@asynccontextmanager
async def town() -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        worlds = [await stack.enter_async_context(cloud(2, quota=QUOTA)) for _ in range(ACCOUNTS)]
        ways = [await stack.enter_async_context(way(world).laid()) for world in worlds]
        yield Town(worlds, ways)


def way(world: World) -> Wire:
    port = URL(world.sim.url).port
    return Wire(lambda: asyncio.open_connection("127.0.0.1", port))


@pytest.mark.timeout(240)  # a long story, beside others
@story
async def test_nothing_is_lost_and_nothing_is_polled_twice_whatever_becomes_of_the_nodes(folder: Path) -> None:
    async with town() as people, cluster(folder, people.worlds[0], people.written) as nodes:
        await nodes.shared(ACCOUNTS, within=30)
        await people.turns("at the beginning")
        await posted_anywhere(nodes.services)
        await killed(nodes, people)
        await asyncio.gather(nodes.services[0].start(), frozen(nodes, people))
        await thawed(nodes, people)
        await replaced_one_by_one(nodes, people)
        await without_the_database(nodes, people)
        await cut_off_from_the_database(nodes, people)
        await cut_off_from_the_cloud(nodes, people)
        await people.all_polled()
        await audit(nodes, people)


async def killed(nodes: Cluster, people: Town) -> None:
    people.strikes()
    nodes.services[0].kill()
    await nodes.owned_by(NAMES[1:], ACCOUNTS)
    await people.turns("after a node was killed")


async def frozen(nodes: Cluster, people: Town) -> None:
    people.strikes()
    nodes.services[1].signal(signal.SIGSTOP)
    await nodes.owned_by((NAMES[0], NAMES[2]), ACCOUNTS)
    await people.turns("while a node is frozen")


async def thawed(nodes: Cluster, people: Town) -> None:
    nodes.services[1].signal(signal.SIGCONT)
    await nodes.shared(ACCOUNTS)


async def replaced_one_by_one(nodes: Cluster, people: Town) -> None:
    """As in an upgrade: each is asked to end, and another begins in its place, while things break and recover. No
    instance is unseen for more than an interval longer than before; for as many as there are processes for a core."""
    people.turn()
    for number, one in enumerate(nodes.services):
        await people.all_polled()
        others = [name for name in NAMES if name != NAMES[number]]
        asked = time.monotonic()
        usual = people.gap(asked - 2 * POLL, asked)
        await asyncio.gather(one.stop(within=10), nodes.owned_by(others, ACCOUNTS, within=LEASE))
        await people.all_polled()
        gap = people.gap(asked - POLL, time.monotonic())
        busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        told = f"{gap:.2f} s without a poll, {usual:.2f} s before, {busy:.1f} processes for a core"
        assert gap <= max(usual, POLL) + POLL * busy, told
        await one.start()
        await nodes.shared(ACCOUNTS)
    await people.heard("after all nodes were replaced")


async def without_the_database(nodes: Cluster, people: Town) -> None:
    """For longer than a lease: polling goes on, one says so, and what happened meanwhile is told in its order."""
    await people.all_polled()
    await asyncio.to_thread(nodes.server.stop)
    away = time.monotonic()
    people.turn()
    try:
        await asyncio.sleep(2 * LEASE)
        back = time.monotonic()
        assert min(polls.within(away + LEASE, back) for polls in people.polls) > 0, "an account is not polled any more"
        degraded = [said.at.timestamp() for said in people.said() if "store-degraded" in said.about("alertname")]
        assert degraded, "nobody says that the database is away"
        assert [at for at in degraded if at < degraded[0] + LEASE] == degraded[:1], "others wait for the one that leads"
    finally:
        await asyncio.to_thread(nodes.server.start)
    await nodes.shared(ACCOUNTS)
    await people.heard("after the database was away")


async def cut_off_from_the_database(nodes: Cluster, people: Town) -> None:
    people.strikes()
    await nodes.wires[0].cut()
    await nodes.owned_by(NAMES[1:], ACCOUNTS)
    await people.turns("while a node is cut off from the database")
    await nodes.wires[0].mend()
    await nodes.shared(ACCOUNTS, within=15)


async def cut_off_from_the_cloud(nodes: Cluster, people: Town) -> None:
    await asyncio.gather(*(one.cut(refuses=True) for one in people.ways))
    await nodes.owned_by((NAMES[0], NAMES[2]), ACCOUNTS)
    await people.turns("while a node is cut off from the cloud")
    await asyncio.gather(*(one.mend() for one in people.ways))
    await nodes.shared(ACCOUNTS)


async def posted_anywhere(services: Sequence[Service]) -> None:
    """What is posted at any node is listed at every one."""
    names = {f"Posted{number}" for number in range(len(services))}
    async with aiohttp.ClientSession() as session:
        for name, one in zip(sorted(names), services, strict=True):
            body = [{"labels": {"alertname": name}}]
            async with session.post(f"{one.address}/api/v2/alerts", json=body) as answer:
                assert answer.status == 200, await answer.text()

        async def listed() -> bool:
            for one in services:
                async with session.get(f"{one.address}/api/v2/alerts") as answer:
                    if not names <= {alert["labels"]["alertname"] for alert in await answer.json()}:
                        return False
            return True

        await want("every node lists what was posted at any", listed)


async def audit(nodes: Cluster, people: Town) -> None:
    """What was promised, looked up afterwards."""
    refused = {number: dict(world.sim.cloud.figures.refused) for number, world in enumerate(people.worlds)}
    assert {number: one for number, one in refused.items() if one} == {}, "a quota was exceeded"
    history = await nodes.history()
    assert sum(one.moved for one in history) >= 2 * ACCOUNTS
    assert faults(history) == []
    # every transition that people may hear of reached its group, and every message arrived, or went out in another
    assert await nodes.rows("SELECT id FROM transition WHERE NOT routed") == []
    assert await nodes.rows("SELECT id FROM outbox WHERE state <> 'sent'") == []
    tries = Counter(said.id for said in people.said())
    doubled = {name: number for name, number in tries.items() if number > 1}
    assert set(doubled.values()) <= {2}, "a message was said more than twice"
    # one may be on its way when a node is killed, frozen or cut off, and no other is said again
    for name in doubled:
        first = min(said.at.timestamp() for said in people.said() if said.id == name)
        blamed = [at for at in people.disturbed if -LEASE < first - at < LEASE]
        assert blamed, f"{name} was said twice, and nothing had happened"
        people.disturbed.remove(blamed[0])
