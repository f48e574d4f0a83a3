"""CPU per poll, all in, against a bare aiohttp client that sends the same requests at the same rate.

    python -m benchmarks.poll_cost [--seconds 10] [--rounds 3]

The cloud runs in a process of its own. Each row is a process that polls 500 instances once a second, what is due
started every 50 ms, with one part more than the row before; CPU is the process's own, user and system, between two
moments of steady work. The service tells the collector to look rarely (`monitor.garbage`), which a bare client does
not; the second row does, so that both comparisons can be made. Rows are measured in turn, round by round, and the
medians are printed. Where the Debian package `prometheus` is installed, its row is measured among them: a scrape of
the same counts as text, without what an exporter and a signer of requests would cost, and ten rules like ours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
from pydantic import SecretStr

from benchmarks import peers, prometheus_cost
from benchmarks.cloud import cloud
from benchmarks.report import Row, tell
from monitor import clock, telemetry
from monitor.engine import Engine
from monitor.fdi.account import Account, Password, Quota
from monitor.fdi.cloud import Cloud
from monitor.fdi.wire import make_session
from monitor.garbage import look_rarely
from monitor.meters import Meters, Pulse
from monitor.model import Alert, Instance, InstanceKey, Sample, Severity
from monitor.poller import Judging, Poller
from monitor.rules.rule import Rule
from monitor.schedule import Schedule
from monitor.store.database import open_store

INSTANCES = 500
EVERY = 1.0
WARM_UP = 3.0
GOAL = 1.35
BESIDE = 0.75
PROMETHEUS = "Prometheus, 10 rules like ours"

CONDITIONS = (
    "cdc.abnormal > 100",
    "abnormal >= 1000",
    "abnormal / running > 20%",
    "terminated > 500",
    "common.abnormal > 200 or cdc.abnormal > 200",
    "up == 0 and age > 3m",
    "failures >= 5",
    "latency > 5s",
    "running == 0 and completed > 10",
    "not (completed >= 0)",
)
RULES = tuple(
    Rule(f"rule-{number}", when=condition, hold=timedelta(minutes=2), severity=Severity.WARNING)
    for number, condition in enumerate(CONDITIONS)
)

STAGES = {
    "bare": "bare aiohttp: session.get, read",
    "tuned": "the same, collector as in the service",
    "client": "+ quota, credentials, strict answers",
    "poller": "+ schedule and workers",
    "all": "+ 10 rules and the store",
}


def account(told: dict[str, str], instances: Iterable[Instance]) -> Account:
    """The account that the cloud serves."""
    return Account(
        name="bench",
        endpoint=told["url"],
        iam_endpoint=told["url"],
        auth=Password(told["domain"], told["user"], SecretStr(told["password"])),
        region=told["region"],
        project_id=told["project_id"],
        quota=Quota(4 * INSTANCES, timedelta(seconds=1)),
        concurrency=64,
        poll_every=timedelta(seconds=EVERY),
        instances=tuple(instances),
    )


async def listed(told: dict[str, str]) -> list[Instance]:
    """The cloud's instances."""
    async with aiohttp.ClientSession() as session, session.get(f"{told['url']}/_sim/instances") as response:
        found = await response.json()
    return [Instance("bench", one["id"], one["name"], told["region"], told["project_id"]) for one in found["instances"]]


async def paced(
    instances: Iterable[Instance], send: Callable[[Instance], asyncio.Task[None]], *, every: float = EVERY
) -> None:
    """Sends what is due every 50 ms, as the service does, with a task for each request."""
    by_key = {one.key: one for one in instances}
    loop = asyncio.get_running_loop()
    schedule = Schedule(every)
    schedule.keep(by_key, at=loop.time())
    tasks: set[asyncio.Task[None]] = set()
    while True:
        for _, key in schedule.due(loop.time()):
            task = send(by_key[key])
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.sleep(0.05)


@asynccontextmanager
async def stage(name: str, told: dict[str, str], count: Callable[[], None]) -> AsyncIterator[None]:
    """Polls in the background with the parts of this stage."""
    instances = await listed(told)
    begin = {"bare": _bare, "tuned": _bare, "client": _client, "poller": _poller, "all": _all}[name]
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        loops = await begin(account(told, instances), stack, count)
        running = [tasks.create_task(loop) for loop in loops]
        yield
        for task in running:
            task.cancel()


def unheard(_instance: Instance, _alert: Alert) -> None:
    """Nobody asks for the names of broken tasks."""


class Blind:
    """An engine that only counts."""

    def __init__(self, count: Callable[[], None]) -> None:
        self._count = count

    async def meet(self, found: Iterable[Instance]) -> None:
        """Nobody is introduced."""

    async def leave(self, keys: Collection[InstanceKey]) -> None:
        """Nobody is missed."""

    async def take(self, sample: Sample) -> None:
        """One more."""
        self._count()

    def missed(self, keys: Iterable[InstanceKey], every: float) -> Collection[InstanceKey]:
        """Nothing was polled before."""
        return ()

    def hot(self, key: InstanceKey) -> bool:
        """All are alike."""
        return False

    def troubled(self, account: str) -> Collection[InstanceKey]:
        """Nothing is remembered."""
        return ()


class Counting(Engine):
    """The engine, counting what it took."""

    count: Callable[[], None]

    async def take(self, sample: Sample) -> None:
        """Judges, records and counts."""
        await super().take(sample)
        self.count()


Loops = list[Coroutine[None, None, None]]


async def _bare(one: Account, stack: AsyncExitStack, count: Callable[[], None]) -> Loops:
    """What anybody would write: a session, a token, a task for each request."""
    connector = aiohttp.TCPConnector(limit=one.concurrency)
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, max_field_size=131072))
    assert isinstance(one.auth, Password)
    user = {"name": one.auth.user, "password": one.auth.password.get_secret_value()}
    identity = {"methods": ["password"], "password": {"user": {**user, "domain": {"name": one.auth.domain}}}}
    body = {"auth": {"identity": identity, "scope": {"project": {"id": one.project_id}}}}
    async with session.post(f"{one.iam_endpoint}/v3/auth/tokens", json=body) as response:
        headers = {"X-Auth-Token": response.headers["X-Subject-Token"]}

    async def get(instance: Instance) -> None:
        url = f"{one.endpoint}/v2/{one.project_id}/fdi/instances/{instance.id}/statistics/tasks"
        async with session.get(url, headers=headers) as response:
            await response.read()
            assert response.status == 200
        count()

    return [paced(one.instances, lambda instance: asyncio.create_task(get(instance)))]


async def _client(one: Account, stack: AsyncExitStack, count: Callable[[], None]) -> Loops:
    """The same pace through our client."""
    client = Cloud(one, await stack.enter_async_context(make_session()), clock.now)

    async def get(instance: Instance) -> None:
        sample = await client.sample(instance)
        assert sample.up, sample.failure
        count()

    return [paced(one.instances, lambda instance: asyncio.create_task(get(instance)))]


async def _poller(one: Account, stack: AsyncExitStack, count: Callable[[], None]) -> Loops:
    """The real poller, whose samples go nowhere."""

    return [await _polling(one, stack, Blind(count))]


async def _all(one: Account, stack: AsyncExitStack, count: Callable[[], None]) -> Loops:
    """The real poller, engine and store."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    store = await stack.enter_async_context(open_store(Path(folder)))
    engine = Counting(store, RULES, now=clock.now, meters=Meters(), pulse=Pulse(), moved=lambda: None, fires=unheard)
    engine.count = count
    await engine.load()
    return [engine.run(), await _polling(one, stack, engine)]


async def _polling(one: Account, stack: AsyncExitStack, engine: Judging) -> Coroutine[None, None, None]:
    client = Cloud(one, await stack.enter_async_context(make_session()), clock.now)
    return Poller(one, client, engine=engine, now=clock.now, meters=Meters(), pulse=Pulse(), cycles=Pulse()).run()


async def measure(name: str, told: dict[str, str], seconds: float) -> dict[str, float]:
    """One stage in this process: CPU microseconds a poll, polls a second, and memory at the end."""
    polls = 0

    def count() -> None:
        nonlocal polls
        polls += 1

    async with stage(name, told, count):
        await asyncio.sleep(WARM_UP)
        if name != "bare":
            look_rarely()
        before, cpu_before = polls, _cpu()
        await asyncio.sleep(seconds)
        done, cpu = polls - before, _cpu() - cpu_before
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"us": cpu / done * 1e6, "rate": done / seconds, "mib": memory}


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run(rounds: int, seconds: float) -> dict[str, list[dict[str, float]]]:
    """Every stage in a process of its own, in turn."""
    beside = [PROMETHEUS] if Path(peers.PROMETHEUS).exists() else []
    found: dict[str, list[dict[str, float]]] = {name: [] for name in [*STAGES, *beside]}
    with cloud(instances=INSTANCES, quota=f"{8 * INSTANCES}/s") as told:
        for number in range(rounds):
            for name, rows in found.items():
                print(f"round {number + 1} of {rounds}: {STAGES.get(name, name)} ...", file=sys.stderr)
                if name == PROMETHEUS:
                    rows.append(prometheus_cost.measure(INSTANCES, seconds, WARM_UP))
                else:
                    rows.append(_staged(name, told, seconds))
    return found


def _staged(name: str, told: dict[str, str], seconds: float) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.poll_cost", "--stage", name, "--seconds", str(seconds)]
    answer = subprocess.run(command, input=json.dumps(told), text=True, capture_output=True, check=False)
    if answer.returncode:
        raise SystemExit(answer.stderr)
    measured: dict[str, float] = json.loads(answer.stdout)
    return measured


def show(found: dict[str, list[dict[str, float]]]) -> bool:
    """The table: medians, the range, what each part adds, and the ratio round by round. Whether the goals are held."""
    before = 0.0
    print(f"{'':40} {'us/poll':>8} {'range':>13} {'adds':>6} {'x bare':>7} {'polls/s':>8} {'MiB':>5}")
    for name, rows in found.items():
        costs = [row["us"] for row in rows]
        cost, span = statistics.median(costs), f"{min(costs):.0f}..{max(costs):.0f}"
        rate, memory = (statistics.median(row[key] for row in rows) for key in ("rate", "mib"))
        adds = f"{cost - before:6.0f}" if name in STAGES else f"{'':6}"
        ratio = statistics.median(_ratios(rows, found["bare"]))
        print(f"{STAGES.get(name, name):40} {cost:8.0f} {span:>13} {adds} {ratio:7.2f} {rate:8.0f} {memory:5.0f}")
        before = cost
    told = [
        _row("CPU per poll, all in, against a bare aiohttp client", found["all"], found["bare"], GOAL),
        _row("the same, the client with the service's collector settings", found["all"], found["tuned"]),
    ]
    if PROMETHEUS in found:
        told.append(_row("CPU per poll against Prometheus per scrape", found["all"], found[PROMETHEUS], BESIDE))
    return tell(*told)


def _ratios(rows: list[dict[str, float]], base: list[dict[str, float]]) -> list[float]:
    return [one["us"] / other["us"] for one, other in zip(rows, base, strict=True)]


def _row(what: str, ours: list[dict[str, float]], base: list[dict[str, float]], goal: float | None = None) -> Row:
    ratios = _ratios(ours, base)
    middle = statistics.median(ratios)
    beside = f"{statistics.median(row['us'] for row in base):.0f} us"
    figure = f"{middle:.2f} x ({min(ratios):.2f}..{max(ratios):.2f})"
    return Row(what, "", figure, beside) if goal is None else Row(what, f"<= {goal} x", figure, beside, middle <= goal)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.stage:
        telemetry.set_up(level="warning")
        told = json.loads(sys.stdin.read())
        print(json.dumps(asyncio.run(measure(chosen.stage, told, chosen.seconds))))
        return 0
    return 0 if show(run(chosen.rounds, chosen.seconds)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
