"""A service over a real store and a real folder, without its pollers: tests bring the samples, and the time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import aiohttp
import sqlalchemy as sa

from monitor.courier import Courier
from monitor.dispatcher import Dispatcher
from monitor.engine import Engine
from monitor.fleet import Fleet
from monitor.heartbeat import Heartbeat
from monitor.live import InForce, Live
from monitor.message import Message
from monitor.meters import Meters, Pulse
from monitor.model import Alert, Counts, Instance, Sample, Transition
from monitor.naming import Namer
from monitor.notifiers import Notifier, Outcome, Verdict
from monitor.policy.loader import load
from monitor.policy.policy import Policy
from monitor.reloader import Reloader, Source
from monitor.standin import Carrier, Destination
from monitor.store import alerts, tables
from monitor.store.database import Store

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ORDERS = Instance("prod", "i-1", "orders", "cn-north-4", "p-1", {"env": "prod"})
ACCOUNTS = """
accounts:
  - {name: prod, region: cn-north-4, project_id: p-1, auth: {token: "canary-4711"}, discover: {}}
"""
RULES = """
rules:
  - {name: abnormal, when: abnormal > 0, severity: critical}
"""
TELLING = """
receivers: [{name: ops, console: {}}]
route: {receiver: ops, group_wait: 0s, group_interval: 1s}
"""


class Robot:
    """Takes every message of its receiver."""

    def __init__(self, name: str, said: list[tuple[str, Message]]) -> None:
        self._name = name
        self._said = said

    async def send(self, message: Message) -> Verdict:
        self._said.append((self._name, message))
        return Verdict(Outcome.DELIVERED)


class Town:
    """`at` is the time; `say` brings a sample of an instance."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        self.at = START
        self.said: list[tuple[str, Message]] = []
        self.meters = Meters()
        self.policy = load(folder, {})
        self.source = Source(folder, dict)
        self.live = self._live(self.policy)
        self.reloader = Reloader(
            self.source, self.policy, self.live, book=self.live.engine.book, now=self.now, meters=self.meters
        )

    def now(self) -> datetime:
        return self.at

    def _live(self, policy: Policy) -> Live:
        pulse = Pulse()
        ways = self._reach(policy)
        engine = Engine(
            self.store,
            policy.rules,
            now=self.now,
            meters=self.meters,
            pulse=pulse,
            moved=lambda: None,
            fires=lambda _, __: None,
        )
        courier = Courier(
            self.store,
            ways,
            now=self.now,
            zone=UTC,
            public_url="",
            meters=self.meters,
            pulse=pulse,
            settled=lambda: None,
        )
        receivers = {receiver.name: receiver for receiver in policy.receivers}
        dispatcher = Dispatcher(
            self.store,
            policy.route,
            receivers,
            now=self.now,
            meters=Meters(),
            pulse=pulse,
            queued=lambda: None,
            quieting=policy.quieting,
        )
        session = cast("aiohttp.ClientSession", None)  # nobody is polled
        fleet = Fleet((), session, engine, now=self.now, meters=self.meters, pulse=pulse, cycles=Pulse())
        beats = Heartbeat(policy.heartbeat, session, now=self.now, meters=self.meters, pulse=pulse, cycles=Pulse())
        namer = Namer(fleet.clouds, policy.rules, note=lambda alert, text: engine.annotate(alert, "tasks", text))
        return Live(engine, dispatcher, courier, namer, fleet, self._reach, ways, InForce(policy), beats)

    def _reach(self, policy: Policy) -> dict[Destination, Carrier]:
        return {
            (receiver.name, position): Carrier(one.kind, "en", cast("Notifier", Robot(receiver.name, self.said)))
            for receiver in policy.receivers
            for position, one in enumerate(receiver.integrations)
        }

    # what happens

    def write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.yaml").write_text(text, encoding="utf-8")

    async def say(self, seconds: float, abnormal: int = 0, instance: Instance = ORDERS, **counts: int) -> None:
        self.at = START + timedelta(seconds=seconds)
        found = Counts(running=5, abnormal=abnormal, **counts)
        await self.live.engine.take(Sample(instance, self.at, timedelta(seconds=0.1), found, Counts()))

    async def tell(self) -> None:
        """One pass of the dispatcher and the courier."""
        await self.live.dispatcher.step(self.at)
        async with asyncio.TaskGroup() as tasks:
            await self.live.courier.step(self.at, tasks)

    # what was seen

    async def alerts(self) -> dict[str, Alert]:
        async with self.store.read() as tx:
            return {one.rule: one for one in await alerts.known(tx)}

    async def transitions(self) -> list[Transition]:
        """All that was recorded, oldest first."""
        async with self.store.read() as tx:
            rows = await tx.execute(sa.select(tables.transition).order_by(tables.transition.c.id))
            return [alerts._transition_of(row) for row in rows.mappings()]

    async def account_of(self, key: str) -> str:
        async with self.store.read() as tx:
            return (await alerts.by_key(tx, [key]))[key].labels["account"]

    def titles(self, receiver: str = "ops") -> list[str]:
        return [message.title for name, message in self.said if name == receiver]


def policy(folder: Path, **files: str) -> Path:
    """A folder with a policy of one account, one rule and one receiver; `files` replace its parts, or come beside."""
    folder.mkdir(exist_ok=True)
    for name, text in {"accounts": ACCOUNTS, "rules": RULES, "telling": TELLING, **files}.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


@asynccontextmanager
async def town(folder: Path, store: Store, instances: Iterable[Instance] = (ORDERS,)) -> AsyncIterator[Town]:
    """A service while the block runs."""
    made = Town(folder, store)
    await made.live.engine.load()
    running = [asyncio.create_task(loop()) for loop in (made.live.engine.run, made.reloader.run)]
    try:
        await made.live.engine.meet(instances)
        yield made
    finally:
        for task in reversed(running):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
