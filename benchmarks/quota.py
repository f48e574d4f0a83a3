"""How well a quota is used, and how exactly it is kept, when more is wanted than it allows.

    python -m benchmarks.quota [--seconds 30]

400 instances are wanted every 5 s, which makes 80 requests a second, under a quota of 50. The cloud runs in a process
of its own and counts what arrives. Beside it, in the same run, `asyncio_throttle.Throttler` as it comes, with a task
for each instance that polls as often as it is let.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from asyncio_throttle.throttler import Throttler

from benchmarks.cloud import cloud
from benchmarks.poll_cost import RULES, account, listed, unheard
from benchmarks.report import Row, tell
from monitor import clock, telemetry
from monitor.engine import Engine
from monitor.fdi.account import Account, Quota
from monitor.fdi.cloud import Cloud
from monitor.fdi.wire import make_session
from monitor.meters import Meters, Pulse
from monitor.poller import Poller
from monitor.store.database import open_store

INSTANCES = 400
EVERY = timedelta(seconds=5)
QUOTA = 50
WARM_UP = 12.0


Begin = Callable[[Account, AsyncExitStack], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class Found:
    """What the cloud counted in `seconds`."""

    seconds: float
    accepted: int
    refused: int
    highest: int
    polls: Counter[str]

    @property
    def use(self) -> float:
        """The share of the quota that was used."""
        return self.accepted / (QUOTA * self.seconds)

    def row(self, name: str) -> str:
        """A line of the table."""
        fewest, most = min(self.polls.values(), default=0), max(self.polls.values(), default=0)
        left_out = INSTANCES - len(self.polls)
        return f"{name:26} {self.use:6.1%} {self.highest:9} {self.refused:8} {fewest:7}..{most:<5} {left_out:8}"


async def measure(told: dict[str, str], seconds: float, begin: Begin) -> Found:
    """Lets `begin` poll, and asks the cloud what came, after a warm-up and again `seconds` later."""
    instances = await listed(told)
    one = replace(account(told, instances), quota=Quota(QUOTA, timedelta(seconds=1)), poll_every=EVERY)
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        task = asyncio.create_task(begin(one, stack))
        await asyncio.sleep(WARM_UP)
        async with aiohttp.ClientSession() as session:
            await session.delete(f"{told['url']}/_sim/stats")
            started = loop.time()
            await asyncio.sleep(seconds)
            async with session.get(f"{told['url']}/_sim/stats") as response:
                stats: dict[str, Any] = await response.json()
            took = loop.time() - started
        if task.done():
            task.result()
        task.cancel()
        await asyncio.wait([task])
    refused = stats["refused"].get("quota", 0)
    return Found(took, stats["accepted"], refused, stats["highest_in_a_second"], Counter(stats["by_instance"]))


async def ours(one: Account, stack: AsyncExitStack) -> None:
    """The poller, the engine and the store, as they run."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    store = await stack.enter_async_context(open_store(Path(folder)))
    client = Cloud(one, await stack.enter_async_context(make_session()), clock.now)
    engine = Engine(store, RULES, now=clock.now, meters=Meters(), pulse=Pulse(), moved=lambda: None, fires=unheard)
    await engine.load()
    poller = Poller(one, client, engine=engine, now=clock.now, meters=Meters(), pulse=Pulse(), cycles=Pulse())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(engine.run())
        tasks.create_task(poller.run())


async def plain(one: Account, stack: AsyncExitStack) -> None:
    """A task for each instance behind the throttler as it comes."""
    session = await stack.enter_async_context(make_session())
    # The account's own throttler out of the way: it is the other one that is measured here.
    client = Cloud(replace(one, quota=Quota(100_000, timedelta(seconds=1))), session, clock.now)
    throttler = Throttler(rate_limit=QUOTA, period=1.0)

    async def poll(number: int) -> None:
        await asyncio.sleep(number / INSTANCES * EVERY.total_seconds())
        while True:
            async with throttler:
                await client.sample(one.instances[number])
            await asyncio.sleep(EVERY.total_seconds())

    async with asyncio.TaskGroup() as tasks:
        for number in range(INSTANCES):
            tasks.create_task(poll(number))


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    seconds = parser.parse_args().seconds
    telemetry.set_up(level="error")
    print(f"{'':26} {'use':>6} {'highest/s':>9} {'refused':>8} {'polls each':>14} {'never':>8}")
    found = []
    for name, begin in (("this service", ours), ("asyncio-throttle alone", plain)):
        with cloud(instances=INSTANCES, quota=f"{QUOTA}/s") as told:
            found.append(asyncio.run(measure(told, seconds, begin)))
            print(found[-1].row(name), flush=True)
    mine, other = found
    over = f"{mine.highest} in the fullest second of {QUOTA}, {mine.refused} refused"
    beside = f"asyncio-throttle alone {other.highest}, {other.refused} refused"
    kept = mine.highest <= QUOTA and not mine.refused
    return (
        0
        if tell(
            Row("quota use at saturation", ">= 97 %", f"{mine.use:.1%}", f"{other.use:.1%}", mine.use >= 0.97),
            Row("requests over the quota in any second", "0", over, beside, kept),
        )
        else 1
    )


if __name__ == "__main__":
    raise SystemExit(main())
