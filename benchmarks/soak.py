"""A day in twenty minutes: the service under every fault there is, and whether it grows, slows, or loses anything.

    python -m benchmarks.soak [--minutes 20]

200 instances are polled every second, as much as 12,000 once a minute. All the while tasks break and recover, single
instances and the whole cloud misbehave in every documented way, the webhook refuses and dawdles, and the rule file is
edited, every other time into nonsense. At the end all is well, and every alert that fired has to have been told,
and told to be over. History is kept for three minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from aiohttp import ClientSession, web
from prometheus_client.parser import text_string_to_metric_families

from benchmarks import peers
from benchmarks.report import Row, tell
from benchmarks.subjects import Hook, Ours, asked
from monitor.simulator import KINDS, Scenario, Simulator, SimulatorOptions
from monitor.store.database import FILE

INSTANCES = 200
RESTS = {kind for kind in KINDS if kind.startswith("401")} | {"400-token", "clock-skew", "token-death"}
"""Refused credentials are tried again after five minutes, lest the key is locked: not a course for twenty."""
KEPT = 180
LOOK = 5.0
RULE = "rules:\n- {{name: abnormal, when: abnormal > {limit}, severity: critical, flapping: false}}\n"


class Told(Hook):
    """A webhook that remembers what it was last told of each instance."""

    def __init__(self) -> None:
        super().__init__()
        self.states: dict[str, str] = {}
        self.messages = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Takes it, sooner or later, unless it refuses."""
        body = await request.json()
        await asyncio.sleep(self.slow)
        if self.refuses > 0:
            self.refuses -= 1
            return web.Response(status=503)
        self.messages += 1
        self.states |= {alert["labels"].get("instance", ""): alert["status"] for alert in body["alerts"]}
        return web.Response()


@dataclass(slots=True)
class Course:
    """What the process looked like, look by look."""

    memory: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    tasks: list[float] = field(default_factory=list)
    lag: dict[str, float] = field(default_factory=dict)
    oldest: float = 0.0
    polls: float = 0.0


async def trouble(sim: Simulator, hook: Told, rules: Path) -> None:
    """Goes on until cancelled; what it does repeats with the seed."""
    dice, beat = random.Random(1), 0
    names = [machine.id for machine in sim.cloud.machines()]
    faults = sorted(KINDS - RESTS)
    while True:
        beat += 1
        for name in dice.sample(names, 2):
            broken = dice.choice((0, 0, 1, 4))
            sim.cloud.put(name, {"common": {"abnormal": broken, "completed": beat}})
        if beat % 6 == 0:
            sim.cloud.add_fault(
                {"instance": dice.choice(names), "kind": dice.choice(faults), "for": dice.randint(5, 20)}
            )
        if beat % 90 == 0:
            sim.cloud.add_fault({"instance": "*", "kind": dice.choice(("503", "429", "reset", "hang")), "for": 8})
        if beat % 40 == 0:
            hook.refuses = 3
        hook.slow = 3.0 if beat % 60 < 10 else 0.0
        if beat % 30 == 0:
            edit(rules, RULE.format(limit=beat % 2) if beat % 60 else "rules: [what is this")
        await asyncio.sleep(0.5)


def edit(rules: Path, text: str) -> None:
    """As an editor would."""
    rules.write_text(text, encoding="utf-8")


async def look(one: Ours, session: ClientSession, course: Course) -> None:
    """One look at the process, from outside and through its metrics."""
    course.memory.append(peers.resident(one.pid, "VmRSS"))
    course.files.append(peers.files(one.pid))
    async with session.get(f"{one.url}/metrics") as answer:
        samples = [each for family in text_string_to_metric_families(await answer.text()) for each in family.samples]
    course.lag = {
        each.labels["le"]: each.value for each in samples if each.name == "fdi_monitor_loop_lag_seconds_bucket"
    }
    course.tasks += [each.value for each in samples if each.name == "fdi_monitor_loop_tasks"]
    course.polls = sum(each.value for each in samples if each.name == "fdi_monitor_polls_total")
    with closing(sqlite3.connect(f"file:{one.folder / 'data' / FILE}?mode=ro", uri=True)) as database:
        (ended,) = database.execute("SELECT min(ended_at) FROM run").fetchone()
    course.oldest = time.time() - ended / 1e6 if ended else 0.0


async def soak(minutes: float, folder: Path) -> tuple[Course, Told, set[str], int]:
    """The course of it; the webhook; who fired; and how many messages were left at the end."""
    course, hook = Course(), Told()
    options = SimulatorOptions(instances=INSTANCES, quota=f"{4 * INSTANCES}/s", scenario=Scenario())
    async with hook.open(), Simulator(options) as sim, ClientSession() as session:
        pace = {"quota": f"{2 * INSTANCES}/s", "concurrency": 64, "group_by": ["instance"], "group_wait": "0s"}
        one = Ours(folder, hook, "1s", sim, **pace)
        one.settings["FDI_MONITOR_RETENTION"] = f"{KEPT}s"
        rules = folder / "rules" / "rule.yaml"
        split(folder / "rules" / "policy.yaml", rules)
        try:
            await one.start()
            task = asyncio.create_task(trouble(sim, hook, rules))
            for number in range(int(minutes * 60 / LOOK)):
                await asyncio.sleep(LOOK)
                await look(one, session, course)
                if number % 12 == 11:
                    print(f"  {(number + 1) * LOOK / 60:.0f} min: {course.memory[-1]:.0f} MiB", flush=True)
            task.cancel()
            await asyncio.wait([task])
            left = await calm(one, sim, hook, rules)
            return course, hook, fired(folder), left
        finally:
            one.end(signal.SIGKILL)


def split(policy: Path, rules: Path) -> None:
    """Moves the rules to a file of their own, which is edited."""
    whole = yaml.safe_load(policy.read_text(encoding="utf-8"))
    del whole["rules"]
    policy.write_text(yaml.safe_dump(whole), encoding="utf-8")
    rules.write_text(RULE.format(limit=0), encoding="utf-8")


async def calm(one: Ours, sim: Simulator, hook: Told, rules: Path) -> int:
    """Makes all well, and waits until everything is said; the messages that are left."""
    sim.cloud.faults.clear()
    hook.refuses, hook.slow = 0, 0.0
    edit(rules, RULE.format(limit=0))
    for machine in sim.cloud.machines():
        sim.cloud.put(machine.id, {"common": {"abnormal": 0}})
    end = asyncio.get_running_loop().time() + 180
    while True:
        alerts = await asked(f"{one.url}/api/v2/alerts")
        waiting = [
            each for each in (await asked(f"{one.url}/api/fdi/v1/outbox"))["messages"] if each["state"] != "sent"
        ]
        if (not alerts and not waiting) or asyncio.get_running_loop().time() > end:
            return len(waiting) + len(alerts)
        await asyncio.sleep(1)


def fired(folder: Path) -> set[str]:
    """The instances of which the service knows that an alert fired, as far as its history reaches."""
    with closing(sqlite3.connect(folder / "data" / FILE)) as database:
        rows = database.execute("SELECT labels FROM alert WHERE fired_at IS NOT NULL").fetchall()
    return {json.loads(labels).get("instance", "") for (labels,) in rows}


def growth(values: Sequence[float]) -> float:
    """How much a straight line through the second half rises in that time; before, caches and history fill."""
    part = values[len(values) // 2 :]
    return statistics.linear_regression(range(len(part)), part).slope * len(part)


def late(lag: dict[str, float], share: float = 0.99) -> float:
    """The bound, in seconds, under which so large a share of the looks came."""
    whole = lag.get("+Inf", 0.0)
    return min((float(bound) for bound, count in lag.items() if count >= share * whole), default=float("inf"))


def rows(course: Course, hook: Told, names: set[str], left: int) -> list[Row]:
    """What came of it."""
    memory, files, tasks = growth(course.memory), growth(course.files), growth(course.tasks)
    names = names | hook.states.keys()
    bound, untold = late(course.lag), [name for name in names if hook.states.get(name) != "resolved"]
    half = len(course.memory) // 2
    return [
        Row(
            "soak: memory in the second half",
            "<= 3 MiB more",
            f"{memory:+.1f} MiB, {statistics.mean(course.memory[half:]):.0f} MiB on average",
            held=memory <= 3,
        ),
        Row("soak: open files", "constant", f"{files:+.1f} of {max(course.files)}", held=files <= 3),
        Row("soak: tasks of the loop", "constant", f"{tasks:+.1f} of {max(course.tasks):.0f}", held=tasks <= 10),
        Row("soak: lag of the event loop, p99", "<= 50 ms", f"<= {bound * 1000:.0f} ms", held=bound <= 0.05),
        Row(
            "soak: oldest history",
            f"<= {KEPT * 1.2:.0f} s",
            f"{course.oldest:.0f} s",
            held=0 < course.oldest <= KEPT * 1.2,
        ),
        Row(
            "soak: alerts whose end was not told, messages left",
            "0, 0",
            f"{len(untold)} of {len(names)}, {left}",
            f"{course.polls:,.0f} polls, {hook.messages:,} messages",
            held=not untold and not left and bool(names),
        ),
    ]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder:
        course, hook, names, left = asyncio.run(soak(minutes, Path(folder) / "ours"))
    return 0 if tell(*rows(course, hook, names, left)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
