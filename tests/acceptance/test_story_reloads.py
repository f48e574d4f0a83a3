"""The policy is changed while the service runs: what is good is put in force, nothing stops, nothing is forgotten."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from service import Service, service
from setting import ABNORMAL, policy
from stage import story
from waiting import still, want
from world import cloud

from monitor.clock import now

SLOW = {**ABNORMAL, "name": "slow", "for": "5s"}
QUIET = {"name": "quiet", "when": "terminated > 1000", "severity": "info"}


def put(run: Service, name: str, content: dict[str, Any] | str) -> None:
    """Replaces a file as editors and git do: written beside it, then renamed over it."""
    text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    beside = run.folder / "rules" / f".{name}.new"
    beside.write_text(text, encoding="utf-8")
    beside.rename(run.folder / "rules" / name)


async def asked(run: Service, **headers: str) -> tuple[int, Any]:
    """Status and answer of `POST /-/reload`."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{run.address}/-/reload", headers=headers) as response,
    ):
        text = await response.text()
        return response.status, await response.json() if response.content_type == "application/json" else text


def extra(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"rules": list(rules)}


@story
async def test_a_changed_file_a_hangup_and_a_post_each_put_the_new_rules_in_force(folder: Path) -> None:
    async with cloud() as world, service(folder, world, policy(world)) as run:
        put(run, "more.yaml", extra(QUIET))
        [line] = await want("the file is seen", lambda: run.log("policy reloaded"))
        assert (line["rules"], line["receivers"], line["accounts"]) == ("1 added", "no change", "no change")

        (run.folder / "rules" / "more.yaml").write_text(yaml.safe_dump(extra({**QUIET, "when": "terminated > 2"})))
        run.signal(signal.SIGHUP)
        await want("the hangup is heard", lambda: any(x["rules"] == "1 changed" for x in run.log("policy reloaded")))

        (run.folder / "rules" / "more.yaml").unlink()
        status, answer = await asked(run)
        assert (status, answer["ok"], answer["rules"]["removed"], answer["errors"]) == (200, True, ["quiet"], [])
        assert await run.counts(1, "fdi_monitor_policy_last_reload_successful")
        assert await run.counts(0, "fdi_monitor_policy_reloads_total", outcome="invalid")
        assert (await asked(run, Origin="https://evil.example.com"))[0] == 403
        assert (await asked(run, **{"Sec-Fetch-Site": "cross-site"}))[0] == 403
        assert (await asked(run, **{"Sec-Fetch-Site": "same-origin"}))[0] == 200


@story
async def test_a_timer_goes_on_through_reloads_and_what_fires_is_not_said_again(folder: Path) -> None:
    async with cloud() as world, service(folder, world, policy(world, rules=[SLOW])) as run:
        world.breaks("orders", common=1)
        broken_at = now()
        await want("it is pending", lambda: run.counts(1, "ALERTS", alertstate="pending"))
        await world.polled_again("orders")
        reloaded_at = now()
        put(run, "more.yaml", extra(QUIET))
        assert (await asked(run))[1]["rules"]["changed"] == []
        firing = await want("it fires", lambda: world.said("hook", "firing"))
        lasts = timedelta(seconds=5)
        assert firing[0].started >= broken_at + lasts, "it fired before its time"
        assert firing[0].started < reloaded_at + lasts, "its time began anew"
        put(run, "policy.yaml", policy(world, rules=[{**SLOW, "when": "abnormal >= 1", "for": "1s"}]))
        assert (await asked(run))[1]["rules"]["changed"] == ["slow"]
        await world.polled_again("orders")
        await still("it is not said again", lambda: len(world.tries("hook")) == 1)
        world.recovers("orders")
        await want("its end is said", lambda: world.said("hook", "resolved"))


@story
async def test_a_broken_file_stays_as_it_was_raises_an_alert_with_its_place_and_ends_it_when_mended(
    folder: Path,
) -> None:
    async with cloud() as world, service(folder, world, policy(world)) as run:
        put(run, "a.yaml", extra({**QUIET, "when": "terminatd > 5"}))
        put(run, "b.yaml", extra({**QUIET, "name": "other"}))
        [alert] = await want("it is said", lambda: world.said("hook", "firing"))
        [told] = alert.alerts
        assert told["labels"]["alertname"] == "policy-invalid"
        assert "a.yaml:3:9: " in told["annotations"]["summary"].replace(str(run.folder), "")
        assert "terminatd" in told["annotations"]["summary"]
        _, board = await run.page("/")
        assert "policy-invalid" in board
        status, answer = await asked(run)
        assert (status, answer["ok"], answer["rules"]["added"]) == (422, False, [])
        [error] = answer["errors"]
        assert (error["line"], Path(error["file"]).name) == (3, "a.yaml")
        assert await run.counts(0, "fdi_monitor_policy_last_reload_successful")

        world.breaks("orders", common=1)
        await want(
            "the rules go on", lambda: any("tasks-abnormal" in one.about("alertname") for one in world.said("hook"))
        )
        put(run, "a.yaml", extra(QUIET))
        await want("its end is said", lambda: world.said("hook", "resolved"))
        assert await run.counts(1, "fdi_monitor_policy_last_reload_successful")


@story
async def test_a_message_that_waits_keeps_its_id_and_that_of_a_receiver_that_is_gone_is_given_up(folder: Path) -> None:
    async with cloud() as world:
        both = [{"name": "hook", "webhook": world.hook()}, {"name": "old", "webhook": world.hook("old")}]
        route = {"receiver": "hook", "routes": [{"receiver": "old", "continue": True}, {"receiver": "hook"}]}
        usual = policy(world, receivers=both)
        usual["route"] |= {"routes": route["routes"]}
        async with service(folder, world, usual) as run:
            for name in ("hook", "old"):
                world.robot(f"webhook/{name}", {"down": True})
            world.breaks("orders", common=1)
            await want("both tried", lambda: world.tries("hook") and world.tries("old"))
            [tried] = {one.id for one in world.tries("hook")}
            put(run, "policy.yaml", policy(world))
            await want("it is reloaded", lambda: run.log("policy reloaded"))
            [lost] = await want("one is given up", lambda: run.log("message given up"))
            assert lost["receiver"] == "old"
            assert "the policy has no webhook under old any more" in lost["reason"]
            world.robot("webhook/hook", {})
            said = await want("the other arrives", lambda: world.said("hook"), within=40)
            assert {one.id for one in world.tries("hook")} == {tried}
            assert len(said) == 1


def swap(run: Service, version: str, content: dict[str, Any]) -> None:
    """What Kubernetes does with a ConfigMap: the files lie behind `..data`, a link that is replaced."""
    rules = run.folder / "rules"
    (rules / version).mkdir()
    (rules / version / "map.yaml").write_text(yaml.safe_dump(content))
    (rules / "..data_tmp").symlink_to(version)
    os.replace(rules / "..data_tmp", rules / "..data")  # noqa: PTH105 - as it is done


@story
async def test_the_swap_of_a_configmap_is_seen_and_removed_rules_and_accounts_end_their_alerts(folder: Path) -> None:
    async with cloud() as world:
        second = world.account("second", instances=[{"id": world.sim.cloud.find("orders").machine.id}])  # type: ignore[union-attr]
        usual = policy(world, accounts=[world.account(), second])
        async with service(folder, world, usual) as run:
            world.breaks("orders", common=1)
            await want("both accounts' alerts fire", lambda: run.counts(2, "ALERTS", alertstate="firing"))
            swap(run, "..2026_1", extra(QUIET))
            (run.folder / "rules" / "map.yaml").symlink_to("..data/map.yaml")
            await want("the map is seen", lambda: run.log("policy reloaded"))
            swap(run, "..2026_2", extra(QUIET, {**QUIET, "name": "other"}))
            await want("its swap is seen", lambda: len(run.log("policy reloaded")) > 1)

            put(run, "policy.yaml", policy(world))
            await want("its alert ended", lambda: [x for x in run.log("alert resolved") if x["account"] == "second"])
            assert {line["cause"] for line in run.log("alert resolved")} == {"account-removed"}
            assert await run.figure("fdi_monitor_instances", account="second") is None
            put(run, "policy.yaml", policy(world, rules=[]))
            await want("the rule's ended", lambda: len(run.log("alert resolved")) > 1)
            assert run.log("alert resolved")[-1]["cause"] == "rule-removed"
            assert (await run.page("/readyz"))[0] == 200
