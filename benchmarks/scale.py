"""Ten thousand instances on one machine: CPU, memory, lag, and how soon all are known.

    python -m benchmarks.scale [--instances 10000] [--seconds 60]

The cloud runs in a process of its own. The service polls every instance once a minute and judges each by 50 rules. CPU
is the process's own after the first cycle; beside it, the same requests by the client alone, in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from benchmarks.cloud import cloud
from benchmarks.poll_cost import CONDITIONS, Counting, account, listed, paced, unheard
from benchmarks.report import Row, tell
from monitor import clock, telemetry
from monitor.fdi.account import Account, Quota
from monitor.fdi.cloud import Cloud
from monitor.fdi.wire import make_session
from monitor.meters import Meters, Pulse
from monitor.model import Instance
from monitor.poller import Poller
from monitor.rules.rule import Rule
from monitor.store.database import open_store

EVERY = timedelta(minutes=1)
QUOTA = 400
RULES = tuple(
    Rule(f"rule-{number}", when=CONDITIONS[number % len(CONDITIONS)], hold=timedelta(minutes=2)) for number in range(50)
)


class Tally:
    """What came, and when all instances had come once."""

    def __init__(self, instances: int) -> None:
        self.polls = 0
        self.first_cycle = 0.0
        self._instances = instances
        self._started = asyncio.get_running_loop().time()

    def count(self) -> None:
        """One more poll."""
        self.polls += 1
        if self.polls == self._instances:
            self.first_cycle = asyncio.get_running_loop().time() - self._started


async def service(one: Account, stack: AsyncExitStack, tally: Tally, meters: Meters) -> None:
    """Poller, engine and store, as they run."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    store = await stack.enter_async_context(open_store(Path(folder)))
    engine = Counting(store, RULES, now=clock.now, meters=meters, pulse=Pulse(), moved=lambda: None, fires=unheard)
    engine.count = tally.count
    await engine.load()
    client = Cloud(one, await stack.enter_async_context(make_session()), clock.now)
    poller = Poller(one, client, engine=engine, now=clock.now, meters=meters, pulse=Pulse(), cycles=Pulse())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(engine.run())
        tasks.create_task(poller.run())


async def client(one: Account, stack: AsyncExitStack, tally: Tally, _: Meters) -> None:
    """The requests alone, at the same pace."""
    cloud_client = Cloud(one, await stack.enter_async_context(make_session()), clock.now)

    async def get(instance: Instance) -> None:
        await cloud_client.sample(instance)
        tally.count()

    await paced(one.instances, lambda instance: asyncio.create_task(get(instance)), every=EVERY.total_seconds())


async def measure(name: str, told: dict[str, str], seconds: float) -> dict[str, float]:
    """One row in this process, from the end of the first minute on."""
    instances = await listed(told)
    one = replace(account(told, instances), quota=Quota(QUOTA, timedelta(seconds=1)), poll_every=EVERY)
    async with AsyncExitStack() as stack:
        tally, meters = Tally(len(instances)), Meters()
        begin = service if name == "service" else client
        task = asyncio.create_task(begin(one, stack, tally, meters))
        await asyncio.sleep(EVERY.total_seconds() + 5)
        before, cpu = tally.polls, _cpu()
        await asyncio.sleep(seconds)
        polls, used = tally.polls - before, _cpu() - cpu
        if task.done():
            task.result()
        task.cancel()
        await asyncio.wait([task])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    first = tally.first_cycle
    return {"cores": used / seconds, "rate": polls / seconds, "mib": memory, "first": first, "late": _late(meters)}


def _late(meters: Meters) -> float:
    """The share of polls that were sent more than a second later than planned."""
    labels = {"account": "bench"}
    value = meters.registry.get_sample_value
    within = value("fdi_monitor_schedule_lag_seconds_bucket", {**labels, "le": "1.0"}) or 0
    return 1 - within / (value("fdi_monitor_schedule_lag_seconds_count", labels) or 1)


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--row", choices=("service", "client"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.row:
        telemetry.set_up(level="error")
        print(json.dumps(asyncio.run(measure(chosen.row, json.loads(sys.stdin.read()), chosen.seconds))))
        return 0
    print(f"{'':10} {'cores':>6} {'polls/s':>8} {'MiB':>5} {'all known after':>16} {'over 1 s late':>14}")
    found = {}
    with cloud(instances=chosen.instances, quota=f"{2 * QUOTA}/s") as told:
        for row in ("client", "service"):
            command = [sys.executable, "-m", "benchmarks.scale", "--row", row, "--seconds", str(chosen.seconds)]
            answer = subprocess.run(command, input=json.dumps(told), text=True, capture_output=True, check=False)
            if answer.returncode:
                raise SystemExit(answer.stderr)
            it = found[row] = json.loads(answer.stdout)
            figures = f"{it['cores']:6.3f} {it['rate']:8.0f} {it['mib']:5.0f} {it['first']:14.1f} s {it['late']:14.2%}"
            print(f"{row:10} {figures}", flush=True)
    return 0 if tell(*_rows(chosen.instances, found["service"], found["client"])) else 1


def _rows(instances: int, it: dict[str, float], client: dict[str, float]) -> list[Row]:
    who = f"{instances:,} instances every 60 s, {len(RULES)} rules"
    cores, memory = f"the requests alone: {client['cores']:.3f}", f"the requests alone: {client['mib']:.0f} MiB"
    first, late = it["first"], it["late"]
    return [
        Row(f"{who}: CPU", "<= 0.12 cores", f"{it['cores']:.3f} cores", cores, it["cores"] <= 0.12),
        Row(f"{who}: memory", "<= 250 MiB", f"{it['mib']:.0f} MiB", memory, it["mib"] <= 250),
        Row(f"{who}: polls more than 1 s late", "<= 1 %", f"{late:.2%}", held=late <= 0.01),
        Row(f"{who}: first full cycle", "<= 60 s", f"{first:.1f} s", held=0 < first <= 60),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
