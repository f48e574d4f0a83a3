"""Sixty instances break within a minute, and DingTalk, which takes twenty messages a minute, hears of all of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from notifier_kinds import BY_NAME

from monitor.message import render
from monitor.model import Counts, Instance, Sample
from monitor.notifiers import Outcome, Tools
from monitor.policy.loader import load
from monitor.rules.stage import Stage
from monitor.simulator import Scenario, Simulator, SimulatorOptions

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
