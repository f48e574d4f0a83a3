"""Every way to hear nothing, each with the reason that `explain` gives for it, side by side in one service."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from service import Service, service
from setting import policy
from stage import story
from test_story_quiet import asked, iso, ours
from waiting import want
from world import World, cloud

from monitor.clock import now

NIGHT = {"name": "night", "cron": "* * * * *", "duration": "2m", "timezone": "Asia/Shanghai"}
RULES = [
    {
        "name": "tasks",
        "levels": {"warning": "abnormal >= 1", "critical": "abnormal >= 5"},
        "flapping": {"window": "1m", "high": "15%", "low": "10%"},
    },
    {"name": "cause", "when": "cdc.abnormal >= 1", "severity": "critical", "flapping": False},
    {"name": "slow", "when": "abnormal >= 1", "for": "10m", "severity": "info", "match": 'instance="products"'},
]
KEYS = {"routing_key": "r0ut1ng-k3y-c4n4ry"}


def hushing(world: World) -> dict[str, Any]:
    pager = {**KEYS, "base_url": f"{world.sim.url}/pagerduty/demo"}
    return policy(
        world,
        rules=RULES,
        receivers=[{"name": "hook", "webhook": world.hook(), "pagerduty": pager}],
        windows=[NIGHT],
        maintenance=[{"match": 'instance="shipments"', "window": "night"}],
        inhibit=[{"source": 'alertname="cause"', "target": 'alertname="tasks"', "equal": ["account", "instance"]}],
        route={"group_by": ["alertname", "instance"], "repeat_interval": "2s"},
    )


async def silenced(run: Service, instance: str, lasts: float = 600, **more: str) -> str:
    matchers = [{"name": "instance", "value": instance, "isRegex": False}]
    body = {"matchers": matchers, "endsAt": iso(now() + timedelta(seconds=lasts)), "createdBy": "wang", **more}
    made = await asked(run, "POST", "/api/v2/silences", body)
    assert isinstance(made, dict)
    return str(made["silenceID"])


def heard(world: World, instance: str) -> list[str]:
    """What the webhook was told of an instance's tasks, oldest first."""
    mine = [one for one in world.said("hook") if one.about("instance") == {instance}]
    mine = [one for one in mine if one.about("alertname") == {"tasks"}]
    return [f"{one.status} {one.alerts[0]['labels']['severity']}" for one in mine]


def pager(world: World) -> list[str]:
    return [str(one.body["event_action"]) for one in world.sim.messages(robot="pagerduty", verdict="accepted")]


async def standing(run: Service, name: str) -> str:
    status, text = await run.page(f"/api/v2/silence/{name}")
    assert status == 200, text
    return str(json.loads(text)["status"]["state"])


async def stands(run: Service, name: str, wanted: str) -> bool:
    return await standing(run, name) == wanted


async def explained(run: Service, instance: str, wanted: str) -> None:
    """Waits for the answer: a message may be on its way."""

    async def so() -> bool:
        return await answer(run, instance) == wanted

    await want(f"{instance}: {wanted}", so)


async def answer(run: Service, instance: str, rule: str = "tasks") -> str:
    """Why nothing more is said of an instance's tasks."""
    status, text = await run.page(f"/api/fdi/v1/explain?of={rule}")
    assert status == 200, text
    found = [one["answer"] for one in json.loads(text)["stories"] if one["labels"].get("instance") == instance]
    return str(found[0])


@story
async def test_each_way_to_hear_nothing_holds_ends_and_is_explained(folder: Path) -> None:
    async with cloud(instances=8) as world, service(folder, world, hushing(world)) as run:
        breaker = await silenced(run, "orders", unless='severity="critical"')
        recurring = await silenced(run, "订单同步", window="night")
        ends = await silenced(run, "支付对账", until="resolved")
        short = await silenced(run, "invoices", lasts=4)
        names = ("orders", "invoices", "订单同步", "inventory", "支付对账", "shipments", "products")
        world.breaks(*names, common=1)
        world.breaks("customers", common=1, cdc=1)
        await want("two are told", lambda: heard(world, "inventory") and heard(world, "products"))
        await want("what a silence hid for a while is told at its end", lambda: heard(world, "invoices"))
        await want("it has ended by itself", lambda: stands(run, short, "expired"))

        # acknowledged: until it gets worse, and until a moment
        assert (await ours(run, "ack", 'instance="inventory"', "--owner", "王")).code == 0
        assert (await ours(run, "ack", 'instance="products"', "--owner", "李", "--for", "3s")).code == 0
        await want("the incident is acknowledged", lambda: pager(world).count("acknowledge") >= 1)
        await explained(run, "inventory", "told to hook; now acknowledged by 王")
        before = len(heard(world, "inventory"))
        later = len(heard(world, "products"))
        await want("what was acknowledged for a while is repeated", lambda: len(heard(world, "products")) > later + 1)
        await explained(run, "products", "told to hook")
        assert len(heard(world, "inventory")) <= before + 1, "one was on its way"
        world.breaks("orders", "inventory", common=5)
        await want("worse breaks a silence", lambda: "firing critical" in heard(world, "orders"))
        await want("worse ends an acknowledgement", lambda: "firing critical" in heard(world, "inventory"))

        # what nobody heard of, and why
        assert heard(world, "订单同步") == heard(world, "支付对账") == heard(world, "shipments") == []
        assert heard(world, "customers") == []
        await explained(run, "orders", "told to hook")
        assert await answer(run, "订单同步") == f"no message, because it is silenced by silence {recurring}"
        assert await answer(run, "支付对账") == f"no message, because it is silenced by silence {ends}"
        assert await answer(run, "shipments") == "no message, because it is in maintenance: window night"
        assert (await answer(run, "customers")).startswith("no message, because it is inhibited while alert ")
        assert (await answer(run, "products", "slow")).startswith("no message, because it is pending")

        world.recovers(*names, "customers")
        await want("the end of what was told is told", lambda: heard(world, "orders")[-1:] == ["resolved critical"])
        await want("only what was told ends", lambda: heard(world, "invoices")[-1:] == ["resolved warning"])
        assert heard(world, "订单同步") == heard(world, "支付对账") == heard(world, "customers") == []
        await want("a silence ends with what it hid", lambda: stands(run, ends, "expired"))
        assert await standing(run, breaker) == "active"


@story
async def test_what_flaps_is_told_once_and_then_only_when_it_stands_still(folder: Path) -> None:
    async with cloud() as world, service(folder, world, hushing(world)) as run:
        for _ in range(3):
            world.breaks("orders", common=1)
            await world.polled_again("orders", times=1)
            world.recovers("orders")
            await world.polled_again("orders", times=1)
        world.breaks("orders", common=1)
        await want("it flaps", lambda: any(one.body["notification_reason"] == "unknown" for one in world.said("hook")))
        told = len(world.said("hook"))
        world.recovers("orders")
        await world.polled_again("orders")
        assert len(world.said("hook")) == told
        await explained(run, "orders", "told to hook; now flapping: not told again until it stands still")
