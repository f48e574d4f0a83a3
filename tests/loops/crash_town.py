"""A service that is killed at one durable step: its real loops over a real store, in a process that may die.

What it says and what it lived to see is a line in a file each, written before anything else happens: that is what the
world knows of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import _AsyncGeneratorContextManager, asynccontextmanager, closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from crash_scenes import DOWN, EVERY, INSTANCES, RELOADED, SILENCED_UNTIL, Scene
from reload_town import START, Town
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.message import Message
from monitor.notifiers import Notifier, Outcome, Verdict
from monitor.nudge import Nudge
from monitor.policy.policy import Policy
from monitor.retention import Retention
from monitor.standin import Carrier, Destination
from monitor.store.database import FILE, Store, open_store
from monitor.web.server import make_app
from monitor.web.site import Site, Speech

Point = tuple[str, str, int]
"""A durable step, `before` or `after` it is done, and the how manieth time."""

KEPT = timedelta(days=30)

SEND = "the request to a receiver"
JOURNAL = "journal.jsonl"


class Journal:
    """What the world saw, in a file that outlives the process; and the point at which the process dies."""

    def __init__(self, folder: Path, fatal: Point | None) -> None:
        self._file = folder / JOURNAL
        self._fatal = fatal
        self._passed: Counter[tuple[str, str]] = Counter()
        self.at = START

    @property
    def second(self) -> float:
        return (self.at - START).total_seconds()

    def write(self, kind: str, **facts: Any) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, "second": self.second, **facts}, ensure_ascii=False) + "\n")

    def passes(self, step: str, when: str) -> None:
        """The process is at this point; at the fatal one it ends, by a signal that nothing can heed."""
        self._passed[step, when] += 1
        point = (step, when, self._passed[step, when])
        self.write("point", point=point)
        if point == self._fatal:
            self.write("killed")
            os.kill(os.getpid(), signal.SIGKILL)


def lines(folder: Path) -> list[dict[str, Any]]:
    """The journal of a folder."""
    file = folder / JOURNAL
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


class Doomed(Store):
    """A store whose transactions are points: the last moment before the commit, and the first after it."""

    def __init__(self, real: Store, journal: Journal) -> None:
        super().__init__(real._writer, real._reader)
        self._journal = journal

    def write(self, *, alone: bool = True) -> _AsyncGeneratorContextManager[AsyncConnection, None]:
        caller = sys._getframe(1)
        return self._written(f"{caller.f_globals['__name__']}.{caller.f_code.co_qualname}")

    @asynccontextmanager
    async def _written(self, step: str) -> AsyncIterator[AsyncConnection]:
        async with super().write() as tx:
            yield tx
            self._journal.passes(step, "before")
        self._journal.passes(step, "after")


class Receiver:
    """Takes every message. A crash may come before it is sent, or when it was sent and nobody knows."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def send(self, message: Message) -> Verdict:
        self._journal.passes(SEND, "before")
        told = message.notification
        self._journal.write(
            "said",
            id=told.id,
            reason=str(told.reason),
            alerts=[[view.instance, str(view.change), view.firing] for view in told.alerts],
            title=message.title,
            delta=message.delta,
        )
        self._journal.passes(SEND, "after")
        return Verdict(Outcome.DELIVERED)


class Mortal(Town):
    """The service of one life."""

    def __init__(self, folder: Path, store: Store, journal: Journal) -> None:
        self.journal = journal
        super().__init__(folder / "rules", Doomed(store, journal))

    def now(self) -> datetime:
        return self.journal.at

    def _reach(self, policy: Policy) -> dict[Destination, Carrier]:
        way = Carrier("dingtalk", "en", cast("Notifier", Receiver(self.journal)))
        return {(one.name, 0): way for one in policy.receivers}

    async def poll(self, scene: Scene, second: int) -> None:
        """All instances, and what grew is written down."""
        self.at = self.journal.at
        for instance in INSTANCES:
            await self.say(second, scene.broken(second), instance)
        await self.live.engine._stretches.flush()

    async def speak(self) -> float | None:
        """One pass of the dispatcher and the courier; the second of the next, None for never."""
        look = await self.live.dispatcher.step(self.journal.at)
        async with asyncio.TaskGroup() as tasks:
            await self.live.courier.step(self.journal.at, tasks)
        return None if look is None else (look - START).total_seconds()


async def live(folder: Path, scene: Scene, *, fatal: Point | None) -> None:
    """One life of a service: from the beginning of the scene, or from a second after the last life ended."""
    killed = [line["second"] for line in lines(folder) if line["kind"] == "killed"]
    journal = Journal(folder, fatal)
    start = int(killed[-1]) + DOWN if killed else scene.begins
    journal.at = START + timedelta(seconds=start)
    async with open_store(folder / "data") as store:
        town = Mortal(folder, store, journal)
        await town.live.engine.load()
        running = [asyncio.create_task(loop()) for loop in (town.live.engine.run, town.reloader.run)]
        try:
            if scene.begins == 0:
                # not beside the first poll: which of the two a kill cuts short would be up to the threads
                await Retention(town.store, keep=KEPT, now=town.now).prune(town.now() - KEPT)
            await town.live.engine.meet(INSTANCES)
            await play(town, scene, start, again=bool(killed))
        finally:
            for task in reversed(running):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


async def play(town: Mortal, scene: Scene, start: int, *, again: bool) -> None:
    """What happens from second `start` on; the service looks when it has to, and polls at once."""
    owing = again and _owing(town, scene)
    poll, look, second = start, float(start), start
    while second <= scene.ends:
        town.journal.at = START + timedelta(seconds=second)
        if second == poll:
            await town.poll(scene, second)
            poll = (second // EVERY + 1) * EVERY
        if owing or second == scene.acts_at:
            await ACTS[scene.name](town, again=owing)
            town.journal.write("answered")
            owing = False
        look = await town.speak() or scene.ends + 1
        acts = [scene.acts_at] if scene.acts_at is not None and scene.acts_at > second else []
        second = int(min(poll, max(look, second + 1), *acts))


def _owing(town: Mortal, scene: Scene) -> bool:
    """Whether somebody did something in the last life, and saw no answer."""
    told = lines(town.folder.parent)
    begun = scene.acts_at is not None and any(
        one["kind"] == "killed" and one["second"] == scene.acts_at for one in told
    )
    return begun and not any(one["kind"] == "answered" for one in told)


# what people do


@asynccontextmanager
async def _client(town: Mortal) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """The pages of the service."""
    policy = town.live.force.policy
    speech = Speech(policy.route, tuple(one.name for one in policy.receivers), policy.quieting)
    pulse = town.live.engine._stretches._pulse
    site = Site(town.store, town.meters, pulse, town.now, Nudge(), hosts=None, speech=lambda: speech)
    async with TestClient(TestServer(make_app(site))) as client:
        yield client


async def acknowledge(town: Mortal, *, again: bool) -> None:
    """Somebody cares for both alerts; who saw no answer says it again."""
    async with _client(town) as client:
        for alert in (await (await client.get("/api/fdi/v1/alerts")).json())["alerts"]:
            path = f"/api/fdi/v1/alerts/{alert['fingerprint']}/ack"
            async with client.post(path, json={"owner": "王", "comment": "看着呢"}) as answer:
                assert answer.status == 200, await answer.text()


async def silence(town: Mortal, *, again: bool) -> None:
    """Both instances are silenced; who saw no answer looks before doing it again."""
    async with _client(town) as client:
        if again and await (await client.get("/api/v2/silences")).json():
            return
        body = {
            "matchers": [{"name": "alertname", "value": "abnormal", "isRegex": False, "isEqual": True}],
            "startsAt": town.now().isoformat(),
            "endsAt": (START + timedelta(seconds=SILENCED_UNTIL)).isoformat(),
            "createdBy": "wang",
            "comment": "迁移",
        }
        async with client.post("/api/v2/silences", json=body) as answer:
            assert answer.status == 200, await answer.text()


async def reload(town: Mortal, *, again: bool) -> None:
    """Files change and are read again; after a kill the next start has read them."""
    if not again:
        for name, text in RELOADED.items():
            town.write(name, text)
        assert (await town.source.requests.reload()).trouble == ""


ACTS = {"ack": acknowledge, "silence": silence, "reload": reload}


# what is left


def remains(folder: Path) -> dict[str, Any]:
    """What the store holds at the end, without ids."""
    wanted = {
        "alerts": "SELECT key, state, cause FROM alert",
        "transitions": "SELECT alert, before, after, cause, routed FROM transition",
        "decisions": "SELECT alert, verdict, reason FROM decision",
        "outbox": "SELECT state FROM outbox",
        "silences": "SELECT matchers, ended FROM silence",
        "acknowledgements": "SELECT alert, owner FROM acknowledgement",
    }
    with closing(sqlite3.connect(folder / "data" / FILE)) as connection:
        held = {name: sorted(map(list, connection.execute(query))) for name, query in wanted.items()}
        intact = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        moved = [at / 1e6 - START.timestamp() for (at,) in connection.execute("SELECT at FROM transition ORDER BY id")]
    return {**held, "moved": moved, "intact": intact}
