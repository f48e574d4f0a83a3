"""Receivers that are down, refuse, or answer wrongly: none delays another, and nothing is taken for delivered."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from neighbours import slow_robot
from service import service
from setting import policy
from stage import story
from waiting import still, want
from world import FEISHU, cloud

ABOUT = 'alertname="tasks-abnormal"'
EVERYBODY = [
    {"receiver": name, "match": ABOUT, "continue": True} for name in ("hangs", "dead", "chat", "broken", "live")
]


@story
async def test_a_dead_receiver_delays_nobody_and_each_verdict_is_read_from_the_answer(folder: Path) -> None:
    async with cloud() as world, slow_robot(after=60.0) as robot:
        receivers = [
            {"name": "hangs", "webhook": {"url": robot.url, "timeout": "4s"}},
            {"name": "dead", "webhook": world.hook("dead")},
            {"name": "chat", "feishu": world.feishu()},
            {"name": "broken", "webhook": world.hook("broken")},
            {"name": "live", "webhook": world.hook("live")},
            {"name": "keeper", "webhook": world.hook("keeper")},
        ]
        written = policy(world, receivers=receivers, route={"receiver": "keeper", "routes": EVERYBODY})
        async with service(folder, world, written) as run:
            world.robot("webhook/dead", {"down": True})
            world.robot(f"feishu/{FEISHU}", {"refuse": "19024"})
            world.robot("webhook/broken", {"answer": {"status": 500}})
            world.breaks("orders", common=1)
            [live] = await want("the live one is told", lambda: world.said("live"))
            failed = {line["receiver"] for line in run.log("message not delivered yet")}
            assert "hangs" not in failed, "the live one had to wait for the one that hangs"
            await want("that one is asked too", lambda: robot.begun == 1)
            robot.after = 0.0

            await want("the dead one is tried again", lambda: len(world.tries("dead")) >= 2)
            first, second, *_ = world.tries("dead")
            assert first.id == second.id
            assert second.at - first.at >= timedelta(seconds=2)

            [given_up] = await want("a refusal in a 200 is given up", lambda: run.log("message given up"))
            assert given_up["receiver"] == "chat"
            assert "19024" in given_up["reason"]
            assert await run.counts(1, "fdi_monitor_outbox", receiver="chat", state="dead")
            assert world.chat() == []
            [warned] = await want("whoever keeps the service hears of that", lambda: world.said("keeper"))
            assert (warned.about("alertname"), warned.about("receiver")) == ({"delivery-failing"}, {"chat"})

            await want("a 500 is tried again", lambda: len(world.tries("broken")) >= 2)
            assert await run.counts(1, "fdi_monitor_outbox", receiver="broken", state="waiting")

            world.robot("webhook/broken", {})
            world.robot("webhook/dead", {})
            told = {"hangs", "dead", "broken", "live", "keeper"}
            await want(
                "all are told in the end", lambda: {at["receiver"] for at in run.log("message delivered")} == told
            )
            assert len(set(robot.ids)) == 1
            assert {one.id for one in world.tries("dead")} == {first.id}
            assert len({one.id for one in world.tries("broken")}) == 1
            assert world.tries("live") == [live]
            await still(
                "each was told once",
                lambda: [len(world.said(name)) for name in ("dead", "broken", "live")] == [1, 1, 1],
            )
            assert len(world.sim.messages(robot=FEISHU)) == 1, "what is refused is not tried again"
