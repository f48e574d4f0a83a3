"""What fires, over Alertmanager's API and over our own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from webrows import Client, ago, alert, fill, instance, opened, refused, resolved

from monitor.acknowledgement import Ack
from monitor.fingerprint import fingerprint
from monitor.inhibition import Inhibit
from monitor.ledger import Line
from monitor.matchers import EVERYTHING, parse
from monitor.model import Severity, State
from monitor.quieting import Maintenance, Quieting
from monitor.routing import Route
from monitor.silences import Silence
from monitor.store import acks, decisions, silences
from monitor.timewindows import Fixed
from monitor.web.site import Site, Speech

ORDERS, INVOICES, STOCK = (alert(instance(name)) for name in ("orders", "invoices", "库存"))


def route(receiver: str, match: str = "", *routes: Route, proceed: bool = False) -> Route:
    return Route(
        f"{{{match}}}",
        receiver,
        parse(match) if match else EVERYTHING,
        ("alertname", "instance") if match else ("alertname",),
        timedelta(seconds=10),
        timedelta(minutes=1),
        timedelta(hours=4),
        proceed=proceed,
        routes=routes,
    )


SPEECH = Speech(
    route("ops", "", route("oncall", 'severity="critical"', proceed=True), route("data", 'instance="库存"')),
    ("ops", "oncall", "data"),
    Quieting(
        windows={"upkeep": Fixed("upkeep", ago(60), ago(-60))},
        maintenance=(Maintenance(parse('instance="库存"'), "upkeep"),),
        inhibit=(Inhibit(parse('instance="orders"'), parse('instance="invoices"'), ("account",)),),
    ),
)


async def three(site: Site) -> None:
    """One is silenced, one inhibited by it, one in maintenance; a fourth waits, a fifth is over."""
    waiting, over = alert(instance("waiting"), state=State.PENDING), resolved(alert(instance("over")))
    await fill(site.store, alert_rows=[ORDERS, INVOICES, STOCK, waiting, over])
    async with site.store.write() as tx:
        hidden = Silence("s-1", parse('instance="orders"'), ago(60), ago(-60), "wang", "", ago(60))
        await silences.save(tx, hidden)
        await silences.save(tx, replace(hidden, id="s-2", starts_at=ago(99), ends_at=ago(1)))


async def names(client: Client, query: str) -> list[str]:
    answer = await client.get(f"/api/v2/alerts{query}")
    assert answer.status == 200, await answer.text()
    return [one["labels"]["instance"] for one in await answer.json()]


async def test_an_alert_has_alertmanagers_shape(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await three(site)
        found = await (await client.get('/api/v2/alerts?filter=instance="orders"')).json()
    assert found == [
        {
            "annotations": {"summary": "3 tasks abnormal on orders"},
            "endsAt": "2026-01-05T10:05:00.000Z",
            "fingerprint": fingerprint(ORDERS.all_labels),
            "receivers": [{"name": "oncall", "labels": {"name": "oncall"}}],
            "startsAt": "2026-01-05T09:58:00.000Z",
            "status": {"inhibitedBy": [], "mutedBy": [], "silencedBy": ["s-1"], "state": "suppressed"},
            "updatedAt": "2026-01-05T09:59:55.000Z",
            "labels": {
                "alertname": "tasks-abnormal",
                "account": "prod",
                "region": "cn-north-4",
                "instance": "orders",
                "severity": "critical",
            },
        }
    ]


async def test_the_filters_are_alertmanagers(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await three(site)
        assert sorted(await names(client, "")) == ["invoices", "orders", "库存"]
        assert sorted(await names(client, "?silenced=false")) == ["invoices", "库存"]
        assert sorted(await names(client, "?silenced=false&inhibited=false")) == ["库存"]
        assert await names(client, "?silenced=false&inhibited=false&active=false&muted=false") == []
        [inhibited] = await (await client.get('/api/v2/alerts?filter=instance="invoices"')).json()
        assert inhibited["status"]["inhibitedBy"] == [fingerprint(ORDERS.all_labels)]
        assert await names(client, "?receiver=data") == ["库存"]
        assert sorted(await names(client, "?receiver=on.*")) == ["invoices", "orders", "库存"]
        assert await names(client, "?receiver=on") == [], "the expression is anchored"
        assert await names(client, '?filter=instance=~"o.*"&filter=severity="critical"') == ["orders"]
        for wrong in ("?filter=x", "?active=1", "?receiver=("):
            answer = await client.get(f"/api/v2/alerts{wrong}")
            assert answer.status == 400
            assert isinstance(await answer.json(), str)


async def test_groups_are_those_of_the_routes(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await three(site)
        found = await (await client.get("/api/v2/alerts/groups")).json()
        shown = [(one["receiver"]["name"], one["labels"].get("instance"), len(one["alerts"])) for one in found]
        assert sorted(shown) == [
            ("data", "库存", 1),
            ("oncall", "invoices", 1),
            ("oncall", "orders", 1),
            ("oncall", "库存", 1),
        ]
        [only] = await (await client.get("/api/v2/alerts/groups?receiver=data")).json()
        assert only["alerts"][0]["status"]["mutedBy"] == ["upkeep"]
        assert (await client.get("/api/v2/alerts/groups?filter=x")).status == 400


async def test_status_and_receivers_tell_no_more_than_names(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (_, client):
        status = await (await client.get("/api/v2/status")).json()
        assert await (await client.get("/api/v2/receivers")).json() == [
            {"name": name, "labels": {"name": name}} for name in ("ops", "oncall", "data")
        ]
    assert status["cluster"] == {"status": "disabled", "peers": []}
    assert set(status["versionInfo"]) == {"branch", "buildDate", "buildUser", "goVersion", "revision", "version"}
    written = yaml.safe_load(status["config"]["original"])
    assert written["receivers"] == [{"name": "ops"}, {"name": "oncall"}, {"name": "data"}]
    first, second = written["route"]["routes"]
    assert (first["receiver"], first["matchers"], first["continue"]) == ("oncall", ['severity="critical"'], True)
    assert (second["receiver"], second["group_by"], second["repeat_interval"]) == (
        "data",
        ["alertname", "instance"],
        "4h",
    )
    assert written["inhibit_rules"][1]["equal"] == ["account"]


async def test_our_own_list_has_what_waits_and_who_cares(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await three(site)
        async with site.store.write() as tx:
            await acks.save(tx, Ack(ORDERS.key, ago(5), "wang", "看着呢", Severity.CRITICAL))
            await acks.save(tx, Ack(INVOICES.key, ago(500), "old", "", Severity.CRITICAL))
        found = await (await client.get("/api/fdi/v1/alerts")).json()
    by_name = {one["labels"]["instance"]: one for one in found["alerts"]}
    assert set(by_name) == {"orders", "invoices", "库存", "waiting"}
    assert by_name["orders"]["ack"]["owner"] == "wang"
    assert by_name["invoices"]["ack"] is None, "it was for an earlier time"
    assert (by_name["invoices"]["inhibited_by"], by_name["库存"]["muted_by"]) == ([ORDERS.key], ["upkeep"])
    assert (by_name["waiting"]["state"], by_name["waiting"]["fired_at"]) == ("pending", None)


async def acknowledge(client: Client, key: str, **body: Any) -> tuple[int, Any]:
    answer = await client.post(f"/api/fdi/v1/alerts/{key}/ack", json=body)
    return answer.status, await answer.json()


async def test_an_alert_is_acknowledged_and_that_is_taken_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, alert_rows=[ORDERS])
        status, ack = await acknowledge(client, ORDERS.key, owner="wang", expires_at="2026-01-05T20:00:00+08:00")
        assert (status, ack) == (
            200,
            {
                "owner": "wang",
                "comment": "",
                "at": "2026-01-05T10:00:00.000Z",
                "severity": "critical",
                "expires_at": "2026-01-05T12:00:00.000Z",
            },
        )
        assert site.acted.rings == 1
        as_told = fingerprint(ORDERS.all_labels)
        assert (await client.delete(f"/api/fdi/v1/alerts/{as_told}/ack")).status == 200
        assert (await client.delete(f"/api/fdi/v1/alerts/{ORDERS.key}/ack")).status == 404
        assert site.acted.rings == 2


@pytest.mark.parametrize(
    ("key", "body", "status", "why"),
    [
        ("none", {"owner": "wang"}, 404, "no alert none fires"),
        ("key-prod-over", {"owner": "wang"}, 404, "no alert key-prod-over fires"),
        ("key-prod-orders", {}, 400, "owner: Field required"),
        ("key-prod-orders", {"owner": ""}, 400, "owner: String should have at least 1 character"),
        ("key-prod-orders", {"owner": "w", "for": "2h"}, 400, "for: Extra inputs are not permitted"),
        ("key-prod-orders", {"owner": "w", "expires_at": "2026-01-05T09:00:00Z"}, 400, "expires_at is in the past"),
    ],
)
async def test_what_cannot_be_acknowledged_says_why(
    tmp_path: Path, key: str, body: dict[str, Any], status: int, why: str
) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, alert_rows=[ORDERS, resolved(alert(instance("over")))])
        answer = await client.post(f"/api/fdi/v1/alerts/{key}/ack", json=body)
        assert await refused(answer) == (status, why)
        assert site.acted.rings == 0


async def test_why_an_alert_was_told_or_not_can_be_asked(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        async with site.store.write() as tx:
            await decisions.append(tx, [Line(ago(9), "a1", "{}:{}", "ops", "silenced", "silenced", "s-1")])
            await decisions.append(tx, [Line(ago(5), "a1", "{}:{}", "ops", "silence-ended", "new", message="m-1")])
        found = (await (await client.get("/api/fdi/v1/alerts/a1/decisions")).json())["decisions"]
    assert [(one["verdict"], one["reason"], one["because"], one["message"]) for one in found] == [
        ("silence-ended", "new", "", "m-1"),
        ("silenced", "silenced", "s-1", ""),
    ]
