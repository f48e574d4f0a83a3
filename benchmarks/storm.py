"""Ten thousand alerts in one cycle, to a chat that takes twenty messages a minute; then all is well in one cycle.

    python -m benchmarks.storm [--alerts 10000] [--group-by ...]

Engine, dispatcher, courier, store and pages run as they do in the service; the samples come as fast as they are taken,
many at once, and the chat is an object that counts. Without `--group-by` every alert is a group of its own. Goal: the
first message within 10 s of the first sample, never more than twenty in a minute, every alert told and every end of
one, and a page answers within 1 s meanwhile.

CPU is the process's own: until the first message, and while an answer was waited for. On a machine with other work that
is what an answer would take without it. `stood still` is the longest time the event loop worked on one thing.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import aiohttp

from benchmarks.report import Row, tell
from monitor import clock, telemetry
from monitor.courier import Courier
from monitor.dispatcher import Dispatcher
from monitor.engine import Engine
from monitor.garbage import look_rarely
from monitor.matchers import EVERYTHING
from monitor.message import Message
from monitor.meters import Meters, Pulse
from monitor.model import Counts, Instance, Sample, Severity
from monitor.notifiers import Options, OptionsType, Outcome, Verdict
from monitor.notifiers.receiver import Integration, Receiver
from monitor.nudge import Nudge
from monitor.routing import ALL_LABELS, Route
from monitor.rules.rule import Rule
from monitor.standin import Carrier
from monitor.store.database import Store, open_store
from monitor.web.server import make_app, serve
from monitor.web.site import Site

LIMIT, WINDOW = 20, timedelta(minutes=1)
PATIENCE = 300.0
RULES = (
    Rule("tasks-abnormal", levels=((Severity.WARNING, "abnormal > 0"), (Severity.CRITICAL, "abnormal > 4"))),
    Rule("instance-unreachable", when="up == 0 and age > 3m", severity=Severity.CRITICAL),
)
POLLERS = 256
INTERVAL = timedelta(seconds=10)
BAD = 500
"""One in so many instances has it worst."""


@dataclass(slots=True)
class Chat:
    """Takes everything, and remembers when each message came and whom it told of."""

    Options: ClassVar[OptionsType] = Options
    came: list[datetime] = field(default_factory=list)
    fires: set[str] = field(default_factory=set)
    over: set[str] = field(default_factory=set)
    cpu: list[float] = field(default_factory=list)
    expected: int = 0
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def payload(self, message: Message) -> str:
        return message.title

    async def send(self, message: Message) -> Verdict:
        """Takes as long as a chat does."""
        self.cpu.append(time.process_time())
        await asyncio.sleep(0.05)
        self.came.append(clock.now())
        for alert in message.notification.alerts:
            (self.fires if alert.firing else self.over).add(alert.key)
        if self.expected in (len(self.fires), len(self.over)):
            self.complete.set()
        return Verdict(Outcome.DELIVERED)

    def clear(self) -> None:
        """Everything was told; from now on its end is waited for."""
        self.fires.clear()
        self.cpu.clear()
        self.complete.clear()

    def most(self) -> int:
        """The most messages in any minute."""
        return max((sum(one <= other < one + WINDOW for other in self.came) for one in self.came), default=0)


@dataclass(slots=True)
class Looks:
    """How long each page took at most, and how much CPU the process used meanwhile; how long the loop stood still."""

    slowest: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    still: float = 0.0

    async def ask(self, address: str, ask: Callable[[str], Awaitable[Any]]) -> None:
        """Asks for the pages again and again."""
        loop = asyncio.get_running_loop()
        while True:
            for path in ("/healthz", "/api/fdi/v1/outbox", "/"):
                begun, cpu = loop.time(), time.process_time()
                await ask(address + path)
                self.slowest[path] = max(self.slowest.get(path, 0.0), loop.time() - begun)
                self.cpu[path] = max(self.cpu.get(path, 0.0), time.process_time() - cpu)
            await asyncio.sleep(0.5)

    async def beat(self) -> None:
        """Comes to its turn as often as it can: the CPU of the loop's own thread between two turns is one thing."""
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.001)
            self.still = max(self.still, time.thread_time() - before)


async def storm(number: int, group_by: tuple[str, ...]) -> list[Row]:
    """One storm and its end, and what came of it."""
    chat, meters, pulse = Chat(expected=number), Meters(), Pulse()
    looks = Looks()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        store = await stack.enter_async_context(open_store(Path(folder)))
        site = Site(store, meters, pulse, clock.now, Nudge())
        port = await stack.enter_async_context(serve(make_app(site), "127.0.0.1", 0))
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def ask(url: str) -> None:
            async with session.get(url) as answer:
                await answer.read()

        instances = [Instance("prod", f"id-{one}", f"instance-{one}", "cn-north-4", "p-1") for one in range(number)]
        engine, others = _service(store, chat, meters, pulse, group_by)
        async with asyncio.TaskGroup() as tasks:
            loops = [tasks.create_task(loop) for loop in (engine.run(), *others)]
            await engine.meet(instances)
            look_rarely()
            loops += [tasks.create_task(looks.ask(f"http://127.0.0.1:{port}", ask)), tasks.create_task(looks.beat())]
            met = [await _cycle(engine, instances, chat, broken=broken) for broken in (True, False)]
            for one in loops:
                one.cancel()
    print(f"{len(chat.came)} messages, {chat.most()} in the fullest minute")
    told = (f"{path} {seconds:.2f} s (CPU {looks.cpu[path]:.2f} s)" for path, seconds in looks.slowest.items())
    print(f"slowest answers: {', '.join(told)}; the loop stood still for {looks.still * 1000:.0f} ms at most")
    what = f"storm of {number:,} alerts, {'each by itself' if ALL_LABELS in group_by else 'by ' + ', '.join(group_by)}"
    first, fewest = max(one.first for one in met), min(one.told for one in met)
    last, slowest = max(one.last for one in met), max(looks.slowest.values())
    asked = ", ".join(f"{path} {seconds:.2f} s" for path, seconds in looks.slowest.items())
    return [
        Row(f"{what}: first message", "<= 10 s", f"{first:.1f} s", held=first <= 10),
        Row(f"{what}: told, and told to be over", "all", f"{fewest:,} after {last:.0f} s", held=fewest == number),
        Row(f"{what}: messages in the fullest minute", f"<= {LIMIT}", f"{chat.most()}", held=chat.most() <= LIMIT),
        Row(f"{what}: slowest answer of pages and API", "<= 1 s", f"{slowest:.2f} s", asked, slowest <= 1),
    ]


class Cycle(NamedTuple):
    """Seconds to the first and to the last message about one cycle, and of how many instances they told."""

    first: float
    last: float
    told: int


async def _cycle(engine: Engine, instances: list[Instance], chat: Chat, *, broken: bool) -> Cycle:
    """One sample of every instance, and what is told of it."""
    if chat.came:
        # a group that has just spoken rests
        await asyncio.sleep((chat.came[-1] + INTERVAL - clock.now()).total_seconds())
    at, cpu, before = clock.now(), time.process_time(), len(chat.came)

    async def poll(waiting: Iterator[tuple[int, Instance]]) -> None:
        for place, instance in waiting:
            abnormal = (5 if place % BAD == 0 else 1) if broken else 0
            await engine.take(Sample(instance, at, timedelta(seconds=0.1), Counts(5, abnormal, 0, 9), Counts()))

    waiting = iter(enumerate(instances))
    await asyncio.gather(*(poll(waiting) for _ in range(POLLERS)))
    recorded = (clock.now() - at).total_seconds()
    with suppress(TimeoutError):
        await asyncio.wait_for(chat.complete.wait(), PATIENCE)
    told = len(chat.fires if broken else chat.over)
    if len(chat.came) == before:
        print("no message came")
        return Cycle(PATIENCE, PATIENCE, told)
    first, last = ((moment - at).total_seconds() for moment in (chat.came[before], chat.came[-1]))
    print(f"all {'broken' if broken else 'well'}: recorded after {recorded:.1f} s, first message after {first:.1f} s")
    print(f"  (CPU {chat.cpu[0] - cpu:.1f} s), {told} of {len(instances)} told after {last:.1f} s")
    chat.clear()
    return Cycle(first, last, told)


def _service(
    store: Store, chat: Chat, meters: Meters, pulse: Pulse, group_by: tuple[str, ...]
) -> tuple[Engine, list[Any]]:
    carriers = {("ops", 0): Carrier("dingtalk", "en", chat)}
    courier = Courier(
        store, carriers, now=clock.now, zone=UTC, public_url="", meters=meters, pulse=pulse, settled=lambda: None
    )
    hour = timedelta(hours=1)
    route = Route("{}", "ops", EVERYTHING, group_by, timedelta(), INTERVAL, hour)
    receivers = {"ops": Receiver("ops", (Integration("dingtalk", Options()),))}
    dispatcher = Dispatcher(store, route, receivers, now=clock.now, meters=meters, pulse=pulse, queued=courier.wake)
    engine = Engine(
        store,
        RULES,
        now=clock.now,
        meters=meters,
        pulse=pulse,
        moved=dispatcher.wake,
        fires=lambda *_: None,
    )
    return engine, [courier.run(), dispatcher.run()]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--group-by", default=ALL_LABELS, help="labels with commas between them; default: every alert")
    telemetry.set_up(level="error")
    asked_for = parser.parse_args()
    return 0 if tell(*asyncio.run(storm(asked_for.alerts, tuple(asked_for.group_by.split(","))))) else 1


if __name__ == "__main__":
    raise SystemExit(main())
