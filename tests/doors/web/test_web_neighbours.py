"""What karma, Grafana and readers of Prometheus's API ask for, answered in the shapes that they need."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from webrows import Client, alert, fill, instance, opened, run

from monitor.matchers import EVERYTHING, parse
from monitor.model import Severity, State
from monitor.routing import Route
from monitor.rules.rule import Rule
from monitor.web.site import Speech, Tended

LEVELS = ((Severity.CRITICAL, "abnormal > 5"), (Severity.WARNING, "abnormal > 0"))
RULES = (
    Rule("tasks-abnormal", when="abnormal > 0", severity=Severity.CRITICAL, hold=timedelta(minutes=2), summary="壞了"),
    Rule("many", levels=LEVELS, keep=timedelta(seconds=90), labels={"team": "data"}),
)
ROUTE = Route("{}", "ops", EVERYTHING, ("alertname",), timedelta(seconds=10), timedelta(minutes=1), timedelta(hours=4))
SPEECH = Speech(
    ROUTE,
    ("ops",),
    rules=RULES,
    kinds={"ops": ("webhook",)},
    places={"tasks-abnormal": "fdi.yaml:3", "many": "night/more.yaml:1"},
    accounts=(Tended("prod", "cn-north-4", "20/s", 20.0, timedelta(seconds=30)),),
)


async def told(client: Client, path: str) -> Any:
    answer = await client.get(path)
    assert (answer.status, answer.content_type) == (200, "application/json")
    return await answer.json()


async def test_rules_are_listed_with_their_alerts(tmp_path: Path) -> None:
    posted = replace(alert(), key="posted-1", rule="tasks-abnormal", rule_version="posted", source="")
    async with opened(tmp_path, SPEECH) as (site, client):
        await fill(site.store, [(instance(), [run()])], alert_rows=[alert(), posted])
        found = await told(client, "/api/v1/rules")
    assert found["status"] == "success"
    group, second = found["data"]["groups"]
    assert [(one["name"], one["file"], one["interval"]) for one in (group, second)] == [
        ("fdi", "fdi.yaml", 30),
        ("more", "night/more.yaml", 30),
    ]
    assert {"name", "file", "interval", "rules", "evaluationTime", "lastEvaluation"} <= group.keys()
    assert group["lastEvaluation"] == "2026-01-05T09:59:55.000Z"
    [one], [other] = group["rules"], second["rules"]
    [shown] = one.pop("alerts")
    assert one == {
        "type": "alerting",
        "name": "tasks-abnormal",
        "query": "abnormal > 0",
        "duration": 120,
        "keepFiringFor": 0,
        "labels": {"severity": "critical"},
        "annotations": {"summary": "壞了"},
        "state": "firing",
        "health": "ok",
        "evaluationTime": 0,
        "lastEvaluation": "2026-01-05T09:59:55.000Z",
    }
    assert shown == {
        "labels": alert().all_labels,
        "annotations": {"summary": "3 tasks abnormal on orders"},
        "state": "firing",
        "activeAt": "2026-01-05T09:58:00.000Z",
        "value": "3e+00",
    }
    assert (other["query"], other["state"], other["keepFiringFor"]) == (
        "(abnormal > 5) or (abnormal > 0)",
        "inactive",
        90,
    )
    assert other["labels"] == {"team": "data", "severity": "critical|warning"}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?type=alert", ["tasks-abnormal", "many"]),
        ("?type=record", []),
        ("?rule_name[]=many", ["many"]),
        ("?rule_name[]=many&rule_name[]=none", ["many"]),
        ("?rule_group[]=fdi&rule_group[]=more&file[]=fdi.yaml", ["tasks-abnormal"]),
        ("?rule_group[]=others", []),
    ],
)
async def test_rules_are_chosen_as_prometheus_lets_them_be(tmp_path: Path, query: str, names: list[str]) -> None:
    async with opened(tmp_path, SPEECH) as (_, client):
        found = await told(client, f"/api/v1/rules{query}")
        assert [rule["name"] for group in found["data"]["groups"] for rule in group["rules"]] == names
        wrong = await client.get("/api/v1/rules?type=recording")
        assert (wrong.status, (await wrong.json())["errorType"]) == (400, "bad_data")


async def test_alerts_are_listed_without_rules(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await fill(site.store, alert_rows=[alert(state=State.PENDING)])
        found = await told(client, "/api/v1/alerts")
        bare = await told(client, "/api/v1/rules?exclude_alerts=true")
    assert [one["state"] for one in found["data"]["alerts"]] == ["pending"]
    assert [rule["alerts"] for group in bare["data"]["groups"] for rule in group["rules"]] == [[], []]
    assert [rule["health"] for group in bare["data"]["groups"] for rule in group["rules"]] == ["unknown"] * 2


async def test_grafana_finds_an_alertmanager_here_and_no_mimir(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        site.pulse.expect("courier", within=timedelta(minutes=1), at=site.now())
        assert (await client.get("/alertmanager/api/v2/status")).status == 404, "200 would be another kind of service"
        found = await told(client, "/api/v2/status")
        assert {"cluster", "config", "uptime", "versionInfo"} <= found.keys()
        assert {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"} == found["versionInfo"].keys()
        assert yaml.safe_load(found["config"]["original"])["receivers"] == [{"name": "ops"}]
        assert "features" not in (await told(client, "/api/v1/status/buildinfo"))["data"]
        assert await told(client, "/api/v2/receivers") == [{"name": "ops", "labels": {"name": "ops"}}]
        for method in ("GET", "HEAD"):
            for path in ("/-/healthy", "/-/ready"):
                assert (await client.request(method, path)).status == 200


async def test_karma_reads_groups_and_silences_without_a_null_where_it_wants_a_list(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await fill(site.store, alert_rows=[alert()])
        [group] = await told(client, "/api/v2/alerts/groups?silenced=true&inhibited=true&muted=true&active=true")
        assert await told(client, "/api/v2/silences") == []
        for wrong in ("(", r"(?=x)", "a" * 5000):
            assert (await client.get("/api/v2/alerts", params={"receiver": wrong})).status in (200, 400)
    assert group.keys() == {"labels", "receiver", "routeLabels", "alerts"}
    [one] = group["alerts"]
    assert {name: type(one["status"][name]) for name in ("silencedBy", "inhibitedBy", "mutedBy")} == {
        "silencedBy": list,
        "inhibitedBy": list,
        "mutedBy": list,
    }
    assert {"labels", "annotations", "startsAt", "endsAt", "updatedAt", "fingerprint", "receivers"} <= one.keys()


async def test_receivers_are_chosen_by_matchers_as_alertmanager_has_it_since_its_receivers_have_labels(
    tmp_path: Path,
) -> None:
    night = replace(ROUTE, path='{}/{instance="night"}', receiver="night", matchers=parse('instance="night"'))
    speech = replace(SPEECH, route=replace(ROUTE, routes=(night,)), receivers=("ops", "night"))
    async with opened(tmp_path, speech) as (site, client):
        await fill(site.store, alert_rows=[alert(), alert(instance("night"))])

        async def names(*asked: str) -> tuple[list[str], list[str], list[str]]:
            query = "&".join(f"receiver_matchers={quote(one)}" for one in asked)
            known = await told(client, f"/api/v2/receivers?{query}")
            alerts = await told(client, f"/api/v2/alerts?{query}")
            groups = await told(client, f"/api/v2/alerts/groups?{query}")
            return (
                [one["name"] for one in known],
                sorted(one["labels"]["instance"] for one in alerts),
                sorted(one["receiver"]["name"] for one in groups),
            )

        assert await names() == (["ops", "night"], ["night", "orders"], ["night", "ops"])
        assert await names('name="night"') == (["night"], ["night"], ["night"])
        assert await names('name=~"n.*|ops"', 'name!="night"') == (["ops"], ["orders"], ["ops"])
        assert await names('team="data"') == ([], [], [])
        for path in ("receivers", "alerts", "alerts/groups"):
            assert (await client.get(f"/api/v2/{path}?receiver_matchers=nothing")).status == 400
        both = await told(client, "/api/v2/alerts?receiver=night|ops&receiver_matchers=name%21%3Dops")
        assert [one["labels"]["instance"] for one in both] == ["night"]
