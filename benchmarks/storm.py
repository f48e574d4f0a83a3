"""Ten thousand alerts in one cycle, each a group of its own, to a chat that takes twenty messages a minute.

    python -m benchmarks.storm [--alerts 10000]

Dispatcher, courier, store and pages run as they do in the service; the chat is an object that counts. Goal: the first
message within 10 s, never more than twenty in a minute, every alert told, and a page answers within 1 s meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import aiohttp

from monitor import clock, telemetry
from monitor.courier import Courier
from monitor.dispatcher import Dispatcher
from monitor.matchers import EVERYTHING
from monitor.message import Message
from monitor.meters import Meters, Pulse
from monitor.model import Alert, InstanceKey, Severity, State, Transition
from monitor.notifiers import Options, OptionsType, Outcome, Verdict
from monitor.notifiers.receiver import Integration, Receiver
from monitor.nudge import Nudge
from monitor.routing import Route
from monitor.rules.change import Change
from monitor.standin import Carrier
from monitor.store import alerts
from monitor.store.database import Store, open_store
from monitor.web.server import make_app, serve
from monitor.web.site import Site

LIMIT, WINDOW = 20, timedelta(minutes=1)
PATIENCE = 300.0


@dataclass(slots=True)
class Chat:
    """Takes everything, and remembers when each message came and what it told."""

    Options: ClassVar[OptionsType] = Options
    came: list[datetime] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    expected: int = 0
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def payload(self, message: Message) -> str:
        return message.title

    async def send(self, message: Message) -> Verdict:
        """Takes as long as a chat does."""
        await asyncio.sleep(0.05)
        self.came.append(clock.now())
        self.told |= {alert.key for alert in message.notification.alerts}
        if len(self.told) == self.expected:
            self.complete.set()
        return Verdict(Outcome.DELIVERED)

    def most(self) -> int:
        """The most messages in any minute."""
        return max((sum(one <= other < one + WINDOW for other in self.came) for one in self.came), default=0)


def firing(number: int, at: datetime) -> Change:
    """An alert that has begun to fire."""
    labels = {"alertname": "tasks-abnormal", "account": "prod", "instance": f"instance-{number}"}
    severity = Severity.CRITICAL if number % 500 == 0 else Severity.WARNING
    key, where = f"key-{number}", InstanceKey("prod", f"id-{number}")
    alert = Alert(key, "tasks-abnormal", "1", where, labels, severity, State.FIRING, at, at, at, values={"abnormal": 1})
    step = Transition(key, at, State.NONE, State.FIRING, alert.cause, severity, alert.rule, alert.rule_version)
    return Change(alert.rule, key, alert, step)


async def asked(address: str, ask: Callable[[str], Awaitable[Any]], slowest: dict[str, float]) -> None:
    """Asks for the pages again and again, and notes how long each took at most."""
    loop = asyncio.get_running_loop()
    while True:
        for path in ("/healthz", "/api/fdi/v1/outbox", "/"):
            begun = loop.time()
            await ask(address + path)
            slowest[path] = max(slowest.get(path, 0.0), loop.time() - begun)
        await asyncio.sleep(0.5)


async def storm(number: int) -> bool:
    """One storm, and what came of it; whether the goals are met."""
    chat, meters, pulse = Chat(), Meters(), Pulse()
    slowest: dict[str, float] = {}
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        store = await stack.enter_async_context(open_store(Path(folder)))
        site = Site(store, meters, pulse, clock.now, Nudge())
        port = await stack.enter_async_context(serve(make_app(site), "127.0.0.1", 0))
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def ask(url: str) -> None:
            async with session.get(url) as answer:
                await answer.read()

        at = clock.now()
        await _fires(store, number, at)
        async with asyncio.TaskGroup() as tasks:
            loops = [tasks.create_task(loop) for loop in _loops(store, chat, meters, pulse)]
            loops.append(tasks.create_task(asked(f"http://127.0.0.1:{port}", ask, slowest)))
            chat.expected = number
            with suppress(TimeoutError):
                await asyncio.wait_for(chat.complete.wait(), PATIENCE)
            for one in loops:
                one.cancel()
    first, last = (((moment - at).total_seconds()) for moment in (chat.came[0], chat.came[-1]))
    print(f"first message after {first:.1f} s, all {len(chat.told)} of {number} alerts told after {last:.1f} s")
    print(f"{len(chat.came)} messages, {chat.most()} in the fullest minute")
    print("slowest answers: " + ", ".join(f"{path} {seconds:.2f} s" for path, seconds in slowest.items()))
    met = first <= 10 and chat.most() <= LIMIT and len(chat.told) == number and max(slowest.values()) <= 1
    print("goals met" if met else "goals NOT met")
    return met


async def _fires(store: Store, number: int, at: datetime) -> None:
    """All alerts of the cycle, in one transaction as the recorder writes them."""
    changes = [firing(one, at) for one in range(number)]
    async with store.write() as tx:
        await alerts.save(tx, [one.alert for one in changes if one.alert])
        await alerts.append(tx, [one.transition for one in changes if one.transition])


def _loops(store: Store, chat: Chat, meters: Meters, pulse: Pulse) -> list[Any]:
    carriers = {("ops", 0): Carrier("dingtalk", "en", chat)}
    courier = Courier(
        store, carriers, now=clock.now, zone=UTC, public_url="", meters=meters, pulse=pulse, settled=lambda: None
    )
    hour = timedelta(hours=1)
    route = Route("{}", "ops", EVERYTHING, ("...",), timedelta(), timedelta(seconds=1), hour)
    receivers = {"ops": Receiver("ops", (Integration("dingtalk", Options()),))}
    dispatcher = Dispatcher(store, route, receivers, now=clock.now, pulse=pulse, queued=courier.wake)
    return [courier.run(), dispatcher.run()]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=10_000)
    telemetry.set_up(level="error")
    return 0 if asyncio.run(storm(parser.parse_args().alerts)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
