"""CPU of Prometheus for each scrape, with as many instances and rules as `benchmarks.poll_cost`: its row there."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from pathlib import Path

from benchmarks import peers

RULES = (
    'fdi_tasks{kind="cdc",status="abnormal"} > 100',
    'sum by (instance) (fdi_tasks{status="abnormal"}) >= 1000',
    'sum by (instance) (fdi_tasks{status="abnormal"}) / sum by (instance) (fdi_tasks{status="running"}) > 0.2',
    'sum by (instance) (fdi_tasks{status="terminated"}) > 500',
    'fdi_tasks{kind="common",status="abnormal"} > 200 or fdi_tasks{kind="cdc",status="abnormal"} > 200',
    "up == 0",
    "count_over_time((up == 0)[5s:1s]) >= 5",
    "scrape_duration_seconds > 5",
    'sum by (instance) (fdi_tasks{status="running"}) == 0 and sum by (instance) (fdi_tasks{status="completed"}) > 10',
    'sum by (instance) (fdi_tasks{status="completed"}) < 0',
)
_NAMES = [
    f"{kind}.{state}" for kind in ("common", "cdc") for state in ("running", "abnormal", "terminated", "completed")
]


async def _measure(instances: int, seconds: float, warm_up: float) -> dict[str, float]:
    numbers = itertools.cycle((40, 0, 5, 100, 12, 0, 1, 30))
    counts: peers.Counts = {f"i-{n}": {name: next(numbers) for name in _NAMES} for n in range(instances)}
    rules = [{"alert": f"rule-{n}", "expr": text, "for": "2m"} for n, text in enumerate(RULES)]
    with tempfile.TemporaryDirectory() as folder:
        async with (
            peers.Exporter(counts).open() as exporter,
            peers.prometheus(Path(folder), exporter, rules, every="1s") as pid,
        ):
            await asyncio.sleep(warm_up)
            before, used = exporter.scrapes, peers.cpu(pid)
            await asyncio.sleep(seconds)
            done, used = exporter.scrapes - before, peers.cpu(pid) - used
            memory = peers.resident(pid)
    return {"us": used / done * 1e6, "rate": done / seconds, "mib": memory}


def measure(instances: int, seconds: float, warm_up: float) -> dict[str, float]:
    """CPU microseconds a scrape, scrapes a second, and memory at its highest."""
    return asyncio.run(_measure(instances, seconds, warm_up))
