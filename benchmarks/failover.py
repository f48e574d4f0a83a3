"""How soon two nodes have what a third held when it was killed, and what becomes of the messages of that moment.

    python -m benchmarks.failover [--rounds 3] [--lease 5]

Three nodes share 12 accounts over one PostgreSQL (from the wheel that the tests use). In each round a task breaks in
every account, and a node is killed at once. Beside it, in the same run, three Alertmanagers in a cluster: 12 alerts are
posted to all three, and the first is killed at once. Both wait a second for their groups.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import aiohttp
import yaml
from aiohttp import web

from benchmarks import peers
from benchmarks.report import Row, tell
from benchmarks.subjects import Hook, Ours, Theirs, account, wait
from monitor.clock import now
from monitor.simulator import Scenario, Simulator, SimulatorOptions
from monitor.store.postgres import connect

ACCOUNTS = 12
NODES = 3


class Round(NamedTuple):
    """Seconds until nothing is held by the dead node, until everything was told, and what was lost or told twice."""

    taken: float
    told: float
    lost: int
    twice: int


class Counting(Hook):
    """A webhook that notes who was told of, and how often each message came."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: dict[str, float] = {}
        self.copies: Counter[str] = Counter()

    async def answer(self, request: web.Request) -> web.Response:
        """Takes it."""
        body = await request.json()
        self.copies[request.headers.get("Idempotency-Key") or str(body["groupKey"])] += 1
        for alert in body["alerts"]:
            if alert["status"] == "firing":
                self.heard.setdefault(alert["labels"]["instance"], asyncio.get_running_loop().time())
        return web.Response()

    def forget(self) -> None:
        """Before another round."""
        self.heard.clear()
        self.copies.clear()

    @property
    def twice(self) -> int:
        """How many messages came more than once."""
        return sum(number > 1 for number in self.copies.values())


def policy(sim: Simulator, hook: Hook) -> str:
    """Twelve accounts of one instance each."""
    accounts = [
        account(sim, f"account-{number}", instances=[{"id": machine.id, "name": machine.name}])
        for number, machine in enumerate(sim.cloud.machines())
    ]
    return yaml.safe_dump(
        {
            "accounts": accounts,
            "rules": [{"name": "abnormal", "when": "abnormal > 0", "severity": "critical"}],
            "receivers": [{"name": "hook", "webhook": {"url": hook.url}}],
            "route": {"receiver": "hook", "group_by": ["instance"], "group_wait": "1s", "group_interval": "1s"},
        },
        allow_unicode=True,
    )


@asynccontextmanager
async def nodes(folder: Path, address: str, lease: float, sim: Simulator, hook: Hook) -> AsyncIterator[list[Ours]]:
    """Three of them, running."""
    async with AsyncExitStack() as stack:
        found = []
        for number in range(NODES):
            node = Ours(folder / f"node-{number}", hook, "1s", sim)
            (node.folder / "rules" / "policy.yaml").write_text(policy(sim, hook), encoding="utf-8")
            node.settings |= {"FDI_MONITOR_DATABASE_URL": address, "FDI_MONITOR_NODE": f"node-{number}"}
            node.settings["FDI_MONITOR_LEASE"] = f"{lease:g}s"
            stack.callback(node.end, signal.SIGKILL)
            found.append(node)
        await asyncio.gather(*(node.start() for node in found))
        yield found


class Leases:
    """Who holds how many accounts, read from the database."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def held(self) -> Counter[str]:
        """Accounts by the name of their node; of a lease that is over, by nobody."""
        connection = await connect(self._address)
        try:
            rows = await connection.fetch("SELECT node.name FROM lease JOIN node ON node.id = lease.holder")
        finally:
            await connection.close()
        return Counter(str(row["name"]) for row in rows)

    async def until(self, wanted: Sequence[str], within: float) -> float:
        """Seconds until all are held by these nodes alone, each having its share."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while loop.time() - began < within:
            held = await self.held()
            if set(held) == set(wanted) and held.total() >= ACCOUNTS:
                break
            await asyncio.sleep(0.05)
        return loop.time() - began


async def ours(rounds: int, lease: float, folder: Path, address: str) -> list[Round]:
    """Kills one node after the other; the dead one comes back before the next round."""
    hook, leases, loop = Counting(), Leases(address), asyncio.get_running_loop()
    names = [f"node-{number}" for number in range(NODES)]
    options = SimulatorOptions(instances=ACCOUNTS, quota="400/s", scenario=Scenario())
    found = []
    async with hook.open(), Simulator(options) as sim, nodes(folder, address, lease, sim, hook) as running:
        machines = [machine.name for machine in sim.cloud.machines()]
        for number in range(rounds):
            await leases.until(names, 20 * lease)
            await asyncio.sleep(2 * lease)
            hook.forget()
            for machine in machines:
                sim.cloud.put(machine, {"common": {"abnormal": number + 1}})
            victim = running[number % NODES]
            victim.end(signal.SIGKILL)
            began = loop.time()
            taken = await leases.until([one for one in names if one != names[number % NODES]], 20 * lease)
            await wait(lambda: len(hook.heard) == ACCOUNTS, 20 * lease)
            told = max(hook.heard.values(), default=began) - began
            await asyncio.sleep(lease)
            found.append(Round(taken, told, ACCOUNTS - len(hook.heard), hook.twice))
            print(f"  round {number + 1}: taken over after {taken:.1f} s, told after {told:.1f} s", flush=True)
            for machine in machines:
                sim.cloud.put(machine, {"common": {"abnormal": 0}})
            await victim.start()
            await asyncio.sleep(lease)
    return found


async def theirs(folder: Path) -> Round:
    """Three Alertmanagers that gossip."""
    hook = Counting()
    async with hook.open(), AsyncExitStack() as stack:
        ports = [peers.free_port() for _ in range(NODES)]
        members = [Theirs(folder / f"node-{n}", hook, "1s", cluster=(ports[n], ports[:n])) for n in range(NODES)]
        for one in members:
            stack.callback(one.end, signal.SIGKILL)
            await one.start()
        await asyncio.sleep(15)
        ends = (now() + timedelta(hours=1)).isoformat()
        body = [{"labels": {"alertname": f"a-{n}", "instance": f"i-{n}"}, "endsAt": ends} for n in range(ACCOUNTS)]
        async with aiohttp.ClientSession() as session:
            for one in members:
                (await session.post(f"{one.url}/api/v2/alerts", json=body)).release()
        members[0].end(signal.SIGKILL)
        began = asyncio.get_running_loop().time()
        await wait(lambda: len(hook.heard) == ACCOUNTS, 90)
        told = max(hook.heard.values(), default=began) - began
        await asyncio.sleep(20)
        return Round(0.0, told, ACCOUNTS - len(hook.heard), hook.twice)


async def _both(rounds: int, lease: float, folder: Path, address: str) -> tuple[list[Round], Round]:
    return await ours(rounds, lease, folder / "ours", address), await theirs(folder / "theirs")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lease", type=float, default=5.0)
    chosen = parser.parse_args()
    if absent := peers.missing():
        sys.exit(absent)
    with tempfile.TemporaryDirectory() as place, peers.postgres(Path(place) / "database") as address:
        mine, other = asyncio.run(_both(chosen.rounds, chosen.lease, Path(place), address))
    taken, told = [one.taken for one in mine], max(one.told for one in mine)
    lost, twice = sum(one.lost for one in mine), max(one.twice for one in mine)
    what = f"fail-over, {NODES} nodes, {ACCOUNTS} accounts, lease {chosen.lease:g} s"
    span = f"{max(taken):.1f} s ({min(taken):.1f}..{max(taken):.1f})"
    beside = f"Alertmanager's cluster told all after {other.told:.1f} s, {other.twice} of them twice, {other.lost} not"
    return (
        0
        if tell(
            Row(f"{what}: taken over", "<= 2 leases", span, held=max(taken) <= 2 * chosen.lease),
            Row(f"{what}: all told, slowest round", "", f"{told:.1f} s", beside),
            Row(f"{what}: messages lost", "0", f"{lost}", held=lost == 0),
            Row(f"{what}: messages told twice in a round", "<= 1 in flight", f"{twice}", held=twice <= 1),
        )
        else 1
    )


if __name__ == "__main__":
    raise SystemExit(main())
