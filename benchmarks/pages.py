"""How long the pages take on the server, by the number of instances: from the request to the last byte.

Run: python -m benchmarks.pages. Goal: the overview of 1,000 instances within 0.3 s; 10,000 stay usable.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from monitor.meters import Meters, Pulse
from monitor.model import Alert, Counts, Failure, FailureKind, Instance, Run, Severity, State
from monitor.nudge import Nudge
from monitor.store import alerts, history, instances
from monitor.store.database import Store, open_store
from monitor.web.server import make_app
from monitor.web.site import Site

NOW = datetime(2026, 1, 5, 10, 0, 0, tzinfo=UTC)
EVERY = timedelta(seconds=30)
RUNS = 12
"""Runs of each instance in the last three hours: its counts changed every quarter of an hour."""
REPEATS = 5
PATHS = ("/", "/?all", "/?account=account-3", "/instances/account-3/i-00003?range=30d", "/status", "/metrics")

Client = TestClient[web.Request, web.Application]


async def main() -> None:
    sizes = (100, 1_000, 10_000)
    print("seconds, the best of", REPEATS, "(and the size of the page)")
    print(f"{'page':<42}" + "".join(f"{size:>22,}" for size in sizes))
    columns = [await _column(size) for size in sizes]
    for place, path in enumerate(PATHS):
        cells = (f"{seconds:.3f} ({length / 1e3:,.0f} kB)" for seconds, length in (one[place] for one in columns))
        print(f"{path:<42}" + "".join(f"{cell:>22}" for cell in cells))


async def _column(size: int) -> list[tuple[float, int]]:
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(Path(folder)) as store:
            await _fill(store, size)
            site = Site(store, Meters(), Pulse(), lambda: NOW, Nudge())
            async with TestClient(TestServer(make_app(site))) as client:
                return [await _best(client, path) for path in PATHS]


async def _best(client: Client, path: str) -> tuple[float, int]:
    took, length = [], 0
    for _ in range(REPEATS):
        begun = time.perf_counter()
        async with client.get(path) as answer:
            assert answer.status == 200, (path, answer.status)
            length = len(await answer.read())
        took.append(time.perf_counter() - begun)
    return min(took), length


async def _fill(store: Store, size: int) -> None:
    fleet = [Instance(f"account-{n % 8}", f"i-{n:05}", f"instance-{n:05}", "cn-north-4") for n in range(size)]
    async with store.write() as tx:
        await instances.remember(tx, fleet, at=NOW - timedelta(days=30))
        rows = await instances.ids(tx)
        await history.begin(tx, [(rows[one.key], run) for n, one in enumerate(fleet) for run in _runs(n)])
        await alerts.save(tx, [_alert(one) for n, one in enumerate(fleet) if n % 50 == 0])


def _runs(number: int) -> Iterator[Run]:
    draw = random.Random(number)
    yield Run(NOW - timedelta(days=30), NOW - timedelta(hours=3) - EVERY, 86_000, Counts(20, 0, 0, 40), Counts(5))
    length = timedelta(hours=3) / RUNS
    for place in range(RUNS):
        start = NOW - timedelta(hours=3) + place * length
        end = start + length - EVERY
        if number % 25 == 0 and place == RUNS - 1:
            yield Run(start, end, 29, failure=Failure(FailureKind.TIMEOUT, "no answer within 10 s"))
            continue
        ill = draw.randrange(9) if number % 50 == 0 else 0
        yield Run(start, end, 29, Counts(20 + draw.randrange(9), ill, 0, 40 + place), Counts(5, ill // 3, 0, 0))


def _alert(about: Instance) -> Alert:
    labels = {"alertname": "tasks-abnormal", "account": about.account, "instance": about.name}
    since = NOW - timedelta(minutes=20)
    return Alert(
        key=f"key-{about.id}",
        rule="tasks-abnormal",
        rule_version="1",
        instance=about.key,
        labels=labels,
        severity=Severity.CRITICAL,
        state=State.FIRING,
        since=since,
        state_since=since,
        fired_at=since,
        values={"common.abnormal": 3.0, "up": 1.0},
        annotations={"summary": f"3 tasks abnormal on {about.name}"},
    )


if __name__ == "__main__":
    asyncio.run(main())
