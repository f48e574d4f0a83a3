"""Accounts: how they let us in, what they find, how much they bear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
from neighbours import cloud_of_its_own
from service import Service, service
from setting import policy
from stage import solo, story
from waiting import still, want
from world import cloud

AKSK = {"aksk": {"access_key": "${CLOUD_ACCESS_KEY}", "secret_key": "${CLOUD_SECRET_KEY}"}}

WRONG = "wr0ng-c4n4ry"


@story
async def test_a_password_an_access_key_and_a_token_each_let_the_service_in(folder: Path) -> None:
    async with cloud() as world:
        accounts = [
            world.account("by-password"),
            world.account("by-key", auth=AKSK),
            world.account("by-key-without-project", auth=AKSK, project_id=""),
            world.account("by-token", auth={"token": world.token()}),
        ]
        accounts[2].pop("project_id")
        async with service(folder, world, policy(world, accounts=accounts)) as run:
            await want("all are polled", lambda: run.counts(4, "fdi_up"))
            await world.polled_again("orders", 8)
            world.breaks("orders", common=1)
            await want("each says so", lambda: len(world.said("hook", "firing")) == 4)
            assert {name for one in world.said("hook") for name in one.about("account")} == {
                account["name"] for account in accounts
            }
            stats = world.sim.cloud.stats()
            assert stats["refused"] == {}
            assert stats["by_call"]["token"] == 1
            assert stats["by_call"]["projects"] == 1


async def tried_twice_at_most(folder: Path, good: dict[str, Any] | None, bad: dict[str, Any]) -> None:
    async with cloud(instances=3) as world:
        world.secrets.add(WRONG)
        named = [{"id": machine.id, "name": machine.name} for machine in world.sim.cloud.machines()]
        # every instance is polled every second: that many chances to lock the user out
        accounts = [world.account("good", auth=good), world.account("bad", auth=bad, instances=named)]
        del accounts[1]["discover"]
        async with service(folder, world, policy(world, accounts=accounts)) as run:
            await want("all are tried", lambda: run.counts(3, "fdi_monitor_polls_total", account="bad"))
            await want("again and again", lambda: _least(run, 9))
            await want("the good account is polled", lambda: run.counts(3, "fdi_up", account="good"))
            refused = world.sim.cloud.stats()["refused"]
            assert 1 <= sum(refused.values()) <= 2, refused
            told = [line for line in run.log("instance cannot be polled") if line["account"] == "bad"]
            assert len(told) == 3, "each says so once"
            assert all("of account bad" in line["reason"] for line in told), told
            assert (await run.page("/readyz"))[0] == 200


async def _least(run: Service, polls: int) -> bool:
    return (await run.figure("fdi_monitor_polls_total", account="bad") or 0) >= polls


@story
async def test_a_wrong_password_is_tried_twice_at_most_and_the_service_lives_on(folder: Path) -> None:
    login = {"domain": "acme", "user": "monitor", "password": WRONG}
    await tried_twice_at_most(folder, AKSK, {"password": login})


@story
async def test_a_wrong_secret_key_is_tried_twice_at_most_and_the_service_lives_on(folder: Path) -> None:
    pair = {"access_key": "${CLOUD_ACCESS_KEY}", "secret_key": WRONG}
    # the same key pair: its lock-out would lock out the good account as well
    await tried_twice_at_most(folder, None, {"aksk": pair})


@story
async def test_a_new_instance_is_found_without_a_restart_and_a_deleted_one_is_left_alone(folder: Path) -> None:
    async with cloud(instances=2) as world, service(folder, world, policy(world)) as run:
        await want("both are polled", lambda: run.counts(2, "fdi_up"))
        world.sim.cloud.remove("invoices")
        world.breaks("late-comer", common=1)
        assert world.polls("late-comer") == 0

        await want("it is found, and it alerts", lambda: world.said("hook", "firing"))
        [message] = world.said("hook")
        assert message.about("instance") == {"late-comer"}
        await want("it counts", lambda: run.counts(2, "fdi_monitor_instances", account="prod"))
        refused = world.sim.cloud.stats()["refused"]
        await still("the deleted one is not asked for", lambda: world.sim.cloud.stats()["refused"] == refused)


@story
@solo
async def test_sixty_instances_every_second_under_a_quota_of_twenty_break_no_limit(folder: Path) -> None:
    async with cloud() as world, cloud_of_its_own(folder, "--instances", "60", "--quota", "20/s") as url:
        accounts = [world.account(quota="20/s", endpoint=url, iam_endpoint=url)]
        async with service(folder, world, policy(world, accounts=accounts)) as run:
            await want("all are polled", lambda: run.counts(60, "fdi_up"))
            stats = await statistics(url)
            assert stats["requests"] > 60
            assert stats["highest_in_a_second"] <= 20
            assert stats["refused"] == {}
            assert await run.counts(0, "fdi_monitor_polls_total", outcome="failed")
            every = await run.figure("fdi_monitor_poll_interval_seconds", account="prod") or 0
            assert every > 3, "what the quota does not bear stretches the interval visibly"
            assert not run.log("instance cannot be polled")


async def statistics(url: str) -> dict[str, Any]:
    """What the cloud counted."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/_sim/stats") as response:
        return dict(await response.json())
