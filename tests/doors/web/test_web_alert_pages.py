"""The pages of alerts, as their HTML and their forms tell them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from test_web_door import LI, TOKENS, USERS, basic
from webrows import NOW, Client, ago, alert, fill, instance, opened, page, resolved

from monitor.acknowledgement import Ack
from monitor.group import Group
from monitor.matchers import parse
from monitor.model import Cause, Severity, State, Transition
from monitor.silences import Silence
from monitor.store import acks, alerts, groups, silences
from monitor.views import Said
from monitor.web.door import Door
from monitor.web.server import make_app
from monitor.web.site import Site

ORDERS, BILLING = alert(instance("orders")), alert(instance("billing"))
RESTLESS = resolved(alert(instance("restless")))
HIDDEN = Silence("s-1", parse('instance="billing"'), ago(60), ago(-3600), "wang", "", ago(60))


def text(html: str) -> str:
    """What a reader sees: without tags, spaces folded."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def listed(html: str) -> list[str]:
    """The alerts of a list by the names that link to them."""
    return re.findall(r'id="alert-[^"]*">([^<]*)<', html)


@asynccontextmanager
async def scene(tmp_path: Path) -> AsyncIterator[tuple[Site, Client]]:
    """One fires, one is silenced, one waits, one is over and flaps."""
    waits = alert(instance("库存"), state=State.PENDING)
    said = {RESTLESS.key: Said(Severity.CRITICAL, flapping=True), ORDERS.key: Said(Severity.CRITICAL)}
    group = Group("g", "ops", {}, timedelta(), timedelta(minutes=1), timedelta(hours=4), said=said)
    async with opened(tmp_path) as (site, client):
        await fill(site.store, alert_rows=[ORDERS, BILLING, waits, RESTLESS])
        async with site.store.write() as tx:
            await silences.save(tx, HIDDEN)
            await groups.add(tx, [group], verdict="")
        yield site, client


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["orders"]),
        ("?show=pending", ["库存"]),
        ("?show=silenced", ["billing"]),
        ("?show=acknowledged", []),
        ("?show=flapping", ["restless"]),
        ("?filter=instance%3D~%22or.*%22", ["orders"]),
        ("?filter=instance%3Dx", []),
        ("?account=test", []),
    ],
)
async def test_each_list_shows_its_alerts(tmp_path: Path, query: str, expected: list[str]) -> None:
    async with scene(tmp_path) as (_, client):
        html = await page(client, f"/alerts{query}")
    assert listed(html) == expected
    if not query:
        assert re.findall(r"(Firing|Pending|Kept quiet|Acknowledged|Flapping) <b>(\d)</b>", html) == [
            ("Firing", "1"),
            ("Pending", "1"),
            ("Kept quiet", "1"),
            ("Acknowledged", "0"),
            ("Flapping", "1"),
        ]


async def test_a_wrong_filter_is_said_at_its_place_and_kept(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, client):
        html = await page(client, "/alerts?filter=account%3D%22prod%22,+instance%3D%3Dorders")
    assert 'value="account=&#34;prod&#34;, instance==orders"' in html
    assert 'aria-invalid="true" aria-describedby="fault-filter"' in html
    assert "<pre>account=&#34;prod&#34;, instance<mark>==</mark>orders</pre>" in html
    assert listed(html) == ["orders"]


async def test_a_silenced_alert_leads_to_its_silence(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, client):
        html = await page(client, "/alerts?show=silenced")
    assert f'<a href="./silences/s-1" id="by-{BILLING.key}-s-1">hidden by a silence</a>' in html


async def test_thousands_come_in_pages_that_keep_what_was_asked_for(tmp_path: Path) -> None:
    rows = [alert(instance(f"i-{number:04}", account="prod" if number % 2 else "test")) for number in range(1200)]
    async with opened(tmp_path) as (site, client):
        await fill(site.store, alert_rows=rows)
        html = await page(client, "/alerts?account=test&by=none&page=3")
    assert len(listed(html)) == 50
    assert "101 to 150 of 600" in html
    assert 'href="?account=test&amp;by=none&amp;page=4"' in html


async def fired(site: Site, key: str, *ends: float) -> None:
    """The alert fired for ten minutes and ended so many seconds ago, again and again."""
    steps = []
    for end in ends:
        begin = Transition(key, ago(end + 600), State.PENDING, State.FIRING, Cause.HELD, Severity.CRITICAL, "r", "1")
        steps += [begin, replace(begin, at=ago(end), before=State.FIRING, after=State.RESOLVED, cause=Cause.CLEARED)]
    async with site.store.write() as tx:
        await alerts.append(tx, steps)


async def test_the_history_goes_back_page_by_page_and_can_be_filtered(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, alert_rows=[ORDERS, BILLING])
        await fired(site, ORDERS.key, *range(200_000, 80_000, -1500))
        await fired(site, BILLING.key, 60)
        html = await page(client, "/alerts?show=history")
        assert html.count("<tr><td") == 50
        assert "10m" in text(html)
        [older] = re.findall(r'href="([^"]*)" rel="next" id="older"', html)
        second = await page(client, f"/alerts{older.replace('&amp;', '&')}")
        assert second.count("<tr><td") == 31
        assert 'id="older"' not in second
        assert 'id="newest"' in second
        one = await page(client, "/alerts?show=history&filter=instance%3Dbilling")
        assert one.count("<tr><td") == 1
        bad = await page(client, "/alerts?show=history&before=x%00")
        assert bad.count("<tr><td") == 50


async def test_an_alert_is_acknowledged_with_a_comment_and_an_end(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        form = await page(client, f"/alerts/ack?alert={ORDERS.key}")
        assert "Acknowledge 1 alert" in form
        given = {"alert": ORDERS.key, "owner": "王", "comment": "重启 <b>", "lasts": "4h"}
        answer = await client.post("/alerts/ack", data=given, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, f"../alerts/{ORDERS.key}?said=acknowledged")
        async with site.store.read() as tx:
            [ack] = (await acks.every(tx)).values()
        assert ack == Ack(ORDERS.key, NOW, "王", "重启 <b>", Severity.CRITICAL, NOW + timedelta(hours=4))
        html = await page(client, "/alerts")
        assert "王 cares for it since" in text(html)
        assert "重启 &lt;b&gt;" in html
        assert f'id="ack-{ORDERS.key}"' not in html
        told = await page(client, f"/alerts/{ORDERS.key}?said=acknowledged")
        assert "It is not repeated until it gets worse or resolves." in told
        back = await client.post(f"/alerts/{ORDERS.key}/unack", allow_redirects=False)
        assert back.headers["Location"] == f"../../alerts/{ORDERS.key}?said=withdrawn"
        async with site.store.read() as tx:
            assert await acks.every(tx) == {}


async def test_many_are_acknowledged_at_once_and_what_is_over_is_left_out(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        keys = [ORDERS.key, BILLING.key, RESTLESS.key]
        form = await page(client, "/alerts/ack?" + "&".join(f"alert={key}" for key in keys))
        assert "Acknowledge 2 alerts" in form
        assert "1 of the chosen does not fire and is left out." in form
        data = [("alert", key) for key in keys] + [("owner", "wang")]
        answer = await client.post("/alerts/ack", data=data, allow_redirects=False)
        assert answer.headers["Location"] == "../alerts?show=acknowledged&said=acknowledged"
        async with site.store.read() as tx:
            assert set(await acks.every(tx)) == {ORDERS.key, BILLING.key}
        over = await client.post("/alerts/ack", data={"alert": RESTLESS.key, "owner": "wang"}, allow_redirects=False)
        assert over.headers["Location"] == "../alerts?said=over"


async def test_a_form_with_a_fault_is_shown_again_with_what_was_typed(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        given = {"alert": ORDERS.key, "owner": "", "comment": "kept", "lasts": "soon"}
        answer = await client.post("/alerts/ack", data=given)
        html = await answer.text()
        assert answer.status == 422
        assert 'value="kept"' in html
        assert 'value="soon"' in html
        assert re.findall(r'id="fault-(\w+)"', html) == ["owner", "lasts"]
        async with site.store.read() as tx:
            assert await acks.every(tx) == {}


async def test_a_page_of_another_site_changes_nothing_here(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        for path in ("/alerts/ack", f"/alerts/{ORDERS.key}/unack", "/silences/new", "/silences/s-1/expire"):
            answer = await client.post(path, data={}, headers={"Sec-Fetch-Site": "cross-site"})
            assert answer.status == 403
        async with site.store.read() as tx:
            assert await silences.every(tx) == [HIDDEN]


async def test_the_story_of_an_alert_is_a_timeline_and_says_when_it_is_of_an_earlier_moment(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        await fired(site, ORDERS.key, -500)
        html = await page(client, f"/alerts/{ORDERS.key}")
        assert re.findall(r'class="stage stage-(\w+)"', html) == ["sample", "rule", "step", "timer"]
        assert "<code>instance=<b>orders</b></code>" in html
        assert f'href="../silences/new?alert={ORDERS.key}"' in html
        then = await page(client, f"/alerts/{ORDERS.key}?at=2026-01-05T09:59:00Z")
        assert "This is how it was at" in then
        assert (await client.get("/alerts/nothing-like-it")).status == 404


async def test_who_may_only_read_is_offered_nothing_to_do(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        app = make_app(replace(site, door=Door(USERS, TOKENS)))
        async with TestClient(TestServer(app), headers={"Authorization": basic("lili", LI)}) as viewer:
            for path in ("/alerts", f"/alerts/{ORDERS.key}", "/silences", "/silences/s-1", "/deliveries", "/rules"):
                html = await page(viewer, path)
                assert re.findall(r'<(?:button|a)[^>]*class="[^"]*button|method="post"|/ack\?|silences/new', html) == []
                assert await page(client, path) != html or path in ("/deliveries", "/rules")
