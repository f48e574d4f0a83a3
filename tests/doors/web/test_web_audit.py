"""Who did what: one row for each act, in the transaction of the act, told by the API, the log and an alert's story."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from test_web_door import LI, TOKEN, TOKENS, USERS, WANG, basic
from webrows import NOW, Client, alert, fill, instance, letter, opened

from monitor.access import Way
from monitor.audit import Act, Entry
from monitor.matchers import EVERYTHING
from monitor.reloaded import Reloaded
from monitor.routing import Route
from monitor.store import audit, links, outbox
from monitor.store.database import Store
from monitor.store.outbox import Standing
from monitor.tickets import Deed, ticket
from monitor.web.door import Door
from monitor.web.site import Site, Speech

ORDERS = alert(instance("orders"))
SPEECH = Speech(
    Route("{}", "ops-chat", EVERYTHING, (), timedelta(), timedelta(minutes=1), timedelta(hours=4)),
    ("ops-chat",),
    kinds={"ops-chat": ("feishu",)},
)
SILENCE = {
    "matchers": [{"name": "instance", "value": "orders", "isRegex": False, "isEqual": True}],
    "startsAt": "2026-01-05T10:00:00Z",
    "endsAt": "2026-01-05T12:00:00Z",
    "createdBy": "somebody",
    "comment": "迁移",
}
WANGS = {"Authorization": basic("wang", WANG)}
ACK = f"/api/fdi/v1/alerts/{ORDERS.key}/ack"


async def reload() -> Reloaded:
    return Reloaded(route=True)


@asynccontextmanager
async def scene(tmp_path: Path, **more: Any) -> AsyncIterator[tuple[Site, Client]]:
    """An alert that fires, with a message that was given up."""
    more = {"door": Door(USERS, TOKENS), "reload": reload, **more}
    async with opened(tmp_path, SPEECH, **more) as (site, client):
        dead = replace(letter(ORDERS), state=Standing.DEAD, settled_at=NOW)
        await fill(site.store, alert_rows=[ORDERS], letters=[dead])
        async with site.store.write() as tx:
            await outbox.settle(tx, dead)
        yield site, client


async def rows(store: Store) -> list[tuple[str, str, str]]:
    async with store.read() as tx:
        return [(one.who, str(one.act), one.subject) for one in (await audit.page(tx, most=99))[::-1]]


async def test_every_act_is_one_row_with_the_name_of_who_was_let_in(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        made = await client.post("/api/v2/silences", json=SILENCE, headers=WANGS)
        silence = (await made.json())["silenceID"]
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        for method, path, body, headers in (
            ("POST", ACK, {"owner": "李", "comment": "on it"}, WANGS),
            ("DELETE", ACK, None, bearer),
            ("DELETE", f"/api/v2/silence/{silence}", None, bearer),
            ("POST", "/api/fdi/v1/outbox/letter-1/retry", {}, WANGS),
            ("DELETE", "/api/fdi/v1/outbox/letter-1", None, WANGS),
            ("POST", "/api/fdi/v1/drills", {}, bearer),
            ("POST", "/-/reload", None, bearer),
        ):
            answer = await client.request(method, path, json=body, headers=headers)
            assert answer.status == 200, (method, path, await answer.text())
        assert await rows(site.store) == [
            ("user wang", "silenced", silence),
            ("user wang", "acknowledged", ORDERS.key),
            ("token ci", "withdrew", ORDERS.key),
            ("token ci", "expired", silence),
            ("user wang", "retried", "letter-1"),
            ("user wang", "dropped", "letter-1"),
            ("token ci", "drilled", ""),
            ("token ci", "reloaded", ""),
        ]
        told = await (await client.get("/api/fdi/v1/audit", headers={"Authorization": basic("lili", LI)})).json()
        assert told["next"] is None
        assert [one["detail"] for one in told["audit"]] == [
            "something changed",
            "ops-chat",
            "for ops-chat by feishu",
            "for ops-chat by feishu",
            'instance="orders"',
            "",
            "by 李: on it",
            'instance="orders" until 2026-01-05T12:00:00.000Z by somebody: 迁移',
        ]
        assert {one["address"] for one in told["audit"]} == {"127.0.0.1"}
        assert told["audit"][-1]["at"] == "2026-01-05T10:00:00.000Z"
        assert (told["audit"][-1]["way"], told["audit"][-1]["name"]) == ("user", "wang")


async def test_what_is_refused_or_does_nothing_is_not_written_down(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        viewer = {"Authorization": basic("lili", LI)}
        with capture_logs() as logs:
            for method, path, body, headers in (
                ("POST", ACK, {"owner": "x"}, viewer),
                ("POST", ACK, {"owner": ""}, WANGS),
                ("DELETE", ACK, None, WANGS),
                ("POST", "/api/v2/silences", {}, WANGS),
                ("POST", "/api/fdi/v1/silences/preview", SILENCE, WANGS),
                ("DELETE", "/api/v2/silence/none", None, WANGS),
                ("POST", "/api/fdi/v1/outbox/none/retry", {}, WANGS),
                ("DELETE", "/api/fdi/v1/outbox/none", None, WANGS),
                ("POST", "/api/fdi/v1/drills", {"receivers": ["none"]}, WANGS),
            ):
                await client.request(method, path, json=body, headers=headers)
        assert await rows(site.store) == []
        assert logs == []
        assert site.acted.rings == 0


async def test_on_this_machine_without_users_it_was_somebody_here(tmp_path: Path) -> None:
    async with scene(tmp_path, door=Door()) as (site, client):
        with capture_logs() as logs:
            assert (await client.post(ACK, json={"owner": "王"})).status == 200
        assert await rows(site.store) == [("loopback", "acknowledged", ORDERS.key)]
        [line] = logs
        assert (line["event"], line["by"], line["subject"], line["detail"]) == (
            "acknowledged",
            "loopback",
            ORDERS.key,
            "by 王",
        )


@pytest.mark.parametrize(("deed", "act"), [(Deed.ACKNOWLEDGE, "acknowledged"), (Deed.SILENCE_1H, "silenced")])
async def test_a_link_needs_no_login_and_bears_the_name_that_was_written(tmp_path: Path, deed: Deed, act: str) -> None:
    async with scene(tmp_path) as (site, client):
        place = f"/links/{ticket(deed, letter(ORDERS).notification).sealed(await links.key(site.store))}"
        assert (await client.get(place)).status == 200
        assert await rows(site.store) == []
        assert (await client.post(place, data={"owner": "王"})).status == 200
        [(who, found, _)] = await rows(site.store)
        assert (who, found) == ("link 王", act)
        assert (await client.post(place, data={"owner": "王"})).status == 410
        assert len(await rows(site.store)) == 1


async def test_the_story_of_an_alert_tells_what_people_did_about_it_and_its_messages(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, client):
        await client.post(ACK, json={"owner": "李"}, headers=WANGS)
        made = await client.post("/api/v2/silences", json=SILENCE, headers=WANGS)
        silence = (await made.json())["silenceID"]
        await client.post("/-/reload", headers=WANGS)
        found = await (await client.get(f"/api/fdi/v1/explain?of={ORDERS.key}", headers=WANGS)).json()
        acts = [one for one in found["stories"][0]["facts"] if one["stage"] == "act"]
        assert [(one["name"], one["text"].split(",")[0]) for one in acts] == [
            ("user wang", "acknowledged"),
            ("user wang", f"silenced {silence}"),
        ]
        earlier = "2026-01-05T09:59:00Z"
        found = await (await client.get(f"/api/fdi/v1/explain?of={ORDERS.key}&at={earlier}", headers=WANGS)).json()
        assert "act" not in {one["stage"] for story in found["stories"] for one in story["facts"]}


def entry(number: int) -> Entry:
    return Entry(NOW + timedelta(hours=number), Way.USER, "wang", "", Act.RETRIED, f"letter-{number % 2}")


async def test_it_is_read_page_by_page_and_forgotten_in_time(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        async with site.store.write() as tx:
            for number in range(25):
                await audit.write(tx, entry(number))
        seen, query = [], ""
        while True:
            told = json.loads(await (await client.get(f"/api/fdi/v1/audit?limit=10{query}")).text())
            seen.append([one["id"] for one in told["audit"]])
            if told["next"] is None:
                break
            query = f"&cursor={told['next']}"
        assert seen == [list(range(25, 15, -1)), list(range(15, 5, -1)), list(range(5, 0, -1))]
        about = await (await client.get("/api/fdi/v1/audit?about=letter-1")).json()
        assert {one["subject"] for one in about["audit"]} == {"letter-1"}
        assert len(about["audit"]) == 12
        async with site.store.write() as tx:
            await audit.prune(tx, NOW + timedelta(hours=20))
        assert len(await rows(site.store)) == 5


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "cursor=x", "cursor=WyIxIl0=", "before=1"])
async def test_what_is_no_page_is_refused(tmp_path: Path, query: str) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.get(f"/api/fdi/v1/audit?{query}")
        assert answer.status == 400
        assert (await answer.json())["errors"][0]["place"] == query.partition("=")[0]
