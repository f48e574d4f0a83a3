"""`/metrics`, read back with a parser of its format."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse
from webrows import ILL, NOW, Client, alert, fill, instance, letter, opened, page, run, share

import monitor
from monitor.group import new_group
from monitor.matchers import EVERYTHING
from monitor.model import State
from monitor.routing import Route
from monitor.store import groups
from monitor.store.outbox import Standing


async def scrape(client: Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every series of a scrape that has to be well-formed, each given once."""
    text = await page(client, "/metrics")
    _lint(text)
    samples = [sample for family in parse(text) for sample in family.samples]
    series = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
    assert len(series) == len(samples)
    return series


def _lint(text: str) -> None:
    """Prometheus's own linter, where the machine has it; the parser judges in any case."""
    if promtool := shutil.which("promtool"):
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


def one(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


OF_ORDERS = {"account": "prod", "region": "cn-north-4", "instance": "orders", "instance_id": "orders"}


async def test_every_count_is_a_series(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run(ILL)])])
        found = await scrape(client)
    assert found[one("fdi_up", **OF_ORDERS)] == 1
    assert found[one("fdi_tasks", **OF_ORDERS, kind="common", status="abnormal")] == 2
    assert found[one("fdi_tasks", **OF_ORDERS, kind="cdc", status="running")] == 2
    assert sum(name == "fdi_tasks" for name, _ in found) == 8


async def test_counts_that_are_not_known_have_no_series(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run(start=600, end=90), run(None, start=60)]), (instance("new"), [])])
        found = await scrape(client)
    assert found[one("fdi_up", **OF_ORDERS)] == 0
    assert not [name for name, _ in found if name == "fdi_tasks"]
    assert sum(name == "fdi_up" for name, _ in found) == 1


async def test_namesakes_in_one_account_are_two_series(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(id="a"), [run()]), (instance(id="b"), [run(None)])])
        found = await scrape(client)
    assert found[one("fdi_up", **OF_ORDERS | {"instance_id": "a"})] == 1
    assert found[one("fdi_up", **OF_ORDERS | {"instance_id": "b"})] == 0


async def test_alerts_are_series_while_they_live(tmp_path: Path) -> None:
    rows = [
        alert(),
        alert(instance("billing"), state=State.PENDING),
        alert(instance("stock"), state=State.CLEARING),
        alert(instance("over"), state=State.RESOLVED),
    ]
    async with opened(tmp_path) as (site, client):
        await fill(site.store, alert_rows=rows)
        found = await scrape(client)
    states = {dict(labels)["instance"]: dict(labels)["alertstate"] for (name, labels) in found if name == "ALERTS"}
    assert states == {"orders": "firing", "billing": "pending", "stock": "firing"}
    labels = {**alert().all_labels, "alertstate": "firing"}
    assert found[one("ALERTS", **labels)] == 1
    assert found[one("ALERTS_FOR_STATE", **alert().all_labels)] == alert().since.timestamp()


async def test_odd_names_and_values_stay_well_formed(tmp_path: Path) -> None:
    odd = 'a"b\\c\nd 订单'
    row = replace(alert(), labels={**alert().labels, "team.name": odd, "team-name": odd})
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(odd, id="odd"), [run()])], alert_rows=[row])
        found = await scrape(client)
    assert found[one("fdi_up", **OF_ORDERS | {"instance": odd, "instance_id": "odd"})] == 1
    assert [dict(labels)["team_name"] for name, labels in found if name == "ALERTS"] == [odd]


async def test_posted_alerts_may_bear_any_label_and_none_of_ours(tmp_path: Path) -> None:
    row = replace(alert(), labels={"alertname": "Full", "__name__": "x", "1st": "y", "数": "z"}, source="")
    async with opened(tmp_path) as (site, client):
        await fill(site.store, alert_rows=[row])
        found = await scrape(client)
    named = {"alertname": "Full", "label___name__": "x", "label_1st": "y", "_": "z"}
    assert found[one("ALERTS", **named, alertstate="firing")] == 1


async def test_thousands_of_instances_are_written_once_while_nothing_moves(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run(ILL)])])
        await scrape(client)
        await fill(site.store, [(instance("billing"), [run()])])
        assert one("fdi_up", **OF_ORDERS | {"instance": "billing"}) not in await scrape(client), "nobody rang"
        site.changed.ring()
        found = await scrape(client)
    assert {dict(labels)["instance"] for name, labels in found if name == "fdi_up"} == {"orders", "billing"}


async def test_the_loops_the_groups_and_the_oldest_message_are_seen(tmp_path: Path) -> None:
    route = Route("{}", "ops-chat", EVERYTHING, (), timedelta(), timedelta(), timedelta())
    async with opened(tmp_path) as (site, client):
        site.pulse.expect("courier", within=timedelta(seconds=30), at=NOW - timedelta(seconds=7))
        await fill(site.store, letters=[letter(alert())])
        async with site.store.write() as tx:
            await groups.add(tx, [new_group(route, {})], verdict="silenced")
        found = await scrape(client)
    assert found[one("fdi_monitor_loop_age_seconds", loop="courier")] == 7
    assert found[one("fdi_monitor_outbox_age_seconds", receiver="ops-chat")] == 100
    assert found[one("fdi_monitor_groups", receiver="ops-chat", verdict="silenced")] == 1
    assert found[one("fdi_monitor_build_info", version=monitor.__version__)] == 1
    assert one("fdi_monitor_store_write_seconds_count") in found


async def test_karma_finds_the_version_of_the_api_that_it_looks_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        [version] = [
            dict(labels)["version"] for name, labels in await scrape(client) if name == "alertmanager_build_info"
        ]
    assert [int(part) for part in version.split(".")] >= [0, 22, 0]


async def test_messages_are_counted_by_where_they_stand(tmp_path: Path) -> None:
    letters = [letter(alert()), replace(letter(alert(), id="letter-2"), state=Standing.SENT)]
    async with opened(tmp_path) as (site, client):
        await fill(site.store, letters=letters)
        found = await scrape(client)
    stand = {dict(labels)["state"]: value for (name, labels), value in found.items() if name == "fdi_monitor_outbox"}
    assert stand == {"waiting": 1, "sent": 1, "dead": 0}


async def test_what_the_service_counts_about_itself_is_there_without_moments_of_creation(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        site.meters.polls.labels("prod", "good").inc(3)
        found = await scrape(client)
    assert found[one("fdi_monitor_polls_total", account="prod", outcome="good")] == 3
    assert not [name for name, _ in found if name.endswith("_created")]


async def test_the_format_is_the_one_that_was_asked_for(tmp_path: Path) -> None:
    wanted = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run()])], alert_rows=[alert()])
        plain = await client.get("/metrics")
        assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        answer = await client.get("/metrics", headers={"Accept": wanted})
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        families = parse_openmetrics(await answer.text())  # type: ignore[no-untyped-call]
        assert "fdi_up" in {family.name for family in families}


async def test_the_nodes_that_share_the_database_are_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        alone = await scrape(client)
        await share(site.store)
        found = await scrape(client)
    assert not [name for name, _ in alone if name.startswith(("fdi_monitor_node", "fdi_monitor_leases"))]
    assert found[one("fdi_monitor_nodes")] == 2
    assert {key: found[one("fdi_monitor_silences", state=key)] for key in ("active", "pending", "expired")} == {
        "active": 0,
        "pending": 0,
        "expired": 0,
    }
    assert found[one("fdi_monitor_leases_free")] == 1
    for node, unheard, leads in (("fdi-1", 0, 1), ("fdi-2", 13, 0)):
        assert found[one("fdi_monitor_node_unheard_seconds", node=node)] == unheard
        assert found[one("fdi_monitor_node_leases", node=node)] == 1
        assert found[one("fdi_monitor_node_leads", node=node)] == leads
