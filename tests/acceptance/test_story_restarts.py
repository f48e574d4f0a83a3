"""What a restart must not change, whether the process was killed or asked to stop."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from neighbours import slow_robot
from service import service
from setting import ABNORMAL, policy
from stage import story
from waiting import still, want
from world import cloud

from monitor.clock import now


async def said_before(folder: Path, how: str) -> None:
    async with cloud() as world, service(folder, world, policy(world)) as run:
        world.breaks("orders", cdc=2)
        await want("it is said", lambda: world.said("hook", "firing"))
        # written down after it was sent: a kill in between may say it again, with the same id
        await want("it is written down", lambda: run.log("message delivered"))
        await run.end(how)

        await run.start()
        await world.polled_again("orders")
        await still("it is not said again", lambda: len(world.tries("hook")) == 1)

        world.recovers("orders")
        await want("its end is said", lambda: world.said("hook", "resolved"))
        await still("once", lambda: len(world.tries("hook")) == 2)
        assert run.log("alert firing") == run.log("alert firing")[:1]


@story
async def test_what_was_said_before_a_kill_is_not_said_again_and_its_end_is_said_once(folder: Path) -> None:
    await said_before(folder, "SIGKILL")


@story
async def test_what_was_said_before_a_stop_is_not_said_again_and_its_end_is_said_once(folder: Path) -> None:
    await said_before(folder, "SIGTERM")


async def pending(folder: Path, how: str) -> None:
    lasts = timedelta(seconds=5)
    rule = {**ABNORMAL, "for": "5s"}
    async with cloud() as world, service(folder, world, policy(world, rules=[rule])) as run:
        world.breaks("orders", common=1)
        broken_at = now()
        await want("it is pending", lambda: run.counts(1, "ALERTS", alertstate="pending"))
        await world.polled_again("orders")
        assert world.tries("hook") == []
        await run.end(how)

        await run.start()
        started_at = now()
        firing = await want("it fires", lambda: world.said("hook", "firing"))
        assert firing[0].started >= broken_at + lasts, "it fired before its time"
        assert firing[0].started < started_at + lasts - timedelta(seconds=1), "its time began anew"


@story
async def test_a_pending_alert_keeps_its_time_through_a_kill(folder: Path) -> None:
    await pending(folder, "SIGKILL")


@story
async def test_a_pending_alert_keeps_its_time_through_a_stop(folder: Path) -> None:
    await pending(folder, "SIGTERM")


async def undelivered(folder: Path, how: str) -> None:
    async with cloud() as world, service(folder, world, policy(world)) as run:
        world.robot("webhook/hook", {"down": True})
        world.breaks("orders", common=1)
        await want("it could not be said", lambda: run.log("message not delivered yet"))
        assert world.said("hook") == []
        await run.end(how)
        world.robot("webhook/hook", {})

        await run.start()
        [message] = await want("it goes out", lambda: world.said("hook"))
        assert {one.id for one in world.tries("hook")} == {message.id}
        assert message.status == "firing"

        world.recovers("orders")
        await want("its end is said", lambda: world.said("hook", "resolved"))
        assert len(world.said("hook")) == 2


@story
async def test_a_message_that_could_not_be_delivered_goes_out_after_a_kill_with_its_id(folder: Path) -> None:
    await undelivered(folder, "SIGKILL")


@story
async def test_a_message_that_could_not_be_delivered_goes_out_after_a_stop_with_its_id(folder: Path) -> None:
    await undelivered(folder, "SIGTERM")


@story
async def test_what_recovers_while_the_service_is_down_is_resolved_by_its_first_good_sample(folder: Path) -> None:
    async with cloud() as world, service(folder, world, policy(world)) as run:
        world.breaks("orders", common=1)
        await want("it is written down", lambda: run.log("message delivered"))
        run.kill()
        world.recovers("orders")
        down_at = now()

        await run.start()
        [message] = await want("its end is said", lambda: world.said("hook", "resolved"))
        assert datetime.fromisoformat(message.alerts[0]["endsAt"]) > down_at
        await still("once", lambda: len(world.tries("hook")) == 2)


@story
async def test_what_is_on_its_way_when_the_service_is_asked_to_stop_arrives_and_is_not_sent_again(folder: Path) -> None:
    async with cloud() as world, slow_robot(after=1.0) as robot:
        receivers = [{"name": "hook", "webhook": {"url": robot.url}}]
        async with service(folder, world, policy(world, receivers=receivers)) as run:
            world.breaks("orders", common=1)
            await want("it is on its way", lambda: robot.begun)
            await run.stop()
            assert robot.answered == robot.begun == 1

            await run.start()
            await world.polled_again("orders")
            await still("it is not sent again", lambda: robot.begun == 1)


@story
async def test_a_robot_that_hangs_holds_up_a_stop_for_a_while_and_its_message_is_sent_again(folder: Path) -> None:
    async with cloud() as world, slow_robot(after=60.0) as robot:
        receivers = [{"name": "hook", "webhook": {"url": robot.url, "timeout": "30s"}}]
        async with service(folder, world, policy(world, receivers=receivers)) as run:
            world.breaks("orders", common=1)
            await want("it is on its way", lambda: robot.begun)
            await run.stop(within=8.0)
            assert not run.log("message delivered")

            robot.after = 0.0
            await run.start()
            await want("it is delivered", lambda: run.log("message delivered"))
            assert robot.begun == 2
            assert len(set(robot.ids)) == 1
