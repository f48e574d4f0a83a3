"""The document of our own API is true: every room is in it, what they tell is what it says, nothing makes them fail."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import validate
from test_web_drills import SPEECH
from webrows import ILL, NOW, Client, alert, fill, instance, letter, opened, resolved, run

from monitor.acknowledgement import Ack
from monitor.ledger import Line
from monitor.store import acks, alerts, decisions
from monitor.store.outbox import Standing
from monitor.web.problems import OWN
from monitor.web.server import ROOMS

DOCUMENT = "/api/fdi/v1/openapi.json"
ORDERS = instance("订单", id="i-1")
LIVE = alert(ORDERS)
SILENCE = {
    "matchers": [{"name": "instance", "value": "订单", "isRegex": False}],
    "endsAt": "2026-01-05T11:00:00Z",
    "createdBy": "wang",
}

READS = [
    "accounts",
    "alerts",
    f"alerts/{LIVE.key}",
    f"alerts/{LIVE.key}/decisions",
    "decisions",
    f"explain?of={LIVE.key}",
    "instances",
    "instances/prod/i-1",
    "instances/prod/i-1/history",
    "outbox",
    "silences",
]


@asynccontextmanager
async def filled(data: Path) -> AsyncIterator[Client]:
    """A client of a site that has something of everything."""
    async with opened(data, SPEECH) as (site, client):
        site.meters.wanted.labels("prod").set(30)
        one, old = letter(LIVE), replace(letter(LIVE, id="letter-2"), state=Standing.SENT, settled_at=NOW)
        rows = [
            LIVE,
            resolved(alert(instance("over"))),
            replace(LIVE, key="posted-1", source="http://p", instance=None),
        ]
        await fill(
            site.store,
            [(ORDERS, [run(start=900, end=700), run(None, start=600, end=300), run(ILL, start=200)])],
            alert_rows=rows,
            letters=[one, old],
        )
        async with site.store.write() as tx:
            await acks.save(tx, Ack(LIVE.key, NOW, "王", "看着呢", LIVE.severity))
            await decisions.append(tx, [Line(NOW, LIVE.key, "{}", "ops", "first", "new", "", "letter-1")])
        assert (await client.post("/api/fdi/v1/silences", json=SILENCE)).status == 200
        yield client


async def document(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = await (await client.get(DOCUMENT)).json()
    return found


async def test_it_is_sound_and_has_every_own_room_and_no_other(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        found = await document(client)
    validate(found)
    routes = [route for room in ROOMS for route in room.routes if hasattr(route, "path")]
    rooms = {(route.method.lower(), route.path) for route in routes if route.path.startswith(OWN)}
    told = {(method, path) for path, methods in found["paths"].items() for method in methods}
    assert told == rooms
    operations = [one for methods in found["paths"].values() for one in methods.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert all(one["summary"].endswith((".", ";")) for one in operations), "each says what it does"
    assert "_Given" not in str(found), "names are for people"


@pytest.mark.parametrize("path", READS)
async def test_what_is_told_is_what_the_document_says(tmp_path: Path, path: str) -> None:
    async with filled(tmp_path) as client:
        answer = await client.get(f"/api/fdi/v1/{path}")
        assert answer.status == 200, await answer.text()
        told, found = await answer.json(), await document(client)
    place = answer.url.path.replace(LIVE.key, "{fingerprint}").replace("prod/i-1", "{account}/{id}")
    schema = found["paths"][place]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": found["components"]}).validate(told)
    assert any(told.values()), "something was told, so something was compared"


@pytest.mark.hypothesis
async def test_the_real_schemathesis_finds_nothing(tmp_path: Path) -> None:
    async with filled(tmp_path) as client:
        base = f"http://127.0.0.1:{client.port}"
        # the stream never ends by itself
        options = [
            "--exclude-path=/api/fdi/v1/events",
            # an address that is too long is refused before it comes to a room, as a page
            "--checks=not_a_server_error,status_code_conformance,response_schema_conformance",
            "--phases=fuzzing",
            f"--max-examples={min(500, int(os.environ.get('FDI_FUZZ') or 5))}",
            "--seed=7",
            "--generation-database=none",
            "--no-color",
        ]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", base + DOCUMENT, *options),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-6000:]


async def pages(client: Client, path: str, key: str, *, limit: int) -> list[list[Mapping[str, Any]]]:
    """A list page by page."""
    found, cursor = [], ""
    while True:
        answer = await client.get(f"/api/fdi/v1/{path}", params={"limit": str(limit), "cursor": cursor})
        assert answer.status == 200, await answer.text()
        told = await answer.json()
        found.append(told[key])
        if (cursor := told["next"]) is None:
            return found


async def test_every_list_comes_in_pages_that_miss_nothing(tmp_path: Path) -> None:
    many = [
        (instance(f"name-{n % 3}", id=f"i-{n}"), [run(start=900 - m, end=900 - m) for m in range(5)]) for n in range(7)
    ]
    rows = [replace(alert(one), key=f"k-{n}") for n, (one, _) in enumerate(many)]
    states = (Standing.DEAD, Standing.SENT)
    letters = [replace(letter(rows[0], id=f"m-{n}"), state=states[n % 2]) for n in range(7)]
    async with opened(tmp_path) as (site, client):
        await fill(site.store, many, alert_rows=rows, letters=letters)
        async with site.store.write() as tx:
            await decisions.append(tx, [Line(NOW, f"k-{n}", "{}", "ops", "first", "new") for n in range(7)])
        for path, key, name, count in (
            ("alerts", "alerts", "fingerprint", 7),
            ("instances", "instances", "id", 7),
            ("instances/prod/i-1/history", "runs", "from", 5),
            ("outbox", "messages", "id", 7),
            ("decisions", "decisions", "alert", 7),
            ("accounts", "accounts", "name", 1),
        ):
            [whole] = await pages(client, path, key, limit=1000)
            parts = await pages(client, path, key, limit=2)
            assert [one for part in parts for one in part] == whole
            assert len({one[name] for one in whole}) == len(whole) == count
            assert all(len(part) <= 2 for part in parts)
            answer = await client.get(f"/api/fdi/v1/{path}?cursor=bm9uc2Vuc2U=")
            assert (answer.status, (await answer.json())["errors"][0]["place"]) == (400, "cursor")


ODD = [[], [1, 2, 3], ["x"], [True], [1.5], [10**30], [-(10**30), 5], {"a": 1}, None, 5, "x"]


@pytest.mark.parametrize(
    "path", ["alerts", "instances", "instances/prod/i-1/history", "outbox", "decisions", "silences"]
)
async def test_a_cursor_of_somebody_elses_making_is_refused(tmp_path: Path, path: str) -> None:
    made = [json.dumps(odd) for odd in ODD] + ["[" * 1400, "\xff", ""]
    async with filled(tmp_path) as client:
        for text in made:
            cursor = base64.urlsafe_b64encode(text.encode("latin-1")).decode() or "=" * 8
            answer = await client.get(f"/api/fdi/v1/{path}", params={"cursor": cursor})
            assert answer.status == 400, text[:20]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_moments_out_of_reach_are_refused(tmp_path: Path, moment: str) -> None:
    async with filled(tmp_path) as client:
        for path, name in (("instances/prod/i-1/history", "since"), ("instances/prod/i-1/history", "until")):
            answer = await client.get(f"/api/fdi/v1/{path}", params={name: moment})
            assert (answer.status, (await answer.json())["errors"][0]["place"]) == (400, name)
        explained = await client.get("/api/fdi/v1/explain", params={"of": "x", "at": moment})
        acknowledged = await client.post(
            f"/api/fdi/v1/alerts/{LIVE.key}/ack", json={"owner": "wang", "expires_at": moment}
        )
        assert (explained.status, acknowledged.status) == (400, 400)


async def test_instances_are_chosen_by_account_labels_and_health(tmp_path: Path) -> None:
    one, other = replace(instance("orders"), labels={"env": "prod"}), instance("billing", account="test")
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(one, [run(ILL)]), (other, [run()])], alert_rows=[alert(one)])

        async def names(query: str) -> list[str]:
            answer = await client.get(f"/api/fdi/v1/instances?{query}")
            assert answer.status == 200, await answer.text()
            return [each["name"] for each in (await answer.json())["instances"]]

        assert await names("") == ["orders", "billing"]
        assert await names("account=test") == ["billing"]
        assert await names('filter=env="prod"&filter=instance=~"o.*"') == ["orders"]
        assert await names("health=critical&health=well") == ["orders", "billing"]
        assert await names("health=well") == ["billing"]
        answer = await client.get("/api/fdi/v1/accounts")
        assert [(each["name"], each["health"]) for each in (await answer.json())["accounts"]] == [
            ("prod", {"critical": 1}),
            ("test", {"well": 1}),
        ]
        assert (await client.get("/api/fdi/v1/instances?health=ill")).status == 400
        assert (await client.get("/api/fdi/v1/instances?acount=x")).status == 400, "what it does not know it says"
        assert (await client.get("/api/fdi/v1/instances/prod/none")).status == 404
        assert (await client.get("/api/fdi/v1/instances/prod/none/history")).status == 404


async def test_history_is_cut_to_a_stretch(tmp_path: Path) -> None:
    runs = [run(start=900, end=700), run(None, start=600, end=300), run(ILL, start=200)]
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), runs)])
        path = "/api/fdi/v1/instances/prod/orders/history"
        answer = await client.get(path, params={"since": "2026-01-05T09:50:00Z", "until": "2026-01-05T17:55:00+08:00"})
        [only] = (await answer.json())["runs"]
        assert only["failure"] == {"kind": "timeout", "reason": "no answer within 10 s", "request_id": ""}
        assert (only["from"], only["common"]) == ("2026-01-05T09:50:00.000Z", None)
        assert (await client.get(path, params={"since": "2026-01-05T09:50:00"})).status == 400, "it has no zone"


async def test_silences_are_made_shown_and_ended_in_our_own_way(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        made = await (await client.post("/api/fdi/v1/silences", json=SILENCE)).json()
        name = made["id"]
        assert (await (await client.get(f"/api/fdi/v1/silences/{name}")).json()) == made
        assert (await client.delete(f"/api/fdi/v1/silences/{name}")).status == 200
        listed = await (await client.get("/api/fdi/v1/silences?state=expired")).json()
        assert [(one["id"], one["status"]) for one in listed["silences"]] == [(name, {"state": "expired"})]
        for answer in (
            await client.post("/api/fdi/v1/silences", json={**SILENCE, "matchers": []}),
            await client.get("/api/fdi/v1/silences/none"),
            await client.delete("/api/fdi/v1/silences/none"),
        ):
            assert (answer.status in (400, 404), answer.content_type) == (True, "application/problem+json")


async def test_one_alert_is_shown_also_when_it_is_over(tmp_path: Path) -> None:
    async with filled(tmp_path) as client:
        assert (await (await client.get("/api/fdi/v1/alerts/key-prod-over")).json())["state"] == "resolved"
        assert (await client.get("/api/fdi/v1/alerts/none")).status == 404
        chosen = await client.get("/api/fdi/v1/alerts", params={"filter": 'instance="none"'})
        assert (await chosen.json())["alerts"] == []


async def test_only_live_alerts_are_listed(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        async with site.store.write() as tx:
            await alerts.save(tx, [LIVE, resolved(alert(instance("over")))])
        found = await (await client.get("/api/fdi/v1/alerts")).json()
    assert [one["fingerprint"] for one in found["alerts"]] == [LIVE.key]
