"""How long a change of the counts takes to reach a webhook, at a poll every 5 s, beside Prometheus and Alertmanager.

    python -m benchmarks.latency [--rounds 4]

50 instances; tasks break on one instance after another, at random moments, and all are well again. In each round the
moments lie by another part of the 5 s later, so that every instance breaks early and late between two polls: what
chance alone would add to a mean of so few is gone. Both see the same changes in the same run: this service polls the
simulated cloud, Prometheus scrapes the counts as text and judges every 5 s, and neither waits for a group. Needs the
Debian packages `prometheus` and `prometheus-alertmanager`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aiohttp import web

from benchmarks import peers
from benchmarks.report import Row, tell
from benchmarks.subjects import Hook, Ours
from monitor.simulator import Scenario, Simulator, SimulatorOptions

INSTANCES = 50
EVERY = 5.0
SPAN, ROUND = 25.0, 50.0
"""Seconds in which all break, and from one round to the next: whole intervals."""
AT_ONCE = {"group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h"}
RULES = [{"alert": "abnormal", "expr": 'sum by (instance) (fdi_tasks{status="abnormal"}) > 0'}]


class Noting(Hook):
    """A webhook that notes when each instance was told first."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, float] = {}
        self.complete = asyncio.Event()

    def clear(self) -> None:
        """Waits for all of them again."""
        self.told.clear()
        self.complete.clear()

    async def answer(self, request: web.Request) -> web.Response:
        """Takes it."""
        at = asyncio.get_running_loop().time()
        for alert in (await request.json())["alerts"]:
            if alert["status"] == "firing":
                self.told.setdefault(alert["labels"]["instance"], at)
        if len(self.told) == INSTANCES:
            self.complete.set()
        return web.Response()


@asynccontextmanager
async def both(folder: Path, counts: peers.Counts) -> AsyncIterator[tuple[Simulator, Noting, Noting]]:
    """The two, running, with a webhook each; the simulated cloud has the instances of `counts`."""
    async with AsyncExitStack() as stack:
        ours, theirs = Noting(), Noting()
        for hook in (ours, theirs):
            await stack.enter_async_context(hook.open())
        sim = await stack.enter_async_context(Simulator(SimulatorOptions(instances=0, scenario=Scenario())))
        for name in counts:
            sim.cloud.put(name, {"common": {"running": 5}})
        group = ["instance"]
        service = Ours(folder / "ours", ours, "1s", sim, poll_every="5s", group_wait="0s", group_by=group)
        stack.callback(service.end, signal.SIGKILL)
        await service.start()
        exporter = await stack.enter_async_context(peers.Exporter(counts).open())
        route = {**AT_ONCE, "group_by": group}
        address = await stack.enter_async_context(peers.alertmanager(folder / "alertmanager", theirs.url, route))
        place = folder / "prometheus"
        await stack.enter_async_context(peers.prometheus(place, exporter, RULES, every="5s", alertmanager=address))
        yield sim, ours, theirs


async def measure(rounds: int, folder: Path) -> list[list[float]]:
    """Seconds from each change to the webhook: ours, and theirs."""
    dice = random.Random(1)
    names = [f"instance-{n}" for n in range(INSTANCES)]
    counts: peers.Counts = {name: {"common.running": 5, "common.abnormal": 0} for name in names}
    moments = sorted(dice.uniform(0, SPAN) for _ in names)
    dice.shuffle(names)
    loop = asyncio.get_running_loop()
    found: list[list[float]] = [[], []]

    def show(sim: Simulator, name: str, abnormal: int) -> None:
        counts[name] = {"common.running": 5 - abnormal, "common.abnormal": abnormal}
        sim.cloud.put(name, {"common": {"running": 5 - abnormal, "abnormal": abnormal}})

    async with both(folder, counts) as (sim, *hooks):
        await asyncio.sleep(12)
        start = loop.time()
        for number in range(rounds):
            begin = start + number * (ROUND + EVERY / rounds)
            changed: dict[str, float] = {}
            for name, moment in zip(names, moments, strict=True):
                await asyncio.sleep(begin + moment - loop.time())
                show(sim, name, 1)
                changed[name] = loop.time()
            async with asyncio.timeout(ROUND - SPAN):
                await asyncio.gather(*(hook.complete.wait() for hook in hooks))
            for name in names:
                show(sim, name, 0)
            await asyncio.sleep(begin + ROUND - loop.time())
            for took, hook in zip(found, hooks, strict=True):
                took += [hook.told[name] - at for name, at in changed.items()]
                hook.clear()
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return found


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4)
    rounds = parser.parse_args().rounds
    if absent := peers.missing():
        sys.exit(absent)
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = asyncio.run(measure(rounds, Path(folder)))
    print(f"{'':28}{'mean':>8}{'median':>8}{'max':>8}")
    for name, took in (("this service", ours), ("Prometheus and Alertmanager", theirs)):
        print(f"{name:28}{statistics.mean(took):>7.1f}s{statistics.median(took):>7.1f}s{max(took):>7.1f}s")
    mean, longest = statistics.mean(ours), max(ours)
    what = f"change to webhook at 5 s polling, {INSTANCES} instances"
    return (
        0
        if tell(
            Row(f"{what}, mean", "<= 2.7 s", f"{mean:.1f} s", f"{statistics.mean(theirs):.1f} s", mean <= 2.7),
            Row(f"{what}, longest", "<= 5.3 s", f"{longest:.1f} s", f"{max(theirs):.1f} s", longest <= 5.3),
        )
        else 1
    )


if __name__ == "__main__":
    raise SystemExit(main())
