"""Beyond this machine people and programs say who they are, and what they did is kept. With the real service."""

from __future__ import annotations

import json
from pathlib import Path

import aiohttp
from commands import Ended, fdi_monitor
from service import Service, service
from setting import policy
from stage import story
from waiting import want
from world import cloud

from monitor.passwords import hashed

PASSWORD = "canary-correct-horse"
READS, ACTS = "canary-token-that-reads", "canary-token-that-acts"


async def ours(run: Service, token: str, *arguments: str) -> Ended:
    variables = {"FDI_MONITOR_TOKEN": token} if token else {}
    command = (*arguments, "--url", run.address)
    return await fdi_monitor(*command, folder=run.folder, world=run.world, variables=variables)


@story
async def test_who_comes_in_beyond_this_machine_and_what_they_did_outlives_a_kill(folder: Path) -> None:
    one = hashed(PASSWORD, b"0123456789abcdef", cost=1 << 14, parallel=1).written()
    users = folder / "users.json"
    users.write_text(json.dumps([{"name": "王", "password_hash": one, "role": "operator"}]), encoding="utf-8")
    tokens = [{"name": "reads", "token": READS, "role": "viewer"}, {"name": "acts", "token": ACTS, "role": "operator"}]
    settings = {"WEB__HOST": "0.0.0.0", "WEB__USERS_FILE": str(users), "WEB__TOKENS": json.dumps(tokens)}
    async with cloud() as world:
        world.secrets |= {PASSWORD, READS, ACTS, one.rpartition(":")[2]}
        async with service(folder, world, policy(world), settings=settings) as run:
            world.breaks("orders", common=1)
            await want("it fires", lambda: run.log("message delivered"))
            assert [(await run.page(path))[0] for path in ("/", "/metrics", "/api/v2/alerts")] == [401] * 3
            assert [(await run.page(path))[0] for path in ("/healthz", "/readyz")] == [200] * 2

            nobody = await ours(run, "", "alerts")
            assert (nobody.code, "set FDI_MONITOR_TOKEN to one of" in nobody.complaint) == (2, True)
            viewer = await ours(run, READS, "alerts")
            assert (viewer.code, "tasks-abnormal" in viewer.out) == (0, True)
            refused = await ours(run, READS, "ack", "tasks-abnormal")
            assert (refused.code, "needs the role operator" in refused.complaint) == (2, True)
            acts = await ours(run, ACTS, "ack", "tasks-abnormal", "--owner", "王")
            assert acts.code == 0, acts.err
            login = aiohttp.encode_basic_auth("王", PASSWORD, encoding="utf-8")
            async with aiohttp.ClientSession(headers={"Authorization": login}) as wang:
                async with wang.get(run.address) as page:
                    assert (page.status, "tasks-abnormal" in await page.text()) == (200, True)
                async with wang.post(f"{run.address}/-/reload") as reloaded:
                    assert reloaded.status == 200
                run.kill()
                await run.start()
                async with wang.get(f"{run.address}/api/fdi/v1/audit") as found:
                    told = [(one["by"], one["act"], one["address"]) for one in (await found.json())["audit"]]
            assert told == [("user 王", "reloaded", "127.0.0.1"), ("token acts", "acknowledged", "127.0.0.1")]
            explained = await ours(run, READS, "explain", "tasks-abnormal")
            assert "token acts" in explained.out
