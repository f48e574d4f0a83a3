"""The life of an alert as people hear of it: levels, silence of an instance, groups, repetition."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from service import service
from setting import ABNORMAL, policy
from stage import story
from waiting import still, want
from world import Said, cloud


def severities(said: list[Said]) -> list[tuple[str, str]]:
    """Status and severity of messages about one alert."""
    return [(one.status, one.alerts[0]["labels"]["severity"]) for one in said]


@story
async def test_one_alert_rises_from_warning_to_critical_is_said_once_more_and_ends_when_clear_has_held(
    folder: Path,
) -> None:
    keep = timedelta(seconds=3)
    rule = {
        "name": "tasks-abnormal",
        "thresholds": {"warn": 2, "crit": 5},
        "levels": {"warning": "abnormal >= warn", "critical": "abnormal >= crit"},
        "clear": "abnormal == 0",
        "keep_firing_for": "3s",
        "summary": "{{ abnormal }} tasks abnormal on {{ instance }}",
    }
    async with cloud() as world, service(folder, world, policy(world, rules=[rule])) as run:

        def told() -> list[tuple[str, str]]:
            return severities(world.tries("hook"))

        world.breaks("orders", common=1)
        await world.polled_again("orders")
        assert told() == [], "one is less than the threshold"

        world.breaks("orders", common=2)
        await want("a warning", lambda: told() == [("firing", "warning")])
        world.breaks("orders", common=4, cdc=3)
        await want("it is critical", lambda: told() == [("firing", "warning"), ("firing", "critical")])

        world.breaks("orders", common=3)
        await want("it fell to a warning", lambda: run.counts(1, "ALERTS", severity="warning"))
        world.breaks("orders", common=1)
        await world.polled_again("orders")
        assert await run.counts(1, "ALERTS", alertstate="firing"), "below the threshold is not clear"

        world.recovers("orders")
        await want("it is clearing", lambda: run.log("alert clearing"))
        world.breaks("orders", common=1)
        await world.polled_again("orders")
        assert not run.log("alert resolved"), "it was not clear for long enough"
        assert len(told()) == 2, "a fall and a blink are not worth a message"

        world.recovers("orders")
        await want("its end is said", lambda: len(told()) == 3)
        await still("that is all", lambda: len(told()) == 3)
        warned, rose, ended = world.tries("hook")
        assert ended.status == "resolved"
        assert len({one.alerts[0]["startsAt"] for one in (warned, rose, ended)}) == 1, "it was one alert all the time"
        [cleared, again] = [datetime.fromisoformat(line["timestamp"]) for line in run.log("alert clearing")]
        assert cleared < again
        assert datetime.fromisoformat(ended.alerts[0]["endsAt"]) >= again + keep - timedelta(milliseconds=100)


@story
async def test_an_instance_that_does_not_answer_resolves_nothing_and_is_itself_an_alert(folder: Path) -> None:
    silent = {"name": "instance-unreachable", "when": "up == 0 and age > 3s", "severity": "critical"}
    async with cloud(instances=2) as world, service(folder, world, policy(world, rules=[ABNORMAL, silent])) as run:
        world.breaks("orders", common=2)
        await want("its tasks are said", lambda: told(world.said("hook")) == [("firing", "tasks-abnormal")])

        world.answers("orders", "503")
        world.recovers("orders")
        await want("its silence is said", lambda: len(world.said("hook")) == 2)
        both = [("firing", "tasks-abnormal"), ("firing", "instance-unreachable")]
        assert told(world.said("hook")) == both
        await still("nothing is said to be well", lambda: told(world.said("hook")) == both)
        assert await run.counts(2, "ALERTS", alertstate="firing", instance="orders")
        assert await run.counts(0, "fdi_up", instance="orders")
        assert await run.counts(1, "fdi_up", instance="invoices")
        [fell] = run.log("instance cannot be polled")
        assert fell["instance"] == "orders"
        assert fell["request_id"]

        world.sim.cloud.faults.clear()
        ends = {("resolved", "tasks-abnormal"), ("resolved", "instance-unreachable")}
        await want("the end of both is said", lambda: set(told(world.said("hook"))) == {*both, *ends})
        await still("once", lambda: len(world.tries("hook")) == 4)
        assert len(run.log("instance can be polled again")) == 1


def told(said: list[Said]) -> list[tuple[str, str]]:
    """Status and name of messages about one alert each."""
    return [(one.status, one.alerts[0]["labels"]["alertname"]) for one in said]


@story
async def test_what_breaks_within_group_wait_shares_a_message_and_is_repeated_until_it_is_over(folder: Path) -> None:
    names = ("orders", "invoices", "订单同步")
    patient = {"group_wait": "3s", "repeat_interval": "4s"}
    async with cloud(instances=3) as world, service(folder, world, policy(world, route=patient)) as run:
        await want("all are polled", lambda: run.counts(3, "fdi_up"))
        world.breaks(*names, common=1)
        [first] = await want("one message", lambda: world.tries("hook"))
        assert first.status == "firing"
        assert first.about("instance") == set(names)

        [again] = await want("it is repeated", lambda: world.tries("hook")[1:2])
        assert again.body["notification_reason"] == "repeat interval elapsed"
        assert again.about("instance") == set(names)
        assert again.at - first.at >= timedelta(seconds=3.5)

        world.recovers(*names)
        await want("the end of all is said", lambda: world.said("hook", "resolved"))
        await want("nothing fires", lambda: run.counts(0, "ALERTS"))
        over = len(world.tries("hook"))
        await still("what is over is not repeated", lambda: len(world.tries("hook")) == over, lasts=5)
        assert world.tries("hook")[-1].status == "resolved"
        assert world.tries("hook")[-1].about("instance") <= set(names)
