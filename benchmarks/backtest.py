"""A back-test of a month: 30 days of 100 instances polled every 30 s, under 20 rules, from a real SQLite store.

    python -m benchmarks.backtest [--days 30] [--instances 100] [--rules 20] [--step]

The history is made by a seeded walk: counts change, tasks break for a while, polls fail. A row is one pace of change;
`--step` adds a row in which every poll is judged, for a hundredth of the time.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.report import Row, tell
from monitor.garbage import look_rarely
from monitor.matchers import EVERYTHING
from monitor.model import Counts, Failure, FailureKind, Instance, Run, Severity
from monitor.routing import Route
from monitor.rules.backtest import Backtest, backtest
from monitor.rules.past import Past
from monitor.rules.replay import Replay
from monitor.rules.rule import Rule
from monitor.store import history, instances, pasts
from monitor.store.database import open_archive, open_store

END = datetime(2026, 3, 1, tzinfo=UTC)
EVERY = timedelta(seconds=30)
GOAL = 60.0
PACES = {"a change every 2 h": 7200.0, "a change every 20 min": 1200.0, "a change every 10 min": 600.0}
CONDITIONS = (
    "cdc.abnormal > 0",
    "abnormal > 2",
    "abnormal / running > 20%",
    "terminated > 25",
    "common.abnormal > 1 or cdc.abnormal > 1",
    "up == 0 and age > 3m",
    "failures >= 5",
    "suspicious == 1",
    "running == 0 and completed > 10",
    "increase(terminated, 15m) >= 3",
    "delta(abnormal, 10m) > 1",
    "max_over_time(abnormal, 15m) > 2",
    "ago(running, 15m) - running > 5",
    "abnormal > ago(abnormal, 10m) + 1",
)
ROUTE = Route(
    path="{}",
    receiver="ops",
    matchers=EVERYTHING,
    group_by=("account", "alertname"),
    group_wait=timedelta(seconds=10),
    group_interval=timedelta(minutes=1),
    repeat_interval=timedelta(hours=4),
)


def rules(number: int) -> tuple[Rule, ...]:
    """So many, with timers of every length."""
    return tuple(
        Rule(
            f"rule-{place}",
            when=CONDITIONS[place % len(CONDITIONS)],
            hold=timedelta(minutes=place % 6),
            keep=timedelta(minutes=5 * (place % 3)),
            severity=Severity.WARNING,
            summary="{{ abnormal }} abnormal on {{ instance }}",
        )
        for place in range(number)
    )


def walk(seed: int, start: datetime, pace: float) -> Iterator[Run]:
    """The runs of one instance: a walk of its counts, with trouble now and then."""
    dice = random.Random(seed)
    at, counts, broken = start, [40, 0, 5, 100], 0
    while at < END:
        polls = max(1, int(dice.expovariate(1 / pace) / EVERY.total_seconds()))
        spacing = EVERY + timedelta(microseconds=dice.randrange(-2000, 2000))
        end = at + (polls - 1) * spacing
        if dice.random() < 0.01:
            yield Run(at, end, polls, failure=Failure(FailureKind.TIMEOUT, "no answer within 10s"))
        else:
            counts[3] += dice.randrange(3)
            counts[2] += dice.random() < 0.1
            broken = max(0, broken - 1) if broken else dice.randrange(1, 5) * (dice.random() < 0.02)
            yield Run(at, end, polls, Counts(counts[0] - broken, broken, *counts[2:]), Counts(5, broken // 3))
        at = end + spacing


async def fill(folder: Path, number: int, start: datetime, pace: float) -> int:
    """A store with the history of so many instances; how many runs that are."""
    fleet = [Instance("prod", f"i-{place}", f"instance-{place}", labels={"env": "prod"}) for place in range(number)]
    written = 0
    async with open_store(folder) as store, store.write() as tx:
        await instances.remember(tx, fleet, at=start)
        rows = await instances.ids(tx)
        for seed, one in enumerate(fleet):
            runs = [(rows[one.key], run) for run in walk(seed, start, pace)]
            written += len(runs)
            await history.begin(tx, runs)
    return written


async def read(folder: Path, start: datetime, chosen: tuple[Rule, ...]) -> list[Past]:
    """What a back-test reads."""
    async with open_archive(folder) as archive, archive.read() as tx:
        return await pasts.between(tx, start, END, reach=max(rule.reach for rule in chosen))


def measure(folder: Path, start: datetime, chosen: tuple[Rule, ...]) -> tuple[float, float, Backtest]:
    """Seconds for reading, seconds for everything, and what came of it. The collector looks rarely, as it does for the
    command."""
    look_rarely()
    began = time.process_time()
    found = asyncio.run(read(folder, start, chosen))
    was_read = time.process_time()
    done = backtest(found, chosen, ROUTE, since=start, until=END)
    return was_read - began, time.process_time() - began, done


def main() -> int:
    """Makes each history, replays it, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--instances", type=int, default=100)
    parser.add_argument("--rules", type=int, default=20)
    parser.add_argument("--step", action="store_true")
    chosen = parser.parse_args()
    under, start = rules(chosen.rules), END - timedelta(days=chosen.days)
    print(f"{chosen.days} days of {chosen.instances} instances every 30 s, {chosen.rules} rules; goal {GOAL:.0f} s\n")
    print(f"{'history':<24}{'runs':>9}{'polls':>12}{'judged':>11}{'firings':>9}{'read s':>8}{'all s':>8}")
    rows = []
    for name, pace in PACES.items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            runs = asyncio.run(fill(folder, chosen.instances, start, pace))
            reading, everything, done = measure(folder, start, under)
            firings = sum(one.firings for one in done.rules)
            figures = f"{runs:>9,}{done.polls:>12,}{done.judged:>11,}{firings:>9,}{reading:>8.1f}{everything:>8.1f}"
            print(f"{name:<24}{figures}", flush=True)
            what = f"back-test, {chosen.days} days of {chosen.instances} instances, {chosen.rules} rules, {name}"
            rows.append(Row(what, f"<= {GOAL:.0f} s", f"{everything:.1f} s", held=everything <= GOAL))
            if chosen.step:
                cut = END - timedelta(days=chosen.days) / 100
                found = asyncio.run(read(folder, cut, under))
                began = time.process_time()
                stepped = Replay(found, under, ROUTE, jumps=False).play(END)
                took = time.process_time() - began
                whole = took * done.polls / stepped.polls
                print(f"{'  every poll judged':<24}{'':>9}{done.polls:>12,}{'(a hundredth, x 100)':>28}{whole:>8.1f}")
    return 0 if tell(*rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
