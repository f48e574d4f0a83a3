"""How soon the service is back after `kill -9`, with 10,000 instances and 1,000 alerts, and what it still knows.

    python -m benchmarks.restart [--instances 10000] [--alerts 1000]

The service polls a simulated cloud until every alert fires, is killed, and started again on what it left: measured is
the time from the start of the process to `/readyz`. Beside it, in the same run, Alertmanager with as many alerts.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks import peers
from benchmarks.report import Row, tell
from benchmarks.subjects import Hook, Ours, Theirs, asked
from monitor.clock import now
from monitor.simulator import Scenario, Simulator, SimulatorOptions

QUOTA = 500

Known = dict[str, Any]
"""Alerts by fingerprint: since when they fire."""


async def ours(instances: int, alerts: int, folder: Path) -> tuple[float, Known, Known]:
    """Seconds until ready again, and the alerts before and after."""
    options = SimulatorOptions(instances=instances, quota=f"{4 * QUOTA}/s", scenario=Scenario())
    hook = Hook()
    async with hook.open(), Simulator(options) as sim:
        for machine in sim.cloud.machines()[:alerts]:
            sim.cloud.put(machine.id, {"common": {"abnormal": 1}})
        pace = {"poll_every": "60s", "quota": f"{QUOTA}/s", "concurrency": 64}
        async with _ended(Ours(folder, hook, "1m", sim, group_by=["account"], **pace)) as one:
            await one.start()
            before = await _all(one, alerts)
            one.end(signal.SIGKILL)
            took = await _again(one)
            return took, before, await _known(one)


async def theirs(alerts: int, folder: Path) -> tuple[float, Known, Known]:
    """The same of Alertmanager, to which the alerts are posted once."""
    hook = Hook()
    async with hook.open(), _ended(Theirs(folder, hook, "1m")) as one:
        await one.start()
        ends = (now() + timedelta(hours=1)).isoformat()
        body = [{"labels": {"alertname": "abnormal", "instance": f"i-{n}"}, "endsAt": ends} for n in range(alerts)]
        async with aiohttp.ClientSession() as session, session.post(f"{one.url}/api/v2/alerts", json=body) as answer:
            answer.raise_for_status()
        before = await _all(one, alerts)
        one.end(signal.SIGKILL)
        return await _again(one), before, await _known(one)


@asynccontextmanager
async def _ended(one: Ours | Theirs) -> AsyncIterator[Ours | Theirs]:
    try:
        yield one
    finally:
        one.end(signal.SIGKILL)


async def _again(one: Ours | Theirs) -> float:
    """Starts it, and waits until it says that it is ready."""
    began = time.perf_counter()
    await one.start()
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        path = "/readyz" if isinstance(one, Ours) else "/-/ready"
        while True:
            async with session.get(one.url + path) as answer:
                if answer.status == 200:
                    return time.perf_counter() - began
            await asyncio.sleep(0.02)


async def _all(one: Ours | Theirs, alerts: int) -> Known:
    async with asyncio.timeout(180):
        while True:
            if len(found := await _known(one)) >= alerts:
                return found
            await asyncio.sleep(1)


async def _known(one: Ours | Theirs) -> Known:
    return {alert["fingerprint"]: alert["startsAt"] for alert in await asked(f"{one.url}/api/v2/alerts")}


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--alerts", type=int, default=1_000)
    chosen = parser.parse_args()
    if absent := peers.missing():
        sys.exit(absent)
    with tempfile.TemporaryDirectory() as folder:
        mine = asyncio.run(ours(chosen.instances, chosen.alerts, Path(folder) / "ours"))
        other = asyncio.run(theirs(chosen.alerts, Path(folder) / "theirs"))
    print(f"{'':16}{'ready after':>13}{'alerts before':>15}{'after, since then':>19}")
    kept = []
    for name, (took, before, after) in (("this service", mine), ("Alertmanager", other)):
        kept.append(sum(after.get(key) == since for key, since in before.items()))
        print(f"{name:16}{took:>12.1f}s{len(before):>15,}{kept[-1]:>19,}")
    what = f"restart after kill -9, {chosen.instances:,} instances and {chosen.alerts:,} alerts"
    beside = f"Alertmanager {other[0]:.1f} s, {kept[1]:,} of its {len(other[1]):,} alerts left"
    ours_kept = f"{kept[0]:,} of {len(mine[1]):,}"
    return (
        0
        if tell(
            Row(f"{what}: ready", "<= 5 s", f"{mine[0]:.1f} s", beside, mine[0] <= 5),
            Row(f"{what}: alerts with their timers", "all", ours_kept, held=kept[0] == len(mine[1])),
        )
        else 1
    )


if __name__ == "__main__":
    raise SystemExit(main())
