"""The wall clock of the machine is set by an hour and by a day while the service runs: no timer moves by that."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from commands import fdi_monitor
from service import Service, service
from setting import ABNORMAL, ROOT, policy
from stage import story
from waiting import still, want
from world import cloud

HOLD = timedelta(seconds=3)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

CUSTOM = """
import pathlib
from datetime import datetime, timedelta

import monitor.clock

SET_BY = pathlib.Path(__file__).with_name("set-by")


class Wall(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(seconds=float(SET_BY.read_text() or 0))


monitor.clock.datetime = Wall
"""
"""What Python runs before the service: its wall clock is that of this machine, set by what stands in a file."""


def moment(run: Service, event: str, name: str) -> datetime | None:
    """When the log says, by the wall clock, that it happened to the instance last."""
    lines = [line for line in run.log(event) if line["instance"] == name]
    return datetime.fromisoformat(lines[-1]["timestamp"]) if lines else None


@story
async def test_a_clock_that_is_set_by_an_hour_or_a_day_moves_no_timer(folder: Path) -> None:
    machine = folder / "machine"
    machine.mkdir()
    (machine / "sitecustomize.py").write_text(CUSTOM)
    wall = machine / "set-by"
    wall.write_text("0")
    async with cloud(instances=5) as world:
        *names, silenced = (member.machine.name for member in world.sim.cloud.members.values())
        written = policy(world, rules=[{**ABNORMAL, "for": "3s"}], route={"group_by": ["instance"]})
        variables = {"PYTHONPATH": f"{machine}:{ROOT}"}
        async with service(folder, world, written, variables=variables) as run:
            await world.polled_again(silenced)
            hushed = ("silence", "add", f'instance="{silenced}"', "--for", "2h", "--comment", "x")
            ended = await fdi_monitor(*hushed, "--url", run.address, folder=folder, world=world)
            assert ended.code == 0, ended
            world.breaks(silenced, cdc=1)

            set_by = timedelta()
            for name, step in zip(names, (HOUR, -HOUR, DAY, -DAY), strict=True):
                world.breaks(name, cdc=1)
                began = await want("it waits", partial(moment, run, "alert pending", name))
                set_by += step
                wall.write_text(str(set_by.total_seconds()))
                fired = await want("it fires", partial(moment, run, "alert firing", name))
                assert began is not None
                assert fired is not None
                assert HOLD - timedelta(seconds=0.1) <= fired - step - began, f"{step}: it did not wait"
            await want("each is said", lambda: {one.about("instance").pop() for one in world.said("hook")} == {*names})
            steps = [line["seconds"] for line in run.log() if "clock of this machine was set" in line["event"]]
            assert steps == [3600, -3600, 86400, -86400]
            assert moment(run, "alert firing", silenced) is not None
            await still("each was said once, and what is silenced not at all", lambda: len(world.said("hook")) == 4)
            await world.polled_again(names[0])
