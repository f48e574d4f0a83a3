"""`/healthz` and `/readyz`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from webrows import NOW, fill, instance, opened, page, run

MINUTE = timedelta(minutes=1)


async def test_alive(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        assert await page(client, "/healthz") == "ok\n"


async def test_not_ready_before_the_loops_run(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.get("/readyz")
        assert (answer.status, await answer.text()) == (503, "starting\n")


async def test_ready_while_every_loop_comes_round_whatever_the_instances_health(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run(None)])])
        site.pulse.expect("poller", within=MINUTE, at=NOW - 10 * MINUTE)
        site.pulse.beat("poller", NOW - MINUTE)
        assert await page(client, "/readyz") == "ready\n"


async def test_not_ready_names_the_loop_that_hangs_and_since_when(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        site.pulse.expect("poller", within=MINUTE, at=NOW)
        site.pulse.expect("courier", within=MINUTE, at=NOW - 10 * MINUTE)
        site.pulse.beat("courier", NOW - 2 * MINUTE)
        answer = await client.get("/readyz")
        assert answer.status == 503
        assert await answer.text() == "late: courier has not come round for 2m, since 2026-01-05T09:58:00Z\n"
        assert (await client.get("/healthz")).status == 200
