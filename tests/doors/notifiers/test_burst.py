"""Sixty instances break within a minute, and DingTalk, which takes twenty messages a minute, hears of all of them."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from notifier_kinds import BY_NAME
from notifier_samples import FIRST, ORDERS

from monitor.courier import Courier
from monitor.message import render
from monitor.meters import Meters, Pulse
from monitor.model import Counts, Instance, Sample
from monitor.notifiers import Outcome, Tools
from monitor.policy.loader import load
from monitor.rules.stage import Stage
from monitor.simulator import Scenario, Simulator, SimulatorOptions
from monitor.standin import Carrier
from monitor.store import outbox
from monitor.store.database import Store
from monitor.store.outbox import Letter, Standing

RULES = Path(__file__).parents[3] / "rules"
START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
INSTANCES = [Instance("prod", f"id-{number:02}", f"fdi-{number:02}", "cn-north-4") for number in range(60)]


async def test_a_burst_of_sixty_alerts_is_at_most_twenty_messages_and_nothing_is_lost() -> None:
    policy = load(RULES, {}, doors=False)
    alone = tuple(rule for rule in policy.rules if rule.by is None)
    stage = Stage(INSTANCES, alone, policy.route)
    clock = [START]
    options = SimulatorOptions(instances=0, scenario=Scenario(), clock=lambda: clock[0])
    said: set[str] = set()
    async with aiohttp.ClientSession() as session, Simulator(options) as simulator:
        webhook = {"webhook": f"{simulator.url}/dingtalk/open", "secret": ""}
        notifier = BY_NAME["dingtalk"].notifier(simulator.url, Tools(session, lambda: clock[0]), **webhook)
        for second in range(420):
            clock[0] = at = START + timedelta(seconds=second)
            for one in stage.speak(at):
                said |= {alert.instance for alert in one.firing}
                message = render(one, language="zh", zone=UTC)
                assert (await notifier.send(message)).outcome is Outcome.DELIVERED
            for number, instance in enumerate(INSTANCES):
                if second % 30 == number % 30:
                    broken = 3 if second >= 60 + number else 0
                    counts = Counts(31, 0, 1, 862), Counts(9 - broken, broken, 0, 4)
                    stage.take(Sample(instance, at, timedelta(milliseconds=40), *counts))
        kept = simulator.messages(robot="dingtalk")
    assert {one.verdict for one in kept} == {"accepted"}
    assert 0 < len(kept) <= 20
    assert said == {instance.name for instance in INSTANCES}
    counted = re.search(r"\((\d+)\)", kept[-1].summary)
    assert counted is not None
    assert int(counted[1]) == 60, "the last message counts all that fire"


def alone(number: int) -> Letter:
    """The first message of a group of its own: nothing but the limit of the chat brings them together."""
    notes = {"summary": f"fdi-{number:02} is broken"}
    alert = dataclasses.replace(ORDERS, key=f"a-{number}", annotations=notes)
    at = START + timedelta(seconds=number)
    said = dataclasses.replace(FIRST, id=f"m-{number}", group_key=f"g-{number}", at=at, alerts=(alert,))
    return outbox.letter(said, kind="dingtalk", position=0, at=at)


async def test_a_burst_of_sixty_groups_keeps_the_limit_too_and_every_instance_is_named(store: Store) -> None:
    clock = [START]
    options = SimulatorOptions(instances=0, scenario=Scenario(), clock=lambda: clock[0])
    async with aiohttp.ClientSession() as session, Simulator(options) as simulator:
        webhook = {"webhook": f"{simulator.url}/dingtalk/open", "secret": ""}
        notifier = BY_NAME["dingtalk"].notifier(simulator.url, Tools(session, lambda: clock[0]), **webhook)
        courier = Courier(
            store,
            {(FIRST.receiver, 0): Carrier("dingtalk", "zh", notifier)},
            now=lambda: clock[0],
            zone=UTC,
            public_url="",
            meters=Meters(),
            pulse=Pulse(),
            settled=lambda: None,
        )
        for second in range(130):
            clock[0] = START + timedelta(seconds=second)
            if second < len(INSTANCES):
                async with store.write() as tx:
                    await outbox.add(tx, [alone(second)])
            async with asyncio.TaskGroup() as tasks:
                await courier.step(clock[0], tasks)
        kept = simulator.messages(robot="dingtalk")
    async with store.read() as tx:
        assert {one.state for one in await outbox.recent(tx, most=99)} == {Standing.SENT}
    assert {one.verdict for one in kept} == {"accepted"}
    minute = timedelta(minutes=1)
    assert max(sum(one.at <= other.at < one.at + minute for other in kept) for one in kept) <= 20
    words = " ".join(one.summary for one in kept)
    assert [instance.name for instance in INSTANCES if f"{instance.name} is broken" not in words] == []
