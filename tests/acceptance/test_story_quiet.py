"""Keeping quiet: with the real amtool, with our own commands, over restarts, and by the policy's windows."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from commands import Ended, fdi_monitor
from service import Service, service
from setting import policy
from stage import story
from waiting import QUIET, still, want
from world import Said, World, cloud

from monitor.clock import now

AMTOOL = shutil.which("amtool")


async def amtool(run: Service, *arguments: str) -> str:
    """What the real amtool prints; it must succeed."""
    ended = await asyncio.to_thread(
        subprocess.run,
        [AMTOOL or "amtool", f"--alertmanager.url={run.address}", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=run.folder,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, f"amtool {arguments}: {ended.stdout}{ended.stderr}"
    return ended.stdout


async def ours(run: Service, *arguments: str) -> Ended:
    return await fdi_monitor(*arguments, "--url", run.address, folder=run.folder, world=run.world)


def statuses(world: World) -> list[str]:
    return [one.status for one in world.tries("hook")]


def words(world: World) -> list[str]:
    return [str(one.body["notification_reason"]) for one in world.tries("hook")]


@story
async def test_amtool_works_unchanged(folder: Path) -> None:
    if AMTOOL is None:
        pytest.skip("amtool is not installed: apt-get install prometheus-alertmanager, or run .ci/run")
    async with cloud(instances=2) as world, service(folder, world, policy(world)) as run:
        world.breaks("orders", common=1)
        await want("it is said", lambda: statuses(world) == ["firing"])

        [shown] = json.loads(await amtool(run, "alert", "query", "-o", "json"))
        assert shown["labels"]["alertname"] == "tasks-abnormal"
        assert shown["status"]["state"] == "active"
        assert "orders" in await amtool(run, "alert", "query", "-o", "extended", 'instance="orders"')
        assert json.loads(await amtool(run, "alert", "query", "-o", "json", 'instance="invoices"')) == []

        silenced = (
            await amtool(run, "silence", "add", "instance=orders", "-c", "迁移", "-a", "wang", "-d", "1h")
        ).strip()
        listed = await amtool(run, "silence", "query")
        assert silenced in listed
        assert "wang" in listed
        assert json.loads(await amtool(run, "alert", "query", "-o", "json")) == []
        [hidden] = json.loads(await amtool(run, "alert", "query", "-o", "json", "--silenced"))
        assert hidden["status"]["silencedBy"] == [silenced]

        updated = (await amtool(run, "silence", "update", silenced, "-d", "2h", "-c", "longer", "-o", "simple")).strip()
        assert silenced in updated
        assert "longer" in updated
        exported = json.loads(await amtool(run, "silence", "query", "-o", "json"))
        (folder / "silences.json").write_text(json.dumps(exported), encoding="utf-8")
        await amtool(run, "silence", "expire", silenced)
        assert silenced not in await amtool(run, "silence", "query")
        assert silenced in await amtool(run, "silence", "query", "--expired")
        await want("its end is said", lambda: len(statuses(world)) == 2)

        imported = await amtool(run, "silence", "import", "--force", "silences.json")
        assert imported == "" or silenced not in imported
        assert len(json.loads(await amtool(run, "silence", "query", "-o", "json"))) == 1
        assert "hook" in await amtool(run, "config", "routes", "show")
        assert (await amtool(run, "config", "routes", "test", "severity=critical")).strip() == "hook"
        assert "c4n4ry" not in await amtool(run, "config", "show")
        assert "disabled" in await amtool(run, "cluster", "show")


@story
async def test_what_a_silence_hid_is_told_at_its_end_even_if_the_service_was_killed_meanwhile(folder: Path) -> None:
    async with cloud(instances=2) as world, service(folder, world, policy(world)) as run:
        made = await ours(run, "silence", "add", 'instance="orders"', "--for", "10m", "--comment", "迁移", "--json")
        silenced = json.loads(made.out)
        assert (made.code, silenced["hides"]) == (0, [])
        world.breaks("orders", common=1)
        await want("it fires", lambda: run.counts(1, "ALERTS", alertstate="firing"))
        world.breaks("invoices", common=1)
        await want("the other is said", lambda: [one.about("instance") for one in world.said("hook")] == [{"invoices"}])
        assert f"silenced by {silenced['id']}" in (await ours(run, "alerts", 'instance="orders"')).out

        run.kill()
        await run.start()
        await still("nothing more is said", lambda: len(world.said("hook")) == 1)
        assert (await ours(run, "silence", "expire", silenced["id"])).code == 0
        await want("what was hidden is said", lambda: len(world.said("hook")) == 2)
        assert "orders" in world.said("hook")[-1].about("instance")
        world.recovers("orders", "invoices")
        await want("and its end", lambda: world.said("hook", "resolved"))


@story
async def test_what_nobody_was_told_of_has_no_all_clear(folder: Path) -> None:
    async with cloud() as world, service(folder, world, policy(world)) as run:
        ends = {"endsAt": iso(now() + timedelta(hours=1)), "createdBy": "wang", "until": "resolved"}
        matchers = [{"name": "instance", "value": "orders", "isRegex": False}]
        await asked(run, "POST", "/api/v2/silences", {"matchers": matchers, **ends})
        world.breaks("orders", common=1)
        await want("it fires", lambda: run.log("alert firing"))
        await world.polled_again("orders")
        world.recovers("orders")
        await want("it is over", lambda: run.log("alert resolved"))
        await still("nobody is told", lambda: world.tries("hook") == [])
        assert await asked(run, "GET", "/api/v2/silences?expired=false") == [], "it ended with what it hid"


@story
async def test_an_acknowledged_alert_is_repeated_only_when_that_is_taken_back(folder: Path) -> None:
    async with cloud() as world, service(folder, world, policy(world, route={"repeat_interval": "2s"})) as run:
        world.breaks("orders", common=1)
        await want("it is said", lambda: world.said("hook"))
        acknowledge = f"/api/fdi/v1/alerts/{world.said('hook')[0].alerts[0]['fingerprint']}/ack"
        await asked(run, "POST", acknowledge, {"owner": "王", "comment": "看着呢"})
        # one that was on its way may still arrive
        await asyncio.sleep(QUIET)
        before = len(statuses(world))
        await still("it is not repeated", lambda: len(statuses(world)) == before, lasts=4.0)
        await asked(run, "DELETE", acknowledge)
        await want("it is repeated", lambda: "repeat interval elapsed" in words(world)[before:])


@story
async def test_what_nobody_acknowledges_reaches_the_manager_and_windows_mute_a_route(folder: Path) -> None:
    async with cloud() as world:
        at = now()
        window = {"name": "now", "from": iso(at - timedelta(hours=1)), "to": iso(at + timedelta(hours=1))}
        changed = policy(
            world,
            receivers=[{"name": name, "webhook": world.hook(name)} for name in ("hook", "manager", "muted")],
            windows=[window],
            route={
                "steps": [{"after": "3s", "unless": "acknowledged", "receiver": "manager"}],
                "routes": [
                    {"receiver": "muted", "mute": ["now"], "continue": True, "steps": []},
                    {"receiver": "hook"},
                ],
            },
        )
        async with service(folder, world, changed) as run:
            world.breaks("orders", common=1)
            await want("the manager hears of it", lambda: world.said("manager"))
            first, escalated = world.said("hook")[0], world.said("manager")[0]
            assert escalated.at - first.started >= timedelta(seconds=3)
            world.recovers("orders")
            await want("and of its end", lambda: world.said("manager", "resolved"))
            assert world.tries("muted") == []
            answer = await decisions(run, escalated)
            assert {("muted", "muted", "now"), ("not-yet", "not-yet", "")} <= answer


def iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


async def asked(run: Service, method: str, path: str, body: object = None) -> object:
    """What the API answers; it must do it."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, run.address + path, json=body) as answer,
    ):
        text = await answer.text()
        assert answer.status == 200, text
        return json.loads(text) if text else None


async def decisions(run: Service, said: Said) -> set[tuple[str, str, str]]:
    """What was decided about the first alert of a message."""
    status, text = await run.page(f"/api/fdi/v1/alerts/{said.alerts[0]['fingerprint']}/decisions")
    assert status == 200
    return {(one["verdict"], one["reason"], one["because"]) for one in json.loads(text)["decisions"]}
