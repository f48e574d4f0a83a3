from __future__ import annotations

import asyncio
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from simclient import Client, cloud, feishu_text

from monitor.simulator.card import COLOURS
from monitor.simulator.robots import feishu_card
from monitor.simulator.robots.feishu import well_formed
from monitor.simulator.robots.webhook import Webhook

CARD = {
    "msg_type": "interactive",
    "card": {
        "schema": "2.0",
        "header": {"title": {"tag": "plain_text", "content": "2 firing: <cdc>"}, "template": "red"},
        "body": {
            "elements": [
                {
                    "tag": "markdown",
                    "content": "**+2 new**\n<font color='red'>订单同步</font> <script>alert(1)</script>",
                },
                {"tag": "hr"},
                {"tag": "column_set", "columns": [{"elements": [{"tag": "markdown", "content": "nested"}]}]},
                {"tag": "markdown", "content": "small print", "text_size": "notation"},
                {"tag": "chart"},
                {
                    "tag": "button",
                    "text": {"tag": "plain_text", "content": "Details"},
                    "type": "primary",
                    "behaviors": [{"type": "open_url", "default_url": "https://a.example/d?x=1&y=2"}],
                },
                {"tag": "button", "text": {"content": "Bad"}, "url": "javascript:alert(1)"},
            ]
        },
    },
}
ALERTMANAGER: dict[str, Any] = {
    "receiver": "w",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "tasks-abnormal", "instance": "orders", "severity": "warning"},
            "annotations": {"summary": "9 abnormal"},
        },
        {"status": "resolved", "labels": {"alertname": "tasks-abnormal", "instance": "invoices"}, "annotations": {}},
    ],
    "groupLabels": {"alertname": "tasks-abnormal"},
    "commonLabels": {"alertname": "tasks-abnormal"},
    "externalURL": "http://svc",
    "version": "4",
}


async def page(client: Client, path: str = "/chat", **headers: str) -> tuple[str, Any]:
    async with client.session.get(client.credentials.url + path, headers=headers) as reply:
        assert reply.status == 200
        return await reply.text(), reply.headers


async def test_a_card_is_shown_as_people_see_it() -> None:
    async with cloud() as client:
        await client.send("POST", "/feishu/open", CARD)
        html, _ = await page(client)
        summary = client.sim.messages()[0].summary
    assert '<section class="card card-red">' in html
    assert "<h2>2 firing: &lt;cdc&gt;</h2>" in html
    assert '<p><strong>+2 new</strong><br><span class="ink-red">订单同步</span>' in html
    assert "<hr>" in html
    assert "<p>nested</p>" in html
    assert '<div class="note"><p>small print</p></div>' in html
    assert "[chart]" in html
    assert 'class="button button-primary" href="https://a.example/d?x=1&amp;y=2"' in html
    assert '<span class="button button-default">Bad</span>' in html
    assert "<script>alert" not in html
    assert "javascript:" not in html
    assert summary.startswith("2 firing: <cdc> - +2 new 订单同步")


async def test_a_card_of_the_older_schema_and_a_post_are_shown_too() -> None:
    older = {
        "msg_type": "interactive",
        "card": {
            "header": {"title": {"content": "Old"}, "template": "turquoise"},
            "elements": [
                {"tag": "div", "text": {"tag": "lark_md", "content": "**a**"}, "fields": [{"text": {"content": "b"}}]},
                {"tag": "note", "elements": [{"tag": "plain_text", "content": "c*d*"}]},
                {"tag": "action", "actions": [{"tag": "button", "text": {"content": "Go"}, "url": "http://x/"}]},
            ],
        },
    }
    run = [[{"tag": "text", "text": "see "}, {"tag": "a", "text": "this", "href": "http://x/"}]]
    post = {"msg_type": "post", "content": {"post": {"zh_cn": {"title": "标题", "content": run}}}}
    async with cloud() as client:
        await client.send("POST", "/feishu/open", older)
        await client.send("POST", "/feishu/open", post)
        html, _ = await page(client)
    assert '<section class="card card-green">' in html
    assert "<p><strong>a</strong></p><p>b</p>" in html
    assert '<div class="note"><p>c*d*</p></div>' in html
    assert ">Go</a>" in html
    assert '<strong>标题</strong><br>see <a href="http://x/"' in html


async def test_alertmanagers_body_is_a_compact_card_and_other_json_is_shown_as_it_is() -> None:
    resolved = {**ALERTMANAGER, "status": "resolved", "alerts": ALERTMANAGER["alerts"][1:]}
    async with cloud() as client:
        for body in (ALERTMANAGER, resolved, {"a": "<b>"}, {**ALERTMANAGER, "alerts": ALERTMANAGER["alerts"] * 9}):
            await client.send("POST", "/webhook/ops", body)
        html, _ = await page(client)
    assert '<section class="card card-orange">\n<h2>[FIRING:1] tasks-abnormal</h2>' in html
    assert '<section class="card card-green">\n<h2>[RESOLVED:1] tasks-abnormal</h2>' in html
    assert "<strong>orders</strong>" in html
    assert "9 abnormal" in html
    assert "+6 more" in html
    assert "&lt;b&gt;" in html


async def test_what_a_robot_refused_is_not_in_the_room() -> None:
    async with cloud() as client:
        await client.send("POST", "/feishu/demo", feishu_text("unsigned"))
        html, _ = await page(client)
    assert "unsigned" not in html
    assert "Nothing yet" in html


async def test_the_page_needs_no_script_and_allows_none_but_its_own() -> None:
    async with cloud() as client:
        html, headers = await page(client)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert re.findall(r"<script[^>]*>", html) == ['<script src="/chat/chat.js" defer>']
    assert "<style" not in html
    assert not re.search(r"\son\w+=|\sstyle=", html)
    assert 'name="viewport"' in html


async def test_one_robots_messages_can_be_looked_at_alone() -> None:
    async with cloud() as client:
        await client.send("POST", "/feishu/open", feishu_text("to-feishu"))
        await client.send("POST", "/webhook/ops", {"to": "the-hook"})
        only, _ = await page(client, "/chat?robot=webhook")
        every, _ = await page(client, "/chat?robot=nonsense")
    assert "the-hook" in only
    assert "to-feishu" not in only
    assert "to-feishu" in every
    assert 'data-count="feishu">1<' in only


async def test_the_page_speaks_the_readers_language() -> None:
    async with cloud() as client:
        chinese, _ = await page(client, **{"Accept-Language": "zh-CN,zh;q=0.9"})
        english, _ = await page(client, **{"Accept-Language": "de"})
        chosen, _ = await page(client, "/chat?lang=en", **{"Accept-Language": "zh"})
    assert '<html lang="zh-CN">' in chinese
    assert "数据集成告警群" in chinese
    assert '<html lang="en">' in english
    assert '<html lang="en">' in chosen


async def test_the_files_of_the_page_are_served_with_their_types_and_no_others() -> None:
    async with cloud() as client:
        types = {}
        for name in ("chat.css", "chat.js", "icon.svg"):
            _, headers = await page(client, f"/chat/{name}")
            types[name] = headers["Content-Type"].partition(";")[0]
        async with client.session.get(f"{client.credentials.url}/chat/..%2fpage.py") as reply:
            missing = reply.status
        root, _ = await page(client, "/")
    assert types == {"chat.css": "text/css", "chat.js": "text/javascript", "icon.svg": "image/svg+xml"}
    assert missing == 404
    assert "<h1>Data integration alerts</h1>" in root


async def test_the_stream_sends_what_was_missed_and_then_what_comes() -> None:
    async with cloud() as client:
        await client.send("POST", "/feishu/open", feishu_text("one"))
        await client.send("POST", "/feishu/demo", feishu_text("refused"))
        await client.send("POST", "/feishu/open", feishu_text("two"))
        url = f"{client.credentials.url}/chat/events?after=1"
        async with asyncio.timeout(5), client.session.get(url) as stream:
            assert stream.headers["Content-Type"] == "text/event-stream"
            missed = await event(stream)
            await client.send("POST", "/feishu/demo", feishu_text("refused"))
            await client.send("POST", "/webhook/ops", {"line": "a\nb"})
            live = await event(stream)
        reconnecting = {"Last-Event-ID": "4"}
        async with asyncio.timeout(5), client.session.get(url, headers=reconnecting) as stream:
            again = await event(stream)
    assert missed.startswith("id: 3\ndata: ")
    assert "two" in missed
    assert live == again
    assert live.startswith("id: 5\n")
    assert 'id="m5"' in live


async def test_an_open_stream_does_not_hold_up_the_end() -> None:
    async with asyncio.timeout(5):
        async with cloud() as client:
            stream = await client.session.get(f"{client.credentials.url}/chat/events")
            await client.send("POST", "/feishu/open", feishu_text("x"))
            assert "x" in await event(stream)
        stream.close()


async def event(stream: Any) -> str:
    raw: bytes = await stream.content.readuntil(b"\n\n")
    return raw.decode()


async def test_half_a_character_does_not_break_the_room() -> None:
    async with cloud() as client:
        await client.send("POST", "/feishu/open", feishu_text("x\ud800y"))
        html, _ = await page(client)
    assert "x?y" in html


WORDS = [
    "msg_type", "card", "content", "text", "post", "zh_cn", "title", "header", "body", "elements", "tag", "fields",
    "columns", "actions", "behaviors", "url", "alerts", "status", "labels", "annotations", "commonLabels", "firing",
    "truncatedAlerts", "interactive", "markdown", "div", "note", "button", "plain_text", "a",
]  # fmt: skip
JSON = st.recursive(
    st.sampled_from(WORDS) | st.none() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=25,
)


@given(JSON, st.sampled_from(["text", "post", "interactive", "image"]))
def test_every_body_that_a_robot_accepts_can_be_shown(raw: Any, kind: str) -> None:
    body = {"msg_type": kind, "content": raw, "card": raw}
    if well_formed(body):
        assert feishu_card.card(body).colour in COLOURS
    assert Webhook().card(raw).colour in COLOURS
    alerts = {"status": "firing", "alerts": raw if isinstance(raw, list) else [raw], "commonLabels": raw}
    assert Webhook().card(alerts).title.startswith("[FIRING:")
