"""The pages of silences: listed, made with a preview, prolonged, ended."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from webrows import NOW, Client, ago, alert, fill, instance, letter, opened, page

from monitor.matchers import EVERYTHING, parse
from monitor.model import Cause, State, Transition
from monitor.quieting import Quieting
from monitor.routing import Route
from monitor.silences import Ended, Silence
from monitor.store import alerts, outbox, silences
from monitor.timewindows import Recurring
from monitor.web.site import Site, Speech

NIGHTS = Recurring("nights", "0 22 * * *", timedelta(hours=9), ZoneInfo("Asia/Shanghai"))
SPEECH = Speech(
    Route("{}", "ops", EVERYTHING, (), timedelta(), timedelta(), timedelta()),
    ("ops",),
    Quieting(windows={"nights": NIGHTS}),
)
ACTIVE = Silence("s-1", parse('instance="orders"'), ago(60), ago(-3600), "王", "迁移", ago(60))
NIGHTLY = replace(
    ACTIVE, id="s-2", matchers=parse('account="prod"'), window="nights", unless=parse('severity="critical"')
)
PLANNED = replace(ACTIVE, id="s-3", starts_at=ago(-600), until_resolved=True)
OVER = replace(ACTIVE, id="s-4").end(ago(30), Ended.BY_HAND)
GOOD = {"matchers": 'instance="orders"', "owner": "wang", "lasts": "2h", "deed": "make"}


def text(html: str) -> str:
    """What a reader sees: without tags, spaces folded."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


@asynccontextmanager
async def scene(tmp_path: Path) -> AsyncIterator[tuple[Site, Client]]:
    async with opened(tmp_path, SPEECH) as (site, client):
        await fill(site.store, alert_rows=[alert(instance("orders")), alert(instance("billing"))])
        async with site.store.write() as tx:
            for one in (ACTIVE, NIGHTLY, PLANNED, OVER):
                await silences.save(tx, one)
        yield site, client


async def found(site: Site, name: str) -> Silence:
    async with site.store.read() as tx:
        one = await silences.find(tx, name)
    assert one is not None
    return one


@pytest.mark.parametrize(
    ("show", "expected"), [("", ["s-1", "s-2"]), ("active", ["s-1", "s-2"]), ("pending", ["s-3"]), ("expired", ["s-4"])]
)
async def test_they_are_listed_by_where_they_stand(tmp_path: Path, show: str, expected: list[str]) -> None:
    async with scene(tmp_path) as (_, client):
        html = await page(client, f"/silences?show={show}")
    assert re.findall(r'id="silence-([^"]*)"', html) == expected
    assert re.findall(r"(Active|Planned|Over) <b>(\d)</b>", html) == [("Active", "2"), ("Planned", "1"), ("Over", "1")]


async def test_a_list_says_what_each_hides_now_or_that_it_waits(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, client):
        seen = text(await page(client, "/silences"))
    assert "for another 1h, until 11:00:00 UTC 迁移 by 王 · hides 1 alert now" in seen
    assert 'waits for its window account="prod"' in seen
    assert 'but never severity="critical" · only in window nights' in seen


async def test_one_tells_all_and_what_it_hides(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, client):
        one, nightly, planned, over = [text(await page(client, f"/silences/s-{number}")) for number in (1, 2, 3, 4)]
        assert (await client.get("/silences/s-9")).status == 404
    assert "Hides now 1 tasks-abnormal orders · prod" in one
    assert "nights 0 22 * * * · 9h · Asia/Shanghai" in nightly
    assert "as soon as nothing that matches fires any more" in planned
    assert "(ended by hand)" in over
    assert "Extend" not in over


async def test_a_silence_is_made_and_hides(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        answer = await client.post("/silences/new", data=GOOD | {"comment": "迁移"}, allow_redirects=False)
        assert answer.status == 303
        place = answer.headers["Location"]
        [name] = re.findall(r"^\.\./silences/([0-9a-f-]{36})\?said=silenced$", place)
        made = await found(site, name)
        assert (made.matchers, made.created_by, made.comment) == (parse('instance="orders"'), "wang", "迁移")
        assert (made.starts_at, made.ends_at) == (NOW, NOW + timedelta(hours=2))
        assert "The silence is made." in await page(client, place.removeprefix(".."))


@pytest.mark.parametrize(
    ("address", "matchers"),
    [
        ("matcher=account%3D%22prod%22&matcher=instance%3Dorders", 'account="prod", instance=orders'),
        ("alert=key-prod-orders", 'account="prod", alertname="tasks-abnormal", instance="orders"'),
        ("from=s-2", 'account="prod"'),
        ("matchers=instance%3Dorders", "instance=orders"),
    ],
)
async def test_an_address_fills_the_form_in_and_shows_the_effect(tmp_path: Path, address: str, matchers: str) -> None:
    async with scene(tmp_path) as (site, client):
        html = await page(client, f"/silences/new?{address}&comment=why")
        async with site.store.read() as tx:
            assert len(await silences.every(tx)) == 4
    [shown] = re.findall(r"<textarea[^>]*>([^<]*)</textarea>", html)
    assert shown.replace("&#34;", '"') == matchers
    assert 'name="comment" value="why"' in html
    assert 'Would hide of what is live now <span class="count">' in html
    if address == "from=s-2":
        assert '<option value="nights" selected>' in html
        assert "<details open>" in html


async def test_a_preview_makes_nothing_and_keeps_what_was_typed(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        answer = await client.post(
            "/silences/new", data={"matchers": 'instance=~".+"', "lasts": "9x", "deed": "preview"}
        )
        html = await answer.text()
        assert answer.status == 200
        assert "orders" in html
        assert "billing" in html
        assert 'value="9x"' in html
        async with site.store.read() as tx:
            assert len(await silences.every(tx)) == 4


async def test_faults_are_said_at_their_fields_and_nothing_is_made(tmp_path: Path) -> None:
    given = {"matchers": "instance==orders", "owner": " ", "lasts": "9x", "comment": "kept <b>", "deed": "make"}
    async with scene(tmp_path) as (site, client):
        answer = await client.post("/silences/new", data=given)
        html = await answer.text()
        assert answer.status == 422
        assert re.findall(r'id="fault-(\w+)"', html) == ["matchers", "owner", "lasts"]
        assert "<pre>instance<mark>==</mark>orders</pre>" in html
        assert "Nothing was done yet: 3 fields have to be mended." in html
        assert "kept &lt;b&gt;" in html
        async with site.store.read() as tx:
            assert len(await silences.every(tx)) == 4


async def test_one_is_ended_and_what_has_ended_stays_as_it_is(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        answer = await client.post("/silences/s-1/expire", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "../../silences/s-1?said=ended")
        assert (await found(site, "s-1")).ended is Ended.BY_HAND
        await client.post("/silences/s-4/expire")
        assert await found(site, "s-4") == OVER
        assert (await client.post("/silences/s-9/expire")).status == 404


async def test_one_lasts_longer_from_its_end_on(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        answer = await client.post("/silences/s-1/extend", data={"lasts": "4h"}, allow_redirects=False)
        assert answer.headers["Location"] == "../../silences/s-1?said=extended"
        assert (await found(site, "s-1")).ends_at == ACTIVE.ends_at + timedelta(hours=4)
        for lasts, words in (("9x", "is no length of time"), ("", "is no length of time"), ("400d", "longer than 366")):
            wrong = await client.post("/silences/s-1/extend", data={"lasts": lasts})
            assert (wrong.status, words in await wrong.text()) == (422, True)
        over = await client.post("/silences/s-4/extend", data={"lasts": "1h"}, allow_redirects=False)
        assert over.headers["Location"] == "../../silences/s-4?said=nothing"


async def test_a_chinese_reader_reads_chinese(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, client):
        html = await page(client, "/silences?lang=zh")
        answer = await client.post("/silences/new", data={"deed": "make"}, headers={"Accept-Language": "zh-CN"})
        wrong = text(await answer.text())
    assert "新建静默" in html
    assert "请填写姓名，以便他人知道找谁。" in wrong
    assert "尚未执行：有 3 处需要修改。" in wrong


async def test_the_form_shows_what_it_would_have_hidden_in_the_last_days(tmp_path: Path) -> None:
    orders = alert(instance("orders"))
    fired = [
        Transition(orders.key, ago(since), State.PENDING, State.FIRING, Cause.HELD, orders.severity, orders.rule, "1")
        for since in (90_000, 3600, 8 * 86_400)
    ]
    async with scene(tmp_path) as (site, client):
        blank = text(await page(client, "/silences/new"))
        async with site.store.write() as tx:
            await alerts.append(tx, sorted(fired, key=lambda step: step.at))
            await outbox.add(tx, [letter(orders), letter(orders, id="letter-2", receiver="oncall")])
        seen = text(await page(client, f"/silences/new?alert={orders.key}"))
        night = text(await page(client, f"/silences/new?alert={orders.key}&window=nights"))
        other = text(await page(client, "/silences/new?matcher=instance%3Dnone"))
    assert "in the last" not in blank
    past = "Would have hidden in the last 7d Alerts began to fire 2 times · 2 messages (oncall 1, ops-chat 1)"
    assert past in seen
    assert "tasks-abnormal orders · prod · fired 2 times · last 09:00:00 UTC" in seen
    assert "in the last 7d Nothing that fired or was said." in night
    assert "in the last 7d Nothing that fired or was said." in other
