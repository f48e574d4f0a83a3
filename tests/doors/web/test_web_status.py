"""The page about the service itself, as its HTML tells it."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from webrows import ago, alert, fill, instance, letter, opened, page, run, share

from monitor import __version__
from monitor.access import Reader, Role, Way
from monitor.audit import Act
from monitor.errors import Fault
from monitor.matchers import EVERYTHING
from monitor.routing import Route
from monitor.store.outbox import Standing
from monitor.web import audit, deeds
from monitor.web.reader import enters
from monitor.web.site import Speech, Tended

ROUTE = Route("{}", "ops-chat", EVERYTHING, (), timedelta(), timedelta(), timedelta())
SPEECH = Speech(
    ROUTE,
    ("ops-chat", "archive"),
    kinds={"ops-chat": ("feishu", "email"), "archive": ("smn",)},
    accounts=(Tended("prod", "cn-north-4", "20/s", 20.0, timedelta(seconds=30)),),
    files=("accounts.yaml", "fdi.yaml"),
)
FAULT = Fault("rules/fdi.yaml", 3, 11, "there is no 'abnormall'", source="    when: abnormall > <0>", width=9)


def text(shown: str) -> str:
    """What a reader sees: without tags, spaces folded."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown)))


def headline(shown: str) -> str:
    """The sentence on top."""
    found = re.search(r'<h1 id="headline">(.*?)</h1>', shown)
    assert found
    return found[1]


async def test_a_service_that_works_says_so_and_shows_its_loops_quota_and_store(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await fill(site.store, [(instance(), [run()])])
        site.pulse.expect("courier", within=timedelta(seconds=30), at=ago(4))
        for gauge, value in ((site.meters.instances, 600), (site.meters.interval, 30), (site.meters.share, 1)):
            gauge.labels("prod").set(value)
        site.meters.polls.labels("prod", "good").inc(1234)
        site.meters.reloaded_at.set(ago(3600).timestamp())
        shown = await page(client, "/status")
    seen = text(shown)
    assert headline(shown) == "The service works"
    assert "courier runs 4s ago 30s" in seen
    assert "prod 1 20/s 100% 30s 1,234 0 0 –" in seen
    assert "as the files write it Since 09:00:00 UTC ( 1h ) Files accounts.yaml , fdi.yaml" in seen
    assert "archive smn nothing sent yet 0 0 0" in seen
    assert re.search(
        r"takes writes Database SQLite Size [\d.]+ KiB Known instances 1 Remembers since 09:59:55 UTC", seen
    )


async def test_a_loop_that_stands_still_is_told_first(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        site.pulse.expect("courier", within=timedelta(seconds=30), at=ago(4))
        site.pulse.expect("poller of prod", within=timedelta(seconds=30), at=ago(90))
        shown = await page(client, "/status")
    assert headline(shown) == "The poller of prod stands still"
    assert "poller of prod stands still 1m ago 30s courier runs" in text(shown)


async def test_faults_of_the_policy_are_shown_with_their_line_and_caret(tmp_path: Path) -> None:
    async with opened(tmp_path, replace(SPEECH, faults=(FAULT,), warnings=(FAULT,))) as (site, client):
        site.pulse.expect("courier", within=timedelta(seconds=30), at=ago(4))
        shown = await page(client, "/status")
    assert headline(shown) == "The service works, but not everything does"
    assert "1 fault in the policy" in shown
    assert html.escape(str(FAULT), quote=False).replace("'", "&#39;") in shown
    assert shown.count("^^^^^^^^^") == 2
    assert "partly as it was last good" in shown
    assert "<0>" not in shown


async def test_a_receiver_that_cannot_be_told_has_the_reason_beside_it(tmp_path: Path) -> None:
    one = letter(alert(), id="dead")
    dead = replace(one, state=Standing.DEAD, attempts=2, settled_at=ago(50), verdict="refused", reason="no <keyword>")
    async with opened(tmp_path, SPEECH) as (site, client):
        site.pulse.expect("courier", within=timedelta(seconds=30), at=ago(4))
        await fill(site.store, letters=[dead, letter(alert(), id="stray", receiver="gone")])
        shown = await page(client, "/status")
    assert "1 receiver cannot be told" in shown
    assert "ops-chat feishu, email cannot be told feishu: no <keyword> 0 1 0" in text(shown)
    assert "gone – messages wait 1 0 0" in text(shown)


async def test_the_nodes_that_share_the_database_are_told_with_what_each_holds(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH, node="fdi-1", lease=timedelta(seconds=15)) as (site, client):
        site.pulse.expect("courier", within=timedelta(seconds=30), at=ago(4))
        await share(site.store)
        shown = await page(client, "/status")
        told = await (await client.get("/api/fdi/v1/status")).json()
    seen = text(shown)
    assert headline(shown) == "The service works, but not everything does"
    assert "1 node is not heard of 1 account is polled by no node" in seen
    ours, theirs = (
        f"http://10.0.0.1:8080 {__version__} 08:00:00 UTC",
        f"http://10.0.0.2:8080 {__version__} 08:00:00 UTC",
    )
    assert f"fdi-1 (this one) lives forms the groups just now test {ours}" in seen
    assert f"fdi-2 silent 13s ago prod {theirs}" in seen
    assert re.search(r"prod 0 20/s .* – fdi-2", seen)
    assert told["unpolled"] == ["dev"]
    assert [(one["name"], one["here"], one["leads"], one["silent"], one["accounts"]) for one in told["nodes"]] == [
        ("fdi-1", True, True, False, ["test"]),
        ("fdi-2", False, False, True, ["prod"]),
    ]


async def test_alone_nothing_is_said_of_nodes(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (_, client):
        assert "Polled by" not in await page(client, "/status")
        told = await (await client.get("/api/fdi/v1/status")).json()
    assert (told["nodes"], told["unpolled"], told["heartbeat"]) == ([], [], None)
    assert told["store"]["database"] == "sqlite"
    assert (told["health"], told["summary"]) == ("new", "The service starts")


async def test_a_heartbeat_that_does_not_arrive_is_told(tmp_path: Path) -> None:
    every = replace(SPEECH, heartbeat=timedelta(minutes=1))
    async with opened(tmp_path, every) as (site, client):
        site.pulse.expect("courier", within=timedelta(seconds=30), at=ago(4))
        assert "waits for the first full round Sent every 1m Pings so far 0 arrived" in text(
            await page(client, "/status")
        )
        site.meters.heartbeats.labels("good").inc(1200)
        site.meters.heard_at.set(ago(90).timestamp())
        well = await page(client, "/status")
        site.meters.heard_at.set(ago(181).timestamp())
        site.meters.heartbeats.labels("failed").inc(2)
        late = await page(client, "/status")
    assert headline(well) == "The service works"
    assert "arrives Sent every 1m Arrived last 1m ago Pings so far 1,200 arrived, 0 did not" in text(well)
    assert "the heartbeat does not arrive" in late
    assert "does not arrive Sent every 1m Arrived last 3m ago Pings so far 1,200 arrived, 2 did not" in text(late)


async def test_who_did_what_is_told_with_the_way_to_it(tmp_path: Path) -> None:
    about = alert()
    async with opened(tmp_path, SPEECH) as (site, client):
        assert "Nobody silenced, acknowledged" in await page(client, "/status")
        await fill(site.store, alert_rows=[about])
        enters(Reader(Way.USER, Role.OPERATOR, "wang"))
        await deeds.acknowledge(site, [about.key], by="wang", comment="<b>", expires_at=None)
        async with site.store.write() as tx:
            await audit.write(tx, site, Act.RELOADED, detail="2 faults")
        shown = await page(client, "/status?lang=zh")
    assert "10:00:00 UTC 用户 wang 重新加载策略，2 处错误 10:00:00 UTC 用户 wang 认领：wang，<b>" in text(shown)
    assert f'<a href="./alerts/{about.key}">认领：wang，&lt;b&gt;</a>' in shown


async def test_how_late_polls_leave_is_told_of_each_account(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        for seconds in (*[0.004] * 98, 0.2, 0.2):
            site.meters.lag.labels("prod").observe(seconds)
        assert site.meters.lag_of("prod") == 0.25
        assert site.meters.lag_of("other") is None
        assert "≤ 0.25s" in text(await page(client, "/status"))
        site.meters.lag.labels("prod").observe(31)
        site.meters.lag.labels("prod").observe(32)
        assert "more than 30s" in await page(client, "/status")


async def test_a_store_that_takes_no_writes_is_critical(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        site.pulse.expect("courier", within=timedelta(seconds=30), at=ago(4))
        site.meters.degraded.set(1)
        site.meters.held.set(17)
        shown = await page(client, "/status")
    assert '<section class="state critical"' in shown
    assert "takes no writes Held in memory 17 Database" in text(shown)


async def test_a_service_that_starts_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        shown = await page(client, "/status")
    assert headline(shown) == "The service starts"
    assert "nobody is told of anything" in shown


async def test_a_store_that_does_not_answer_is_told_beside_what_the_process_knows(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        site.pulse.expect("courier", within=timedelta(seconds=30), at=ago(4))
        site.meters.interval.labels("prod").set(30)
        await fill(site.store, [(instance(), [run()])])
        async with site.store.write() as tx:
            for table in ("outbox", "alert"):
                await tx.exec_driver_sql(f"DROP TABLE {table}")
        assert (await client.get("/instances/prod/orders")).status == 503
        shown = await page(client, "/status")
        told = await (await client.get("/api/fdi/v1/status")).json()
    assert headline(shown) == "The service works, but not everything does"
    assert '<section class="state critical"' in shown
    seen = text(shown)
    assert "the store does not answer: what only it knows is left out" in seen
    assert "courier runs 4s ago 30s" in seen
    assert "prod – 20/s" in seen
    assert "Store State does not answer" in seen
    assert "nothing sent yet" not in seen
    assert (told["store"], told["health"], [one["name"] for one in told["loops"]]) == (None, "critical", ["courier"])
