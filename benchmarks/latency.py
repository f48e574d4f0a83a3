"""How long a change of the counts takes to reach a webhook, at a poll every 5 s, beside Prometheus and Alertmanager.

    python -m benchmarks.latency [--changes 40]

50 instances; tasks break on one instance after another, at random moments. Both see the same changes in the same run:
this service polls the simulated cloud, Prometheus scrapes the counts as text and judges every 5 s, and neither waits
for a group. Needs the Debian packages `prometheus` and `prometheus-alertmanager`.
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
AT_ONCE = {"group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h"}
RULES = [{"alert": "abnormal", "expr": 'sum by (instance) (fdi_tasks{status="abnormal"}) > 0'}]


class Noting(Hook):
    """A webhook that notes when each instance was told first."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, float] = {}

    async def answer(self, request: web.Request) -> web.Response:
        """Takes it."""
        at = asyncio.get_running_loop().time()
        for alert in (await request.json())["alerts"]:
            self.told.setdefault(alert["labels"]["instance"], at)
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


async def measure(changes: int, folder: Path) -> list[list[float]]:
    """Seconds from each change to the webhook: ours, and theirs."""
    dice = random.Random(1)
    counts: peers.Counts = {f"instance-{n}": {"common.running": 5, "common.abnormal": 0} for n in range(INSTANCES)}
    loop = asyncio.get_running_loop()
    async with both(folder, counts) as (sim, *hooks):
        await asyncio.sleep(12)
        changed: dict[str, float] = {}
        for name in dice.sample(sorted(counts), changes):
            counts[name] = {"common.running": 4, "common.abnormal": 1}
            sim.cloud.put(name, {"common": {"running": 4, "abnormal": 1}})
            changed[name] = loop.time()
            await asyncio.sleep(dice.uniform(0.2, 1.2))
        async with asyncio.timeout(60):
            while True:
                if all(len(hook.told) >= changes for hook in hooks):
                    break
                await asyncio.sleep(0.2)
    return [[hook.told[name] - at for name, at in changed.items()] for hook in hooks]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=40, choices=range(1, INSTANCES + 1), metavar="N")
    changes = parser.parse_args().changes
    if absent := peers.missing():
        sys.exit(absent)
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = asyncio.run(measure(changes, Path(folder)))
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
