"""Seven experiments on what becomes of messages, with this service and with Alertmanager (and Prometheus) in one go.

    python -m benchmarks.trust [--only E3]

Needs the Debian packages `prometheus-alertmanager` and `prometheus`. Everything is on this machine: a simulated cloud,
a webhook, real processes. It takes two to four minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import platform
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import yaml
from aiohttp import web

import monitor
from benchmarks.peers import ALERTMANAGER, PROMETHEUS, free_port, missing, version
from benchmarks.subjects import NAME, Hook, Ours, Running, asked, silence, subject, wait

BOTH = ("this service", "Alertmanager")
AT_ONCE = 4

Experiment = Callable[[str, Path], Awaitable[str]]


async def e1(which: str, folder: Path) -> str:
    """a silence is made, kill -9 three seconds later, restart: silences left"""
    async with subject(which, folder, Hook(), interval="5s") as one:
        await silence(one)
        await asyncio.sleep(3)
        one.end(signal.SIGKILL)
        await one.start()
        return f"{len(await asked(f'{one.url}/api/v2/silences'))} of 1 kept"


async def e2(which: str, folder: Path) -> str:
    """a firing message is delivered, kill -9, restart, it still fires: how often it is told"""
    async with subject(which, folder, hook := Hook(), interval="5s") as one:
        await one.fires()
        await wait(lambda: hook.taken("firing") > 0)
        await asyncio.sleep(1)
        one.end(signal.SIGKILL)
        await one.start()
        await one.fires()
        await asyncio.sleep(12)
        return f"told {hook.taken('firing')} times"


async def e3(which: str, folder: Path) -> str:
    """the receiver answers 429 with `Retry-After: 2` once; group_interval is 30 s: seconds until the next try"""
    async with subject(which, folder, hook := Hook(refuses=1), interval="30s") as one:
        await one.fires()
        return f"{hook.gap():.1f} s" if await wait(lambda: len(hook.tries) > 1) else "none within 40 s"


async def e4(which: str, folder: Path) -> str:
    """the same, and the alert resolves before that: what is delivered"""
    async with subject(which, folder, hook := Hook(refuses=1), interval="10s") as one:
        await one.fires()
        await wait(lambda: len(hook.tries) > 0)
        await one.resolves()
        await asyncio.sleep(25)
        return f"{hook.taken('firing')} firing, {hook.taken('resolved')} resolved"


async def e5(which: str, folder: Path) -> str:
    """firing is delivered, it resolves, SIGTERM before that is flushed, restart: RESOLVED messages"""
    async with subject(which, folder, hook := Hook(), interval="10s") as one:
        await one.fires()
        await wait(lambda: hook.taken("firing") > 0)
        await one.resolves()
        await asyncio.sleep(2)
        one.end(signal.SIGTERM)
        early = hook.taken("resolved")
        await one.start()
        await asyncio.sleep(20)
        return f"{hook.taken('resolved')} delivered" + (" (before the end)" if early else "")


async def e6(which: str, folder: Path) -> str:
    """the receiver takes 12 s to answer; group_interval is 5 s: how often the same message comes in 60 s"""
    async with subject(which, folder, hook := Hook(slow=12), interval="5s") as one:
        await one.fires()
        await wait(lambda: len(hook.tries) > 0)
        await asyncio.sleep(60)
        return f"{len(hook.tries)} times"


async def e7(which: str, folder: Path) -> str:
    """what is watched answers 429 with `Retry-After: 20` while an alert fires: the alert after 8 s, requests in them"""
    if which == "this service":
        async with subject(which, folder, hook := Hook(), interval="5s") as one:
            assert isinstance(one, Ours)
            await one.fires()
            await wait(lambda: hook.taken("firing") > 0)
            one.sim.cloud.add_fault({"instance": NAME, "kind": "429-retry-after", "value": 20})
            await asyncio.sleep(1.5)
            before = sum(one.sim.cloud.figures.instances.values())
            await asyncio.sleep(8)
            requests = sum(one.sim.cloud.figures.instances.values()) - before
            found = (await asked(f"{one.url}/api/fdi/v1/alerts"))["alerts"]
            return f"{'fires' if found else 'gone'}, {requests} requests"
    return await _prometheus(folder)


async def _prometheus(folder: Path) -> str:
    seen: list[bool] = []
    refusing = False

    async def scraped(_: web.Request) -> web.Response:
        seen.append(refusing)
        return web.Response(status=429, headers={"Retry-After": "20"}) if refusing else web.Response(text="tasks 1\n")

    app = web.Application()
    app.router.add_get("/metrics", scraped)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one = Running(folder)
    try:
        port = free_port()
        scrape = {"job_name": "fdi", "static_configs": [{"targets": [f"127.0.0.1:{runner.addresses[0][1]}"]}]}
        rules = {"groups": [{"name": "fdi", "rules": [{"alert": "abnormal", "expr": "tasks > 0"}]}]}
        every = {"scrape_interval": "2s", "evaluation_interval": "2s"}
        config = {"global": every, "rule_files": ["rules.yaml"], "scrape_configs": [scrape]}
        for name, content in (("config.yaml", config), ("rules.yaml", rules)):
            (folder / name).write_text(yaml.safe_dump(content), encoding="utf-8")
        command = [PROMETHEUS, "--config.file=config.yaml", "--storage.tsdb.path=data"]
        one.spawn([*command, f"--web.listen-address=127.0.0.1:{port}"])
        url = f"http://127.0.0.1:{port}/api/v1/alerts"
        while True:
            await asyncio.sleep(0.2)
            if await _firing(url):
                break
        refusing = True
        await asyncio.sleep(8)
        return f"{'fires' if await _firing(url) else 'gone'}, {sum(seen)} requests"
    finally:
        one.end(signal.SIGKILL)
        await runner.cleanup()


async def _firing(url: str) -> bool:
    try:
        return any(one["state"] == "firing" for one in (await asked(url))["data"]["alerts"])
    except aiohttp.ClientError:
        return False


EXPERIMENTS: dict[str, Experiment] = {"E1": e1, "E2": e2, "E3": e3, "E4": e4, "E5": e5, "E6": e6, "E7": e7}


async def measure(names: list[str], folder: Path) -> dict[tuple[str, str], str]:
    """What was seen, by experiment and subject; a few at once, for they mostly wait."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, which: str) -> tuple[tuple[str, str], str]:
        async with places:
            try:
                async with asyncio.timeout(150):
                    return (name, which), await EXPERIMENTS[name](which, folder / f"{name}-{which[:4]}")
            except (TimeoutError, OSError, aiohttp.ClientError) as error:
                return (name, which), f"failed: {error!r}"

    return dict(await asyncio.gather(*(one(name, which) for name in names for which in BOTH)))


def versions() -> str:
    """Of everything that takes part."""
    ours = f"FDI Monitor {monitor.__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return "; ".join([ours, version(ALERTMANAGER), version(PROMETHEUS)])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(EXPERIMENTS), help="one experiment instead of all")
    only = parser.parse_args().only
    if absent := missing():
        sys.exit(absent)
    logging.disable()
    print(versions())
    names = [only] if only else list(EXPERIMENTS)
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(names, Path(folder)))
    print(f"| | experiment | {' | '.join(BOTH)} |\n| --- | --- | --- | --- |")
    for name in names:
        print(f"| {name} | {EXPERIMENTS[name].__doc__} | {' | '.join(found[name, which] for which in BOTH)} |")


if __name__ == "__main__":
    main()
