"""The first page, as its HTML tells it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from webrows import ILL, NOW, WELL, ago, alert, fill, instance, letter, opened, page, resolved, run

from monitor.matchers import EVERYTHING
from monitor.model import Cause, State
from monitor.routing import Route
from monitor.store.board import Board, Seen
from monitor.store.outbox import Standing
from monitor.web.site import Speech, Tended
from monitor.web.standing import Level
from monitor.web.view import view
from monitor.web.words import ENGLISH


def text(html: str) -> str:
    """What a reader sees: without tags, spaces folded."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def headline(html: str) -> str:
    """The sentence on top."""
    found = re.search(r'<h1 id="headline">(.*?)</h1>', html)
    assert found
    return found[1]


async def test_all_is_well(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run()]), (instance("billing"), [run()])])
        html = await page(client)
    assert headline(html) == "All 2 instances are well"
    assert "Firing now" not in html


async def test_a_new_service_says_that_it_knows_nothing_yet(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        html = await page(client)
    assert headline(html) == "No instance is known yet"


async def test_an_alert_is_told_with_what_was_before_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        runs = [run(start=600, end=125), run(ILL, start=120)]
        await fill(site.store, [(instance(), runs)], alert_rows=[alert()])
        html = await page(client)
    seen = text(html)
    assert headline(html) == "1 alert fires: critical on orders"
    assert "3 tasks abnormal on orders" in seen
    assert "common abnormal 0 → , now 2" in seen
    assert "CDC abnormal 0 → , now 1" in seen
    assert 'since <time datetime="2026-01-05T09:58:00Z" data-as="clock">09:58:00 UTC</time>' in html


async def test_a_pending_alert_does_not_fire(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run()])], alert_rows=[alert(state=State.PENDING)])
        html = await page(client)
    assert headline(html) == "No alert fires, but 1 of 1 instances has an alert pending"
    assert "would be critical" in html


async def test_a_failing_instance_tells_why_and_since_when(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run(start=600, end=180), run(None, start=150)])])
        html = await page(client)
    assert headline(html) == "No alert fires, but 1 of 1 instances does not answer"
    assert "timeout no answer within 10 s" in text(html)
    assert "last good sample 3m ago" in text(html)
    assert "The totals leave out 1 instance whose counts are unknown." in html


async def test_an_instance_that_never_answered_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run(None)])])
        assert "never a good sample" in await page(client)


async def test_messages_tell_where_they_stand(tmp_path: Path) -> None:
    dead = replace(
        letter(alert(), id="letter-2"),
        state=Standing.DEAD,
        attempts=2,
        settled_at=ago(50),
        verdict="refused",
        reason="code 19024: no keyword",
    )
    async with opened(tmp_path) as (site, client):
        await fill(site.store, letters=[letter(alert()), dead])
        seen = text(await page(client))
    assert "[FIRING critical] tasks-abnormal · prod · orders" in seen
    assert "waiting · ops-chat (feishu) · 09:58:20 UTC" in seen
    assert "dead · ops-chat (feishu) · 09:59:10 UTC · 2 tries · code 19024: no keyword" in seen
    assert "1 message waits to be delivered" in seen


async def test_what_resolved_is_told_with_its_length(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run()])], alert_rows=[resolved(alert(since=630))])
        html = await page(client)
    assert "at 09:59:30 UTC , after 10m" in text(html)
    assert headline(html) == "The instance is well"


async def test_an_end_without_a_good_sample_does_not_look_like_one(tmp_path: Path) -> None:
    over = replace(resolved(alert()), cause=Cause.RULE_REMOVED)
    async with opened(tmp_path) as (site, client):
        await fill(site.store, alert_rows=[over])
        assert "rule removed, not seen well" in await page(client)


async def test_text_from_outside_is_never_markup(tmp_path: Path) -> None:
    evil = instance("<img src=x onerror=alert(1)>", id="evil")
    runbook = {"summary": "<script>alert(1)</script>", "runbook": "javascript:alert(1)"}
    async with opened(tmp_path) as (site, client):
        rows = [replace(alert(evil), annotations=runbook)]
        await fill(site.store, [(evil, [run(ILL)])], alert_rows=rows, letters=[letter(rows[0])])
        html = await page(client)
    assert "<img" not in html
    assert "<script>" not in html
    assert "javascript:" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


async def test_the_names_of_broken_tasks_stand_with_what_fires_and_not_with_what_is_over(tmp_path: Path) -> None:
    named = replace(alert(), annotations={"tasks": "sync-orders, <b>订单</b>, +3 more"})
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run(ILL)])], alert_rows=[named])
        assert "broken: sync-orders, &lt;b&gt;订单&lt;/b&gt;, +3 more" in await page(client)
        await fill(site.store, alert_rows=[resolved(named)])
        assert "sync-orders" not in await page(client)


async def test_a_runbook_of_the_web_is_a_link(tmp_path: Path) -> None:
    address = "https://wiki.example.com/fdi?a=1&b=2"
    async with opened(tmp_path) as (site, client):
        await fill(site.store, alert_rows=[replace(alert(), annotations={"runbook": address})])
        assert 'href="https://wiki.example.com/fdi?a=1&amp;b=2"' in await page(client)


async def test_of_many_instances_the_worst_are_shown_and_the_others_are_a_link_away(tmp_path: Path) -> None:
    many = [(instance(f"i-{number:04}"), [run(ILL if number == 777 else WELL)]) for number in range(1000)]
    async with opened(tmp_path) as (site, client):
        await fill(site.store, many)
        html, whole = await page(client), await page(client, "/?all")
    assert html.count('<li class="tile ') == 200
    assert re.findall(r'<h3 title="(i-\d+)">', html)[:2] == ["i-0777", "i-0000"]
    assert '<a href="?all" id="all-instances">Show all 1,000 instances</a>' in html
    assert whole.count('<li class="tile ') == 1000
    assert "Show all" not in whole


async def test_of_many_alerts_a_hundred_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    rows = [alert(instance(f"i-{number:04}")) for number in range(103)]
    async with opened(tmp_path) as (site, client):
        await fill(site.store, alert_rows=rows)
        html, whole = await page(client), await page(client, "/?all")
    assert headline(html) == "103 alerts fire, worst: critical on i-0000"
    assert html.count('<li class="alert ') == 100
    assert "Show 3 more alerts that fire" in html
    assert whole.count('<li class="alert ') == 103


async def test_a_loop_that_hangs_is_told_before_anything_else(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run()])])
        site.pulse.expect("poller", within=timedelta(minutes=1), at=NOW - timedelta(minutes=5))
        html = await page(client)
    assert headline(html) == "What follows may be old: the poller has stood still for 5m"


@pytest.mark.parametrize("path", ["/", "/?all", "/metrics"])
async def test_a_store_that_does_not_answer_is_a_short_503(tmp_path: Path, path: str) -> None:
    async with opened(tmp_path) as (site, client):
        async with site.store.write() as tx:
            await tx.exec_driver_sql("DROP TABLE alert")
        answer = await client.get(path)
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "5"
        assert await answer.text() == "503: The store does not answer. Try again in a moment.\n"


async def test_a_quota_that_does_not_carry_the_polls_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run()])])
        for account, every in (("prod", 8.25), ("test", 5.0)):
            site.meters.wanted.labels(account).set(5)
            site.meters.interval.labels(account).set(every)
        told = text(await page(client))
    assert "prod: each instance is polled every 8.2s instead of 5s, the quota carries no more." in told
    assert "test: each" not in told


TENDED = (
    Tended("prod", "cn-north-4", "20/s", 20.0, timedelta(seconds=30)),
    Tended("test", "cn-east-3", "1/s", 1.0, timedelta(seconds=30)),
    Tended("new", "cn-east-3", "1/s", 1.0, timedelta(seconds=30)),
)


async def test_each_account_shows_its_health_and_its_quota_the_worst_first(tmp_path: Path) -> None:
    route = Route("{}", "", EVERYTHING, (), timedelta(), timedelta(), timedelta())
    async with opened(tmp_path, Speech(route, (), accounts=TENDED)) as (site, client):
        seen = [(instance(f"t-{number}", account="test"), [run(ILL if number else WELL)]) for number in range(3)]
        await fill(site.store, [(instance(), [run()]), *seen])
        for account, number, every in (("prod", 300, 30), ("test", 60, 60)):
            site.meters.instances.labels(account).set(number)
            site.meters.wanted.labels(account).set(30)
            site.meters.interval.labels(account).set(every)
        site.meters.share.labels("test").set(0.55)
        site.meters.throttled.tell("test", 1)
        told = text(await page(client))
    accounts = told[told.index("Accounts") : told.index("Instances")]
    assert (
        "test abnormal tasks cn-east-3 · 3 instances 2 abnormal tasks 1 well "
        "Quota 1/s of 1/s (100%) Polled every 1m instead of 30s: the quota carries no more "
        "Throttled 1 request so far · eased to 55% after a throttling"
    ) in accounts
    assert "prod well cn-north-4 · 1 instance 1 well Quota 10/s of 20/s (50%) Polled every 30s" in accounts
    assert "new not yet polled cn-east-3 · 0 instances Quota 1/s Polled every 30s" in accounts
    assert accounts.index("test abnormal") < accounts.index("new not yet") < accounts.index("prod well")


async def test_an_alert_about_an_account_is_its_state(tmp_path: Path) -> None:
    labels = {"alertname": "account-unreachable", "account": "prod"}
    async with opened(tmp_path) as (site, client):
        rows = [replace(alert(), instance=None, labels=labels)]
        await fill(site.store, [(instance(), [run()])], alert_rows=rows)
        told = text(await page(client))
    assert "prod critical cn-north-4 · 1 instance account-unreachable" in told


async def test_instances_are_found_by_account_and_by_name_or_id(tmp_path: Path) -> None:
    many = [instance("Orders"), instance("订单", id="x-1"), instance("billing", account="test")]
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(one, [run()]) for one in many])

        async def names(query: str) -> list[str]:
            return re.findall('<h3 title="([^"]+)">', await page(client, f"/?{query}"))

        assert await names("account=test") == ["billing"]
        assert await names("q=ORD") == ["Orders"]
        assert await names("q=%E8%AE%A2") == ["订单"]
        assert await names("q=x-1") == ["订单"]
        assert await names("q=billing&account=prod") == []
        assert "No instance is called so." in await page(client, "/?q=nothing")


async def test_beside_an_instance_is_what_its_last_hours_looked_like(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        ill = [run(start=9000, end=125, polls=290), run(ILL, start=120)]
        down = [run(start=9000, end=5000, polls=130), run(None, start=4970, end=5, polls=160)]
        await fill(site.store, [(instance("ill"), ill), (instance("down"), down), (instance("new"), [])])
        html = await page(client)
    assert 'aria-label="abnormal tasks in the last 2h 30m: 0 to 3"' in html
    assert 'aria-label="running tasks in the last 2h 30m: 15 to 15"' in html
    assert len(re.findall('<svg class="spark', html)) == 2
    assert len(re.findall(r'<rect class="gap"[^>]* fill="url\(#p-failed\)"', html)) == 1


async def test_where_not_every_instance_has_a_tile_each_has_a_cell_on_the_map(tmp_path: Path) -> None:
    many = [(instance(f"i-{number:04}"), [run(ILL if number == 777 else WELL)]) for number in range(300)]
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [*many, (instance("i-0777"), [run(ILL)])])
        html = await page(client)
    cells = re.findall(r'<a class="cell (\w+)" href="instances/prod/(i-\d+)" title="([^"]+)"', html)
    assert len(cells) == 301
    assert cells[0] == ("abnormal", "i-0777", "i-0777: abnormal tasks")
    assert html.count('tabindex="-1"><svg') == 300


async def test_of_ten_thousand_instances_only_those_that_are_not_well_have_a_cell_and_all_come_in_pages() -> None:
    seen = [Seen(instance(f"i-{number:05}"), run(ILL if number % 1000 == 0 else WELL)) for number in range(10_000)]
    found = view(Board(seen, [], {}, {}, [], [], {}), at=NOW, words=ENGLISH)
    [region] = found.map
    assert (len(region.cells), region.well, region.more) == (10, 9990, 0)
    assert len(found.tiles) == found.total == 10_000


async def test_of_very_many_that_are_not_well_the_worst_have_a_cell_and_the_others_are_counted() -> None:
    counted = [(WELL, 4), (ILL, 1996), (None, 200)]
    seen = [
        Seen(instance(f"i-{place}-{number:05}", account="prod" if number % 4 else "test"), run(counts))
        for place, (counts, many) in enumerate(counted)
        for number in range(many)
    ]
    found = view(Board(seen, [], {}, {}, [], [], {}), at=NOW, words=ENGLISH)
    assert [(one.account, len(one.cells), one.well, one.more) for one in found.map] == [
        ("prod", 1647, 3, 0),
        ("test", 353, 1, 196),
    ]
    assert [one.cells[0].level for one in found.map] == [Level.DOWN, Level.DOWN]


async def test_a_thousand_instances_come_at_once_and_more_in_pages(tmp_path: Path) -> None:
    many = [(instance(f"i-{number:04}"), [run()]) for number in range(1002)]
    async with opened(tmp_path) as (site, client):
        await fill(site.store, many)
        second = await page(client, "/?all&page=2")
    assert '<a href="?all=&amp;page=1" rel="prev"' in second
    assert re.findall('<h3 title="([^"]+)">', second) == ["i-1000", "i-1001"]
    assert "1,001 to 1,002 of 1,002" in second
