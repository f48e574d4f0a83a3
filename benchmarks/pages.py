"""How long the pages take on the server, by the number of instances: from the request to the last byte.

Every fiftieth instance has an alert that fires; under "storm" each of them has, with a message and a step for each.
Run: python -m benchmarks.pages. Goal: every page of 1,000 instances within 0.3 s; 10,000 stay usable.
The collector looks rarely, as it does in the service.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from benchmarks.report import Row, tell
from monitor.garbage import look_rarely
from monitor.matchers import EVERYTHING, parse
from monitor.meters import Meters, Pulse
from monitor.model import (
    Alert,
    Cause,
    Counts,
    Failure,
    FailureKind,
    Instance,
    Run,
    Severity,
    State,
    Transition,
)
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.nudge import Nudge
from monitor.routing import Route
from monitor.rules.rule import Rule
from monitor.silences import Silence
from monitor.store import alerts, history, instances, outbox, silences
from monitor.store.database import Store, open_store
from monitor.web.server import make_app
from monitor.web.site import Site, Speech

NOW = datetime(2026, 1, 5, 10, 0, 0, tzinfo=UTC)
EVERY = timedelta(seconds=30)
RUNS = 12
"""Runs of each instance in the last three hours: its counts changed every quarter of an hour."""
REPEATS = 5
FLEET = ("/", "/?all", "/?account=account-3", "/instances/account-3/i-00003?range=30d", "/status", "/metrics")
STORM = (
    "/",
    "/status",
    "/alerts",
    "/alerts?show=silenced&by=instance",
    "/alerts?filter=account%3D%22account-3%22",
    "/alerts?show=history",
    "/alerts/key-i-00003",
    "/rules",
    "/deliveries",
    "/deliveries?show=dead&page=3",
    "/silences",
    "/silences/new?matcher=account%3D%22account-3%22",
    "/api/v2/alerts",
    "/api/v2/alerts/groups",
    "/api/v1/rules",
    "/metrics",
)
ROUTE = Route("{}", "ops", EVERYTHING, ("alertname",), timedelta(), timedelta(minutes=1), timedelta(hours=4))
RULES = (
    Rule("tasks-abnormal", when="abnormal > 0", severity=Severity.CRITICAL),
    *(Rule(f"rule-{n}", when=f"abnormal > {n}", match=parse(f'instance=~".*{n}"')) for n in range(50)),
)
SPEECH = Speech(ROUTE, ("ops",), rules=RULES, kinds={"ops": ("feishu",)})

Client = TestClient[web.Request, web.Application]


async def main() -> int:
    print("seconds, the best of", REPEATS, "(and the size of the page)")
    found = await _table("page", FLEET, (100, 1_000, 10_000), storm=False)
    stormy = await _table("in a storm", STORM, (1_000, 10_000), storm=True)
    told = [
        _row("every page of 1,000 instances", found[1_000], 0.3),
        _row("every page of 10,000 instances", found[10_000], 1.0),
        _row("every page and list, 10,000 instances that all have an alert", stormy[10_000], 1.0),
    ]
    return 0 if tell(*told) else 1


def _row(what: str, took: Mapping[str, float], goal: float) -> Row:
    path, slowest = max(took.items(), key=lambda pair: pair[1])
    return Row(f"{what}, slowest", f"<= {goal:g} s", f"{slowest:.2f} s (`{path}`)", held=slowest <= goal)


async def _table(head: str, paths: Sequence[str], sizes: Sequence[int], *, storm: bool) -> dict[int, dict[str, float]]:
    """Prints one, and gives the seconds by size and path."""
    print(f"{head:<50}" + "".join(f"{size:>22,}" for size in sizes))
    columns = [await _column(size, paths, storm=storm) for size in sizes]
    for place, path in enumerate(paths):
        cells = (f"{seconds:.3f} ({length / 1e3:,.0f} kB)" for seconds, length in (one[place] for one in columns))
        print(f"{path:<50}" + "".join(f"{cell:>22}" for cell in cells), flush=True)
    return {
        size: {path: seconds for path, (seconds, _) in zip(paths, column, strict=True)}
        for size, column in zip(sizes, columns, strict=True)
    }


async def _column(size: int, paths: Sequence[str], *, storm: bool) -> list[tuple[float, int]]:
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(Path(folder)) as store:
            await fill(store, size, storm=storm)
            look_rarely()
            site = Site(store, Meters(), Pulse(), lambda: NOW, Nudge(), speech=lambda: SPEECH)
            async with TestClient(TestServer(make_app(site))) as client:
                return [await _best(client, path) for path in paths]


async def _best(client: Client, path: str) -> tuple[float, int]:
    took, length = [], 0
    for _ in range(REPEATS):
        begun = time.perf_counter()
        async with client.get(path) as answer:
            assert answer.status == 200, (path, answer.status)
            length = len(await answer.read())
        took.append(time.perf_counter() - begun)
    return min(took), length


async def fill(store: Store, size: int, *, storm: bool) -> None:
    """Writes a fleet of so many instances, in a storm with an alert for each."""
    fleet = [Instance(f"account-{n % 8}", f"i-{n:05}", f"instance-{n:05}", "cn-north-4") for n in range(size)]
    ill = fleet if storm else fleet[::50]
    async with store.write() as tx:
        await instances.remember(tx, fleet, at=NOW - timedelta(days=30))
        rows = await instances.ids(tx)
        await history.begin(tx, [(rows[one.key], run) for n, one in enumerate(fleet) for run in _runs(n)])
        await alerts.save(tx, [_alert(one) for one in ill])
    if storm:
        async with store.write() as tx:
            await alerts.append(tx, [step for one in ill for step in _steps(_alert(one))])
            await outbox.add(tx, [_letter(_alert(one), n) for n, one in enumerate(ill)])
            for n in range(20):
                await silences.save(tx, _silence(n))


def _steps(one: Alert) -> Iterator[Transition]:
    first = Transition(
        one.key, one.since, State.NONE, State.PENDING, Cause.BREACHED, one.severity, one.rule, one.rule_version
    )
    for hours in (30, 0):
        at = one.since - timedelta(hours=hours)
        yield replace(first, at=at, before=State.PENDING, after=State.FIRING, cause=Cause.HELD)
        if hours:
            over = replace(first, at=at + timedelta(hours=1), before=State.FIRING, after=State.RESOLVED)
            yield replace(over, cause=Cause.CLEARED)


def _letter(one: Alert, number: int) -> outbox.Letter:
    labels = one.all_labels
    view = AlertView(one.key, labels, one.annotations, one.severity, True, Change.NEW, one.since)
    said = Notification(f"m-{number}", "ops", "{}:{}", {"alertname": one.rule}, Reason.FIRST, one.since, (view,))
    letter = outbox.Letter(f"m-{number}-0", "ops", 0, "feishu", said, one.since, one.since)
    state = (outbox.Standing.SENT, outbox.Standing.DEAD, outbox.Standing.WAITING)[number % 3]
    return replace(letter, state=state, settled_at=one.since)


def _silence(number: int) -> Silence:
    match = parse(f'instance=~"instance-.*{number:02}"')
    return Silence(f"s-{number}", match, NOW - timedelta(hours=1), NOW + timedelta(hours=1), "wang", "", NOW)


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
    raise SystemExit(asyncio.run(main()))
