"""Killed again and again while tasks break and recover: nothing is lost, nobody is left believing what is over."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest
from service import Service, service
from setting import ABNORMAL, policy
from stage import story
from waiting import want
from world import Said, World, cloud

NAMES = ("orders", "invoices", "订单同步")
MOMENTS = ("while it starts", "after it fired", "after it fired", "as a message arrives", "at any time") * 2
"""When it is killed. In the tenth of a second after an alert fired all is done that has to be durable: its groups hear
of it, one decides, a message is queued, sent, and settled."""

SWEEP = 0.1
LONGEST = 2.0
"""Seconds after which it is killed whatever happened."""


async def one_round(world: World, run: Service, moment: str, dice: random.Random) -> None:
    """It starts and catches up with the truth; tasks break and recover; it is killed."""
    run.spawn()
    if moment == "while it starts":
        await asyncio.sleep(dice.uniform(0.1, 1.0))
    else:
        await run.runs()
        await want("people believe what is true", lambda: believed(world) == truth(world))
        before = len(run.log()), len(world.tries("hook"))
        for name in dice.sample(NAMES, dice.randint(1, len(NAMES))):
            world.breaks(name, common=0 if truth(world)[name] == "firing" else dice.randint(1, 3))
        await has_come(moment, world, run, before, dice)
    assert run.alive, run.tail()
    run.kill()


async def has_come(moment: str, world: World, run: Service, before: tuple[int, int], dice: random.Random) -> None:
    """Returns when it is time to kill, in the end whatever happened."""
    lines, messages = before
    end = time.monotonic() + (dice.uniform(0.0, LONGEST) if moment == "at any time" else LONGEST)
    while time.monotonic() < end:
        if moment == "as a message arrives" and len(world.tries("hook")) > messages:
            return
        if moment == "after it fired" and any(line["event"] == "alert firing" for line in run.log()[lines:]):
            await asyncio.sleep(dice.uniform(0.0, SWEEP))
            return
        await asyncio.sleep(0.005)


def truth(world: World) -> dict[str, str]:
    """How each instance is now, in the words of messages."""
    machines = {machine.name: machine for machine in world.sim.cloud.machines()}
    return {name: "firing" if machines[name].common.abnormal else "resolved" for name in NAMES}


STEADFAST = {**ABNORMAL, "flapping": False}
"""Its alerts flap for as long as the story goes: told of that once, people would hear of no other end."""


@pytest.mark.timeout(150)
@story
async def test_killed_again_and_again_it_says_every_end_of_what_it_said(folder: Path) -> None:
    dice = random.Random("killed again and again")
    async with (
        cloud(instances=3) as world,
        service(folder, world, policy(world, route={"group_by": ["instance"]}, rules=[STEADFAST])) as run,
    ):
        world.breaks(*NAMES, common=1)
        await want("all three are said", lambda: len(world.said("hook", "firing")) >= 3)
        run.kill()
        for moment in MOMENTS:
            await one_round(world, run, moment, dice)

        await run.start()
        world.recovers(*NAMES)
        await want("nothing fires any more", lambda: run.counts(0, "ALERTS"))
        await want("nothing waits any more", lambda: run.counts(0, "fdi_monitor_outbox", state="waiting"))
        await want("nobody believes that it fires", lambda: believed(world) == dict.fromkeys(NAMES, "resolved"))
        await run.stop()

        for name, life in lives(world).items():
            assert life == ["firing", "resolved"] * (len(life) // 2), f"{name}: {life}"
        compare_with_store(run.database, world.tries("hook"))


def lives(world: World) -> dict[str, list[str]]:
    """What was said of each instance; a message that came twice with one id counts once."""
    told: dict[str, list[str]] = defaultdict(list)
    known: set[str] = set()
    for message in world.said("hook"):
        if message.id not in known:
            known.add(message.id)
            [name] = message.about("instance")
            told[name].append(message.status)
    return told


def believed(world: World) -> dict[str, str]:
    return {name: life[-1] for name, life in lives(world).items()}


def compare_with_store(database: Path, tries: list[Said]) -> None:
    """Every message of the store arrived, every one that arrived is in the store, and one id is one message."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT id, state FROM outbox").fetchall()
        unrouted = connection.execute("SELECT count(*) FROM transition WHERE NOT routed").fetchone()
    assert {state for _, state in rows} == {"sent"}
    assert {row_id for row_id, _ in rows} == {one.id for one in tries}
    assert unrouted == (0,)
    bodies: dict[str, set[str]] = defaultdict(set)
    for one in tries:
        bodies[one.id].add(
            repr({**one.body, "externalURL": "", "alerts": [_without_link(each) for each in one.alerts]})
        )
    assert {message: len(said) for message, said in bodies.items() if len(said) > 1} == {}


def _without_link(alert: object) -> object:
    """The pages of these services have another port at every start."""
    return {**alert, "generatorURL": ""} if isinstance(alert, dict) else alert
