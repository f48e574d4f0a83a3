"""The page of one instance, as its HTML tells it."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from webrows import ILL, TIMED_OUT, ago, alert, fill, instance, letter, opened, page, resolved, run

from monitor.matchers import EVERYTHING
from monitor.model import Cause, Severity, State, Transition
from monitor.routing import Route
from monitor.rules.rule import Rule
from monitor.store import alerts
from monitor.web.site import Speech

RULES = (
    Rule("tasks-abnormal", when="abnormal >= 2", severity=Severity.CRITICAL, clear="abnormal == 0", hold=timedelta(0)),
    Rule("terminated-jump", when="increase(terminated, 15m) >= 3"),
    Rule("slow", when="latency > 5s"),
    Rule("waits", when="abnormal > 1", hold=timedelta(minutes=5)),
    Rule("many", when="count(abnormal > 0) >= 5", by=("account",)),
)
SPEECH = Speech(Route("{}", "ops", EVERYTHING, (), timedelta(), timedelta(), timedelta()), ("ops",), rules=RULES)
ADDRESS = "/instances/prod/orders"


def text(shown: str) -> str:
    """What a reader sees: without tags, spaces folded."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown)))


async def test_what_its_rules_say_has_the_numbers_filled_in_those_that_fire_first(tmp_path: Path) -> None:
    pending = replace(alert(state=State.PENDING, since=60), key="p", rule="waits", labels={"alertname": "waits"})
    async with opened(tmp_path, SPEECH) as (site, client):
        runs = [run(start=86_000, end=125, polls=2860), run(ILL, start=120)]
        await fill(site.store, [(instance(), runs)], alert_rows=[alert(), pending])
        shown = text(await page(client, ADDRESS))
    said = shown[shown.index("What its rules say now") :]
    assert "critical tasks-abnormal critical when abnormal 3 >= 2 ends when abnormal 3 == 0" in said
    assert "pending waits fires in 4m if it stays so warning when abnormal 3 > 1" in said
    assert "unknown slow warning when latency unknown > 5s a number is missing" in said
    assert "quiet terminated-jump warning when increase(terminated, 15m) 0 >= 3" in said
    assert "many judges this instance together with others" in said
    assert said.index("tasks-abnormal") < said.index("waits") < said.index("slow") < said.index("terminated-jump")


async def test_the_last_errors_have_their_request_ids(tmp_path: Path) -> None:
    refused = replace(run(None, start=900, end=600), failure=replace(TIMED_OUT, request_id="req-7f3a"))
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [refused, run(start=570, end=125), run(None, start=120)])])
        shown = text(await page(client, ADDRESS))
    errors = shown[shown.index("Last errors") :]
    assert "timeout no answer within 10 s req-7f3a" in errors
    assert errors.index("timeout no answer within 10 s –") < errors.index("req-7f3a")
    assert "orders no answer prod · cn-north-4 timeout: no answer within 10 s last good sample 2m ago" in shown


async def test_the_charts_show_gaps_and_when_alerts_fired_and_a_table_says_the_same(tmp_path: Path) -> None:
    over = replace(resolved(alert(since=3000), at=1800), key="over", severity=Severity.WARNING)
    steps = [
        Transition("over", ago(3000), State.NONE, State.FIRING, Cause.HELD, Severity.WARNING, "r", "1"),
        Transition("over", ago(2400), State.FIRING, State.RESOLVED, Cause.CLEARED, Severity.WARNING, "r", "1"),
        Transition("over", ago(2000), State.NONE, State.FIRING, Cause.HELD, Severity.WARNING, "r", "1"),
        Transition("over", ago(1800), State.FIRING, State.RESOLVED, Cause.CLEARED, Severity.WARNING, "r", "1"),
    ]
    async with opened(tmp_path) as (site, client):
        runs = [run(start=3600, end=2430, polls=40), run(None, start=2400, end=1230, polls=40), run(ILL, start=1200)]
        await fill(site.store, [(instance(), runs)], alert_rows=[over])
        async with site.store.write() as tx:
            await alerts.append(tx, steps)
        shown = await page(client, f"{ADDRESS}?range=1h")
    assert len(re.findall('class="plot"', shown)) == 8
    assert len(re.findall('class="bar warning"', shown)) == 2
    assert len(re.findall('class="gap failed"', shown)) == 8 + 1 + len(["in the key"])
    assert 'aria-label="common abnormal: now 2, lowest 0, highest 2"' in shown
    assert "tasks-abnormal: fired 09:10:00 UTC for 10m" in shown
    assert "tasks-abnormal: fired 09:26:40 UTC for 3m" in shown
    table = text(shown[shown.index("<details") : shown.index("</details>")])
    assert "From common abnormal common terminated common running common completed CDC abnormal" in table
    assert "09:15:00 UTC 0 0 12 40 0 0 3 0 10 0" in table
    assert "09:25:00 UTC – – – – – – – – 10 10" in table
    assert table.count(" UTC ") == 12


async def test_each_range_is_served_and_no_other(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run(start=90_000, end=5, polls=3000)])])
        for name in ("1h", "24h", "7d", "30d"):
            assert f'href="?range={name}" aria-current="true"' in await page(client, f"{ADDRESS}?range={name}")
        assert 'href="?range=24h" aria-current="true"' in await page(client, ADDRESS)
        assert (await client.get(f"{ADDRESS}?range=2h")).status == 400


async def test_what_is_known_for_a_short_time_is_drawn_over_an_hour(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run(start=600, end=5, polls=20)])])
        assert 'href="?range=1h" aria-current="true"' in await page(client, ADDRESS)


@pytest.mark.parametrize("path", ["/instances/prod/nobody", "/instances/nobody/orders"])
async def test_an_instance_that_is_not_known_is_not_there(tmp_path: Path, path: str) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run()])])
        assert (await client.get(path)).status == 404


async def test_a_new_instance_has_a_page_that_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await fill(site.store, [(instance(), [])])
        shown = text(await page(client, ADDRESS))
    assert "orders not yet polled" in shown
    assert "Nothing was sampled yet, so no rule can say anything." in shown
    assert "No poll failed, as far as is remembered." in shown


async def test_names_that_need_quoting_are_found_and_never_markup(tmp_path: Path) -> None:
    evil = replace(instance('<b>"订单"</b>', id="a/b?c", account="华东 1"), labels={"<i>": '"x"'})
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(evil, [run(ILL)])], alert_rows=[alert(evil)], letters=[letter(alert(evil))])
        shown = await page(client, "/instances/%E5%8D%8E%E4%B8%9C%201/a%2Fb%3Fc")
        overview = await page(client)
    assert "<b>&#34;" not in shown
    assert "<i>" not in shown
    assert "&lt;b&gt;&#34;订单&#34;&lt;/b&gt;" in shown
    assert 'href="instances/%E5%8D%8E%E4%B8%9C%201/a%2Fb%3Fc"' in overview
    assert "silences/new?matcher=account%3D%22%E5%8D%8E%E4%B8%9C%201%22&amp;matcher=instance_id%3D" in shown


async def test_the_page_is_chinese_for_who_reads_chinese(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await fill(site.store, [(instance(), [run(ILL, start=120)])], alert_rows=[alert()])
        shown = text(await page(client, f"{ADDRESS}?lang=zh"))
    assert "各规则当前判断" in shown
    assert "严重，当 abnormal 3 >= 2" in shown
    assert "普通 异常" in shown
