"""What the service recorded is tried again under other rules, while it goes on."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from commands import fdi_monitor
from service import service
from setting import ABNORMAL, policy, write
from stage import story
from waiting import want
from world import World, cloud


def times(world: World, status: str, number: int) -> bool:
    return len(world.said("hook", status)) == number


async def trouble(world: World, time: int) -> None:
    world.breaks("orders", cdc=2)
    await want("it is said to fire", partial(times, world, "firing", time))


@story
async def test_history_is_back_tested_recorded_and_planned_with_while_the_service_runs(folder: Path) -> None:
    steady = {**ABNORMAL, "flapping": False}
    async with cloud() as world, service(folder, world, policy(world, rules=[steady])) as run:
        for time in (1, 2):
            await trouble(world, time)
            world.recovers("orders")
            await want("it is over", partial(times, world, "resolved", time))
        await trouble(world, 3)

        ended = await fdi_monitor("backtest", "--json", folder=folder, world=world)
        assert (ended.code, ended.err) == (0, "")
        done = json.loads(ended.out)
        [rule] = done["rules"]
        assert (rule["rule"], rule["firings"], rule["instances"]) == ("tasks-abnormal", 3, 1)
        assert rule["messages"] == done["messages"] == {"hook": 5}
        assert [one["key"] for one in done["suggestions"]], "three firings of a second ask for patience"
        shown = await fdi_monitor("backtest", "--since", "1h", folder=folder, world=world)
        assert shown.out.splitlines()[-1].startswith("  tasks-abnormal: ")

        file = folder / "rules" / "orders.test.yaml"
        ended = await fdi_monitor("record", "orders", "--output", file, folder=folder, world=world)
        assert (ended.code, ended.complaint) == (0, f"wrote {file}")
        again = await fdi_monitor("record", "orders", "--output", file, folder=folder, world=world)
        assert (again.code, again.complaint) == (2, f"{file} is there already: name another file, or remove it")
        tested = await fdi_monitor("test", "--run", "orders, recorded", folder=folder, world=world)
        assert (tested.code, tested.out.splitlines()[-1]) == (0, "1 passed, 0 failed")
        assert file.read_text("utf-8").count("tasks-abnormal") >= 6
        file.unlink()

        other = folder / "other"
        other.mkdir()
        rules = [{**steady, "for": "10m"}, {"name": "also", "when": "cdc.abnormal > 1", "severity": "warning"}]
        write(other, policy(world, rules=rules))
        ended = await fdi_monitor("plan", other / "rules", "--json", folder=folder, world=world)
        assert (ended.code, ended.err) == (0, "")
        plan = json.loads(ended.out)
        assert [(one["effect"], one["labels"]["alertname"]) for one in plan["alerts"]] == [
            ("fires", "also"),
            ("keeps", "tasks-abnormal"),
        ]
        # before as in the running folder; after: the new rule is said in place of the one that has become patient
        assert plan["history"]["messages"] == {"hook": {"before": 5, "after": 5}}
        assert plan["history"]["firings"]["tasks-abnormal"] == {"before": 3, "after": 0}
        ended = await fdi_monitor("plan", other / "rules", "--max-new-alerts", "0", folder=folder, world=world)
        assert (ended.code, ended.complaint) == (1, "1 new alerts would fire, at most 0 may")
        in_place = await fdi_monitor("plan", folder=folder, world=world)
        assert in_place.code == 0
        assert "1 would go on firing" in in_place.out
        assert "hook: 5 -> 5" in in_place.out

        world.recovers("orders")
        await want("the service goes on", partial(times, world, "resolved", 3))
        assert run.alive


@story
async def test_without_history_each_command_says_what_to_do(folder: Path) -> None:
    async with cloud() as world:
        write(folder, policy(world))
        for command in (["backtest"], ["plan"], ["record", "orders"]):
            ended = await fdi_monitor(*command, folder=folder, world=world)
            assert ended.code == 2
            assert ended.err.startswith(f"fdi-monitor: there is no history in the data folder {folder / 'data'}")
            assert not (folder / "data").exists()
