"""A thousand reloads under load lose nothing and say nothing twice: what happens is what happens without them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest
from reload_town import START, Town, policy, town

from monitor.invalidity import RULE
from monitor.model import Instance, Transition
from monitor.store.database import open_store

RELOADS = 1000
STEPS = 100
INSTANCES = [Instance("prod", f"i-{number}", f"n-{number}", "cn-north-4", "p-1") for number in range(6)]

RULES = """
rules:
  - {name: abnormal, when: abnormal > 2, for: 20s, severity: critical}
  - {name: levels, levels: {warning: abnormal >= 1, critical: abnormal >= 4}, clear: abnormal == 0}
  - {name: jump, when: "increase(abnormal, 2m) >= 5", keep_firing_for: 30s, severity: warning}
"""
TELLING = """
receivers: [{name: ops, console: {}}, {name: keeper, console: {}}]
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 10s
  group_interval: 20s
  repeat_interval: 5m
  routes: [{receiver: keeper, match: 'alertname="policy-invalid"'}]
"""

GOOD = (
    "rules: [{name: noise, when: terminated > 1000, severity: info}]",
    "rules: [{name: noise, when: 'delta(terminated, 30m) > 1000', severity: info}]",
    "rules: [{name: noise, when: failures > 9, severity: info}, {name: more, when: up > 1, severity: info}]",
    "receivers: [{name: spare, console: {}}]",
    "# nothing",
)
BAD = (
    "rules: [{name: noise, when: terminatd > 1000, severity: info}]",
    "rules: [{name: abnormal, when: terminated > 1000, severity: info}]",
    "rules: [",
    "\0",
    "route: {receiver: nobody}",
)


def counts() -> Iterator[list[int]]:
    """The same for every run: what each instance has broken at each step."""
    draw = random.Random(7)
    now = [0] * len(INSTANCES)
    for _ in range(STEPS):
        for number in range(len(now)):
            if draw.random() < 0.3:
                now[number] = draw.choice((0, 0, 1, 3, 5))
        yield list(now)


Told = tuple[float, str, str, str]


def heard(run: Town) -> list[Told]:
    """What people heard, without the ids, which are drawn. Groups that speak at one moment have no order."""
    return sorted(
        ((message.notification.at - START).total_seconds(), name, message.title, repr(message.entries))
        for name, message in run.said
        if name != "keeper"
    )


async def played(folder: Path, data: Path, *, reloads: int) -> tuple[list[Transition], list[Told], Town]:
    texts = cycle(GOOD + BAD)
    async with open_store(data) as store, town(policy(folder, rules=RULES, telling=TELLING), store, INSTANCES) as run:

        async def reload(times: int) -> None:
            for _ in range(times):
                run.write("more", next(texts))
                await run.source.requests.reload()

        for step, broken in enumerate(counts()):
            run.at = START + timedelta(seconds=10 * step)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(reload(reloads // STEPS // 2))
                for instance, abnormal in zip(INSTANCES, broken, strict=True):
                    tasks.create_task(run.say(10 * step, abnormal, instance))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(reload(reloads // STEPS // 2))
                tasks.create_task(run.tell())
        moved = [one for one in await run.transitions() if one.rule != RULE]
        return sorted(moved, key=lambda one: (one.at, one.alert, one.before)), heard(run), run


@pytest.mark.timeout(120)
async def test_a_thousand_reloads_of_which_half_are_invalid_change_nothing_of_what_is_recorded_and_said(
    tmp_path: Path,
) -> None:
    quiet = await played(tmp_path / "rules-1", tmp_path / "data-1", reloads=0)
    stormy = await played(tmp_path / "rules-2", tmp_path / "data-2", reloads=RELOADS)
    assert len(quiet[0]) > 150
    assert len(quiet[1]) > 50
    assert stormy[0] == quiet[0]
    assert stormy[1] == quiet[1]
    meters = stormy[2].meters.registry
    outcomes = {
        outcome: meters.get_sample_value("fdi_monitor_policy_reloads_total", {"outcome": outcome})
        for outcome in ("good", "invalid", "failed")
    }
    assert outcomes == {"good": RELOADS / 2, "invalid": RELOADS / 2, "failed": None}
    keeper = [message for name, message in stormy[2].said if name == "keeper"]
    assert keeper
    assert len({message.notification.id for _, message in stormy[2].said}) == len(stormy[2].said)
