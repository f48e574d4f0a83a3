"""How long a scrape of `/metrics` takes over real sockets, beside the client library writing the same in the same run.

Run: python -m benchmarks.exposition. `first` reads the store and writes all instances, `again` is a scrape while
nothing has moved, `library` is prometheus_client's own encoder over as many series, without the store and the socket.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import ClientSession
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest

from benchmarks.report import Row, tell
from monitor.meters import Meters, Pulse
from monitor.model import Counts, Instance, Run
from monitor.nudge import Nudge
from monitor.store import history, instances
from monitor.store.database import Store, open_store
from monitor.web.server import make_app, serve
from monitor.web.site import Site

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
REPEATS = 5


def main() -> int:
    print(f"{'instances':>10}{'bytes':>14}{'first':>10}{'again':>10}{'library':>10}")
    told = []
    for number in (100, 1_000, 10_000):
        size, first, again = asyncio.run(_scrapes(number))
        library = _library(number)
        print(f"{number:>10,}{size:>14,}{first:>8.3f} s{again:>8.3f} s{library:>8.3f} s")
        told.append(Row(f"a scrape of {number:,} instances", "", f"{first:.2f} s", f"the library {library:.2f} s"))
    return 0 if tell(*told) else 1


async def _scrapes(number: int) -> tuple[int, float, float]:
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(Path(folder)) as store, ClientSession() as session:
            await _fill(store, number)
            changed = Nudge()
            site = Site(store, Meters(), Pulse(), lambda: NOW, changed)
            async with serve(make_app(site), "127.0.0.1", 0) as port:
                url = f"http://127.0.0.1:{port}/metrics"
                firsts: list[float] = []
                agains: list[float] = []
                size = 0
                for _ in range(REPEATS):
                    changed.ring()
                    for times in (firsts, agains):
                        begun = time.perf_counter()
                        async with session.get(url) as answer:
                            size = len(await answer.read())
                        times.append(time.perf_counter() - begun)
                return size, min(firsts), min(agains)


async def _fill(store: Store, number: int) -> None:
    many = [Instance("prod", f"fae7ff6c-0000-0000-0000-{n:012d}", f"orders-{n}", "cn-north-4") for n in range(number)]
    seen = Run(NOW - timedelta(hours=1), NOW, 120, Counts(12, 1, 0, 40), Counts(3, 0, 0, 0))
    async with store.write() as tx:
        await instances.remember(tx, many, at=NOW)
        rows = await instances.ids(tx)
        await history.begin(tx, [(row, seen) for row in rows.values()])


def _library(number: int) -> float:
    """The same number of series with as many labels."""
    names = ("account", "region", "instance", "instance_id", "kind", "status")
    values = [["prod", "cn-north-4", f"orders-{n}", f"fae7ff6c-{n:012d}", "cdc", "running"] for n in range(number)]

    class Found:
        def collect(self) -> list[GaugeMetricFamily]:
            family = GaugeMetricFamily("fdi_tasks", "Tasks.", labels=names)
            for labels in values:
                for _ in range(9):
                    family.add_metric(labels, 1.0)
            return [family]

    registry = CollectorRegistry()
    registry.register(Found())
    took = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        generate_latest(registry)
        took.append(time.perf_counter() - begun)
    return min(took)


if __name__ == "__main__":
    raise SystemExit(main())
