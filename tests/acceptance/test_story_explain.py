"""Why there was a message, or none; links that act from a chat; a drill on the whole way. With the real service."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import aiohttp
from commands import Ended, fdi_monitor
from service import Service, service
from setting import ABNORMAL, policy
from stage import story
from waiting import still, want
from world import FEISHU, World, cloud

PUBLIC = "https://fdi.example.com"


async def ours(run: Service, *arguments: str) -> Ended:
    return await fdi_monitor(*arguments, "--url", run.address, folder=run.folder, world=run.world)


async def explained(run: Service, *subject: str) -> dict[str, Any]:
    ended = await ours(run, "explain", *subject, "--json")
    assert ended.code == 0, ended.err
    [found] = json.loads(ended.out)
    return dict(found)


def links(world: World) -> dict[str, str]:
    """The paths of the links in the first message of the chat, by what they do."""
    [first, *_] = world.sim.messages(robot=FEISHU, verdict="accepted")
    found = re.findall(rf"{PUBLIC}(/links/[\w-]+\.(\w+)\.[\w.-]+)", json.dumps(first.body))
    return {deed: path for path, deed in found}


@story
async def test_a_link_in_the_chat_acknowledges_and_explain_tells_the_whole_chain(folder: Path) -> None:
    async with cloud(instances=2) as world:
        patient = {**ABNORMAL, "name": "for-long", "when": "abnormal > 5", "for": "1h"}
        receivers = [{"name": "chat", "feishu": world.feishu()}]
        written = policy(world, rules=[ABNORMAL, patient], receivers=receivers, route={"receiver": "chat"})
        async with service(folder, world, written, settings={"PUBLIC_URL": PUBLIC}) as run:
            await world.polled_again("orders")
            quiet = await explained(run, "orders")
            assert quiet["answer"] == "no message, because none of its rules is breached"
            world.breaks("orders", common=1)
            await want("the chat hears of it", lambda: run.log("message delivered"))
            assert set(links(world)) == {"ack", "s1", "s4"}
            place = run.address + links(world)["ack"]
            async with aiohttp.ClientSession() as session:
                async with session.get(place) as shown:
                    assert (shown.status, "Acknowledge?" in await shown.text()) == (200, True)
                assert "acknowledged" not in (await ours(run, "alerts")).out, "opening it changed nothing"
                async with session.post(place, data={"owner": "王"}) as done:
                    assert "Acknowledged by 王" in await done.text()
                run.kill()
                await run.start()
                async with session.post(run.address + links(world)["ack"], data={"owner": "李"}) as again:
                    assert (again.status, "used already" in await again.text()) == (410, True)
            told = await explained(run, "tasks-abnormal")
            stages = [one["stage"] for one in told["facts"]]
            assert told["answer"] == "told to chat; now acknowledged by 王: by a link in a message"
            assert {"sample", "rule", "step", "timer", "quiet", "act", "group", "decision", "delivery"} == set(stages)
            assert [one["name"] for one in told["facts"] if one["stage"] == "act"] == ["link 王"]
            assert "critical when abnormal 1 > 0" in [one["text"] for one in told["facts"]]
            status, page = await run.page(f"/alerts/{told['fingerprint']}")
            assert (status, told["answer"] in page) == (200, True)


@story
async def test_a_drill_goes_the_whole_way_and_fails_where_a_receiver_does(folder: Path) -> None:
    async with cloud() as world:
        receivers = [{"name": name, "webhook": world.hook(name)} for name in ("hook", "other")]
        branch = {"receiver": "other", "match": 'severity="info"'}
        written = policy(world, receivers=receivers, route={"routes": [branch]})
        async with service(folder, world, written) as run:
            good = await ours(run, "drill", "--receiver", "hook", "--json")
            whole = json.loads(good.out)
            [told] = whole["messages"]
            assert (good.code, told["verdict"], told["delivered"], whole["delivered"]) == (0, "delivered", True, True)
            assert [one["step"] for one in whole["steps"]] == ["rule", "group", "outbox"]
            assert 0 <= told["seconds"] <= whole["seconds"] < 10
            [said] = world.said("hook")
            assert said.alerts[0]["labels"]["alertname"] == "drill"
            await still("nobody else hears of it", lambda: world.tries("other") == [])

            world.robot("webhook/other", {"refuse": "400"})
            both = await ours(run, "drill")
            assert both.code == 1
            lines = both.out.splitlines()
            assert [line.split()[0] for line in lines[1:5]] == ["rule", "group", "outbox", "receiver"]
            assert [line.split()[:3] for line in lines[7:]] == [
                ["hook", "webhook", "delivered"],
                ["other", "webhook", "refused"],
            ]
            alerts = await run.page("/api/fdi/v1/alerts")
            assert json.loads(alerts[1])["alerts"] == [], "neither it nor its failure is an alert of the service"
            failed = {"receiver": "other", "outcome": "failed"}
            await want("it is counted", lambda: run.counts(1, "fdi_monitor_drills_total", **failed))
            unknown = await ours(run, "drill", "--receiver", "nobody")
            assert (unknown.code, "the policy has no receiver 'nobody'" in unknown.err) == (1, True)
