"""Three nodes, twelve accounts: killed, frozen, stopped, cut off, their database restarted. Nothing is lost, nothing is
said twice, no account is ever polled by two."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from cluster import LEASE, Cluster, cluster
from setting import ABNORMAL, policy
from stage import story
from waiting import want
from world import World, cloud

ACCOUNTS = 12
QUOTA, CLOUD = "2/2s", "3/2s"
"""What one poller a second needs and takes; and what the cloud allows: two at once would send four. One is to spare for
the first request of a poller, which may arrive late on a busy machine: it has nothing to compare its way with."""

NAMES = ("node-0", "node-1", "node-2")


def account(world: World, number: int) -> dict[str, object]:
    machine = world.sim.cloud.find("orders")
    assert machine is not None
    keys = {"access_key": "${CLOUD_ACCESS_KEY}", "secret_key": "${CLOUD_SECRET_KEY}"}
    named = {"id": machine.machine.id, "name": "orders"}
    told = world.account(f"account-{number}", auth={"aksk": keys}, quota=QUOTA, instances=[named])
    del told["discover"]
    return told


class Told:
    """What people believe of each account, as the messages say that one robot took."""

    def __init__(self, worlds: list[World]) -> None:
        self.worlds = worlds
        self.broken = False

    async def turn(self, what: str, *, within: float = 45) -> None:
        """All accounts break, or all recover; people hear of each."""
        self.broken = not self.broken
        for world in self.worlds:
            world.breaks("orders", common=int(self.broken))
        status = "firing" if self.broken else "resolved"
        news = f"{what}: every account is {status}"
        await want(news, lambda: set(self.believed().values()) == {status}, within=within)

    def believed(self) -> dict[str, str]:
        found = dict.fromkeys((f"account-{number}" for number in range(ACCOUNTS)), "")
        for said in self.worlds[0].said("hook"):
            for alert in said.alerts:
                if alert["labels"].get("account") in found:
                    found[alert["labels"]["account"]] = alert["status"]
        return found


async def all_polled(worlds: list[World]) -> None:
    await asyncio.gather(*(world.polled_again("orders") for world in worlds))


@pytest.mark.timeout(240)  # a long story, beside others
@story
async def test_nothing_is_lost_and_nothing_is_polled_twice_whatever_becomes_of_the_nodes(folder: Path) -> None:
    async with AsyncExitStack() as stack:
        worlds = [await stack.enter_async_context(cloud(quota=CLOUD)) for _ in range(ACCOUNTS)]
        written = policy(
            worlds[0],
            rules=[{**ABNORMAL, "flapping": False}],
            accounts=[account(world, number) for number, world in enumerate(worlds)],
            route={"group_by": ["account"], "group_interval": "1s"},
        )
        nodes = await stack.enter_async_context(cluster(folder, worlds[0], written))
        told = Told(worlds)
        await nodes.owned_by(NAMES, ACCOUNTS, within=30)
        await told.turn("at the beginning")

        first, second, third = nodes.services
        first.kill()
        await nodes.owned_by(NAMES[1:], ACCOUNTS)
        await told.turn("after a node was killed")
        await first.start()
        await nodes.owned_by(NAMES, ACCOUNTS)

        second.signal(signal.SIGSTOP)
        await nodes.owned_by((NAMES[0], NAMES[2]), ACCOUNTS)
        await told.turn("while a node is frozen")
        second.signal(signal.SIGCONT)
        await nodes.owned_by(NAMES, ACCOUNTS)

        await third.stop(within=10)
        await nodes.owned_by(NAMES[:2], ACCOUNTS, within=LEASE)
        await told.turn("after a node was stopped")
        await third.start()
        await nodes.owned_by(NAMES, ACCOUNTS)

        await asyncio.to_thread(nodes.server.restart)
        await nodes.owned_by(NAMES, ACCOUNTS, within=20)
        await told.turn("after the database was restarted")

        nodes.wires[0].cut()
        await nodes.owned_by(NAMES[1:], ACCOUNTS, within=2.5 * LEASE)
        await told.turn("while a node is cut off from the database")
        nodes.wires[0].mend()
        await nodes.owned_by(NAMES, ACCOUNTS, within=15)
        await told.turn("after its wire was mended")
        await all_polled(worlds)
        await audit(nodes, worlds)


async def audit(nodes: Cluster, worlds: list[World]) -> None:
    """What was promised, looked up afterwards."""
    refused = {number: dict(world.sim.cloud.figures.refused) for number, world in enumerate(worlds)}
    assert {number: one for number, one in refused.items() if one} == {}, "a quota was exceeded"
    holders = await nodes.history()
    assert {place: names for place, names in holders.items() if len(names) > 1} == {}, "two held one epoch"
    # every transition that people may hear of reached its group, and every message arrived, or went out in another
    assert await nodes.rows("SELECT id FROM transition WHERE NOT routed") == []
    assert await nodes.rows("SELECT id FROM outbox WHERE state <> 'sent'") == []
    tries = Counter(said.id for said in worlds[0].said("hook"))
    doubled = {name: number for name, number in tries.items() if number > 1}
    assert set(doubled.values()) <= {2}, "a message was said more than twice"
    # one in flight when a node is killed, frozen or cut off may be said again, with the same id; no other
    assert len(doubled) <= 3
