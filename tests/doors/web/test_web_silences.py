"""Silences over Alertmanager's API."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from webrows import Client, ago, alert, fill, instance, letter, opened

from monitor.matchers import EVERYTHING
from monitor.model import Alert, Cause, State, Transition
from monitor.quieting import Quieting
from monitor.routing import Route
from monitor.store import alerts, silences
from monitor.timewindows import Recurring
from monitor.web.site import Speech

NIGHTS = {"nights": Recurring("nights", "0 22 * * *", timedelta(hours=9), UTC)}
SPEECH = Speech(
    Route("{}", "ops", EVERYTHING, ("alertname",), timedelta(), timedelta(), timedelta()), ("ops",), Quieting(NIGHTS)
)


def body(**more: Any) -> dict[str, Any]:
    """What amtool sends."""
    return {
        "matchers": [{"name": "instance", "value": "orders", "isRegex": False, "isEqual": True}],
        "startsAt": "2026-01-05T10:00:00.000Z",
        "endsAt": "2026-01-05T11:00:00.000Z",
        "createdBy": "wang",
        "comment": "迁移",
        **more,
    }


async def made(client: Client, **more: Any) -> str:
    answer = await client.post("/api/v2/silences", json=body(**more))
    assert answer.status == 200, await answer.text()
    return str((await answer.json())["silenceID"])


async def one(client: Client, name: str) -> dict[str, Any]:
    answer = await client.get(f"/api/v2/silence/{name}")
    assert answer.status == 200
    found: dict[str, Any] = await answer.json()
    return found


async def test_a_silence_is_made_shown_and_ended(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        name = await made(client)
        assert await one(client, name) == {
            "id": name,
            "status": {"state": "active"},
            "updatedAt": "2026-01-05T10:00:00.000Z",
            "matchers": [{"name": "instance", "value": "orders", "isRegex": False, "isEqual": True}],
            "startsAt": "2026-01-05T10:00:00.000Z",
            "endsAt": "2026-01-05T11:00:00.000Z",
            "createdBy": "wang",
            "comment": "迁移",
            "annotations": {},
        }
        assert site.acted.rings == 1, "the dispatcher is woken"
        answer = await client.delete(f"/api/v2/silence/{name}")
        assert (answer.status, await answer.read()) == (200, b"")
        ended = await one(client, name)
        assert (ended["status"], ended["endsAt"]) == ({"state": "expired"}, "2026-01-05T10:00:00.000Z")
        assert site.acted.rings == 2


async def test_what_it_has_more_than_alertmanagers_comes_back_too(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (_, client):
        found = await one(client, await made(client, unless='severity="critical"', until="resolved", window="nights"))
    assert (found["unless"], found["until"], found["window"]) == ('severity="critical"', "resolved", "nights")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({"isRegex": False}, "="),
        ({"isRegex": True, "isEqual": True}, "=~"),
        ({"isRegex": False, "isEqual": False}, "!="),
        ({"isRegex": True, "isEqual": False}, "!~"),
    ],
)
async def test_every_kind_of_matcher_is_taken(tmp_path: Path, given: dict[str, bool], written: str) -> None:
    sure = {"name": "account", "value": "prod", "isRegex": False}
    async with opened(tmp_path) as (site, client):
        name = await made(client, matchers=[sure, {"name": "instance", "value": "orders", **given}])
        async with site.store.read() as tx:
            found = await silences.find(tx, name)
    assert found is not None
    assert str(found.matchers) == f'account="prod",instance{written}"orders"'


async def test_one_that_should_have_begun_earlier_begins_now(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        name = await made(client, startsAt="2026-01-01T00:00:00.000Z")
        assert (await one(client, name))["startsAt"] == "2026-01-05T10:00:00.000Z"
        later = await made(client, startsAt="2026-01-05T10:30:00.000+00:00")
        assert (await one(client, later))["status"] == {"state": "pending"}


async def test_an_update_keeps_the_id_where_nothing_that_happened_is_rewritten(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        name = await made(client)
        assert await made(client, id=name, endsAt="2026-01-05T12:00:00.000Z") == name
        assert (await one(client, name))["endsAt"] == "2026-01-05T12:00:00.000Z"
        other = await made(client, id=name, matchers=[{"name": "instance", "value": "invoices", "isRegex": False}])
        assert other != name
        assert (await one(client, name))["status"] == {"state": "expired"}
        again = await made(client, id=name)
        assert again not in (name, other), "one that has ended is not brought back to life"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"matchers": []}, "matchers: List should have at least 1 item after validation, not 0"),
        ({"matchers": [{"name": "a", "value": ".*", "isRegex": True}]}, "it would hide everything"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, "'(' is not a regular expression"),
        ({"endsAt": "2026-01-05T09:00:00.000Z"}, "its end is not after its start"),
        ({"endsAt": "0001-01-01T00:00:00.000Z", "startsAt": "0001-01-01T00:00:00.000Z"}, "its end is not after"),
        ({"endsAt": "2026-01-05T11:00:00"}, "endsAt: Input should have timezone info"),
        ({"window": "weekends"}, "the policy has no window 'weekends' (windows: none)"),
        ({"unless": "severity"}, "one of = != =~ !~ is missing after 'severity'"),
        ({"until": "tomorrow"}, "until: Input should be 'resolved'"),
    ],
)
async def test_what_is_no_silence_is_refused_as_a_json_string(tmp_path: Path, wrong: dict[str, Any], why: str) -> None:
    async with opened(tmp_path) as (site, client):
        answer = await client.post("/api/v2/silences", json=body(**wrong))
        assert answer.status == 400
        assert answer.content_type == "application/json"
        assert (await answer.json()).startswith(f"invalid silence: {why}")
        assert site.acted.rings == 0
        assert await (await client.get("/api/v2/silences")).json() == []


@pytest.mark.parametrize("data", ["", "null", "[]", "{", '"x"', b"\xff\xfe"])
async def test_what_is_no_json_of_a_silence_is_refused(tmp_path: Path, data: str | bytes) -> None:
    async with opened(tmp_path) as (_, client):
        assert (await client.post("/api/v2/silences", data=data)).status == 400


async def test_what_there_is_not_is_not_found(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        for answer in (
            await client.get("/api/v2/silence/none"),
            await client.delete("/api/v2/silence/none"),
            await client.post("/api/v2/silences", json=body(id="none")),
        ):
            assert answer.status == 404
            assert "not found" in await answer.json()


async def test_they_are_listed_by_filter_and_standing_the_pressing_ones_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        long = await made(client, endsAt="2026-01-05T12:00:00.000Z")
        short = await made(client)
        future = await made(client, startsAt="2026-01-05T10:30:00.000Z")
        over = await made(client, matchers=[{"name": "instance", "value": "invoices", "isRegex": False}])
        await client.delete(f"/api/v2/silence/{over}")

        async def listed(query: str) -> list[str]:
            answer = await client.get(f"/api/v2/silences{query}")
            assert answer.status == 200
            return [each["id"] for each in await answer.json()]

        assert await listed("") == [short, long, future, over]
        assert await listed("?expired=false") == [short, long, future]
        assert await listed("?active=false&pending=false") == [over]
        assert await listed('?filter=instance="invoices"') == [over]
        assert await listed('?filter=instance=~"o.*"&expired=false') == [short, long, future]
        assert (await client.get("/api/v2/silences?filter={")).status == 400
        assert (await client.get("/api/v2/silences?active=perhaps")).status == 400


async def test_the_preview_makes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, alert_rows=[alert(), alert(instance("invoices"))])
        answer = await client.post("/api/fdi/v1/silences/preview", json=body())
        found = await answer.json()
        assert [(one["state"], one["labels"]["instance"]) for one in found["alerts"]] == [("firing", "orders")]
        assert found["past"] == {
            "since": "2025-12-29T10:00:00.000Z",
            "alerts": [],
            "fired": 0,
            "messages": {},
            "shortened": 0,
        }
        assert await (await client.get("/api/v2/silences")).json() == []
        refused = await client.post("/api/fdi/v1/silences/preview", json=body(matchers=[]))
        assert refused.status == 400
        assert "matchers" in (await refused.json())["detail"]


async def test_the_preview_shows_what_it_would_have_hidden_in_the_last_week(tmp_path: Path) -> None:
    orders, other = alert(), alert(instance("invoices"))
    async with opened(tmp_path) as (site, client):
        await fill(site.store, alert_rows=[orders, other], letters=[letter(orders), letter(other, id="letter-2")])
        async with site.store.write() as tx:
            await alerts.append(tx, [fires(orders, 100), fires(orders, 8 * 86_400), fires(other, 100)])
        found = (await (await client.post("/api/fdi/v1/silences/preview", json=body())).json())["past"]
        assert [(one["labels"]["instance"], one["times"]) for one in found["alerts"]] == [("orders", 1)]
        assert (found["fired"], found["messages"], found["shortened"]) == (1, {"ops-chat": 1}, 0)
        never = await (await client.post("/api/fdi/v1/silences/preview", json=body(unless="severity=critical"))).json()
        assert (never["past"]["fired"], never["past"]["messages"]) == (0, {})


def fires(one: Alert, seconds: float) -> Transition:
    return Transition(
        one.key, ago(seconds), State.PENDING, State.FIRING, Cause.HELD, one.severity, one.rule, one.rule_version
    )
