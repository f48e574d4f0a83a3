"""The outbox over the API: what waits and what was given up, tried again and dropped."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from webrows import Client, ago, opened, refused

from monitor.notification import Notification, Reason
from monitor.store import outbox
from monitor.store.outbox import Letter, Standing


def letter(name: str, **more: Any) -> Letter:
    said = Notification(name, "ops", "g", {}, Reason.FIRST, ago(10), ())
    return replace(outbox.letter(said, kind="webhook", position=0, at=ago(10)), **more)


LETTERS = (
    letter("m-1", state=Standing.SENT, verdict="delivered", attempts=1, settled_at=ago(9)),
    letter("m-2", state=Standing.DEAD, verdict="refused", reason="19024: 关键词", attempts=1, settled_at=ago(9)),
    letter("m-3", verdict="unreachable", reason="no answer", attempts=3, next_at=ago(-5)),
)


async def names(client: Client, query: str = "") -> list[str]:
    answer = await client.get(f"/api/fdi/v1/outbox{query}")
    assert answer.status == 200
    return [one["id"] for one in (await answer.json())["messages"]]


async def test_what_was_not_delivered_is_listed_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        assert await names(client) == []
        async with site.store.write() as tx:
            await outbox.add(tx, LETTERS)
        assert await names(client) == ["m-3", "m-2", "m-1"]
        assert await names(client, "?state=dead&state=sent") == ["m-2", "m-1"]
        answer = await client.get("/api/fdi/v1/outbox?state=waiting")
        assert (await answer.json())["messages"] == [
            {
                "id": "m-3",
                "receiver": "ops",
                "kind": "webhook",
                "state": "waiting",
                "verdict": "unreachable",
                "reason": "no answer",
                "attempts": 3,
                "next_at": "2026-01-05T10:00:05.000Z",
            }
        ]
        wrong = await client.get("/api/fdi/v1/outbox?state=lost")
        assert await refused(wrong) == (400, "state.0: Input should be 'waiting', 'sent' or 'dead'")


async def test_what_was_given_up_is_tried_again_for_another_day_and_wakes_the_courier(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        old = replace(LETTERS[1], created_at=ago(0) - timedelta(days=3))
        async with site.store.write() as tx:
            await outbox.add(tx, [old])
        rings = site.acted.rings
        answer = await client.post("/api/fdi/v1/outbox/m-2/retry")
        assert (answer.status, (await answer.json())["state"]) == (200, "waiting")
        assert site.acted.rings == rings + 1
        async with site.store.read() as tx:
            [waiting] = await outbox.waiting(tx)
        assert (waiting.next_at, waiting.retried_at, waiting.settled_at) == (ago(0), ago(0), None)


async def test_what_is_dropped_is_gone(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        async with site.store.write() as tx:
            await outbox.add(tx, LETTERS)
        assert (await client.delete("/api/fdi/v1/outbox/m-3")).status == 200
        assert await names(client) == ["m-2", "m-1"]
        assert (await client.delete("/api/fdi/v1/outbox/m-3")).status == 404


async def test_what_was_delivered_stays_delivered(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        async with site.store.write() as tx:
            await outbox.add(tx, LETTERS)
        for answer in (
            await client.post("/api/fdi/v1/outbox/m-1/retry"),
            await client.delete("/api/fdi/v1/outbox/m-1"),
        ):
            assert await refused(answer) == (409, "the message m-1 was delivered")
        missing = await client.post("/api/fdi/v1/outbox/m-9/retry")
        assert await refused(missing) == (404, "there is no message m-9 in the outbox")
