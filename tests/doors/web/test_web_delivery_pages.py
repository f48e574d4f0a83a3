"""The pages of messages: what became of each, what can be done, and how the receivers stand."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from webrows import NOW, Client, ago, alert, fill, letter, opened, page

from monitor.budget import PRESETS
from monitor.matchers import EVERYTHING
from monitor.routing import Route
from monitor.store import budgets, mailroom, merges
from monitor.store.outbox import Standing
from monitor.web.postboard import desks
from monitor.web.site import Site, Speech

SPEECH = Speech(
    Route("{}", "ops-chat", EVERYTHING, (), timedelta(), timedelta(), timedelta()),
    ("ops-chat", "oncall"),
    kinds={"ops-chat": ("feishu",), "oncall": ("email", "dingtalk")},
)
WAITS = letter(alert(), id="m-1")
DEAD = replace(
    letter(alert(), id="m-2"),
    state=Standing.DEAD,
    attempts=2,
    settled_at=ago(50),
    verdict="refused",
    reason="no keyword <b>",
)
DEAD_TOO = replace(DEAD, id="m-3")
SENT = replace(
    letter(alert(), id="m-4", receiver="oncall"), state=Standing.SENT, settled_at=ago(40), verdict="delivered"
)


def text(html: str) -> str:
    """What a reader sees: without tags, spaces folded."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@asynccontextmanager
async def scene(tmp_path: Path) -> AsyncIterator[tuple[Site, Client]]:
    async with opened(tmp_path, SPEECH) as (site, client):
        await fill(site.store, letters=[WAITS, DEAD, DEAD_TOO, SENT])
        yield site, client


async def state(site: Site, name: str) -> Standing | None:
    async with site.store.read() as tx:
        found = await mailroom.find(tx, name)
    return found.state if found else None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["m-3", "m-2", "m-1", "m-4"]),
        ("?show=dead", ["m-3", "m-2"]),
        ("?show=waiting", ["m-1"]),
        ("?show=sent", ["m-4"]),
        ("?receiver=oncall", ["m-4"]),
        ("?show=dead&receiver=oncall", []),
        ("?show=nonsense", ["m-3", "m-2", "m-1", "m-4"]),
    ],
)
async def test_messages_are_listed_undelivered_ones_first(tmp_path: Path, query: str, expected: list[str]) -> None:
    async with scene(tmp_path) as (_, client):
        html = await page(client, f"/deliveries{query}")
    assert re.findall(r'id="message-([^"]*)"', html) == expected


async def test_a_row_tells_what_became_of_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, client):
        html = await page(client, "/deliveries")
    assert "dead · ops-chat (feishu) · 09:59:10 UTC · 2 tries refused : no keyword &lt;b&gt;" in text(html)
    assert "waiting · ops-chat (feishu) · 09:58:20 UTC · 0 tries · next try 09:58:20 UTC" in text(html)
    assert re.findall(r"(all|waiting|sent|dead) <b>(\d)</b>", html) == [
        ("all", "4"),
        ("waiting", "1"),
        ("sent", "1"),
        ("dead", "2"),
    ]


async def test_receivers_tell_what_they_may_still_get_and_which_fail(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        async with site.store.write() as tx:
            await budgets.spend(tx, ("oncall", 1), [ago(50 + number / 100) for number in range(20)])
        seen = text(await page(client, "/deliveries"))
    assert "ops-chat feishu 1 2 0 100 of 100 in 1m 5 of 5 in 1s cannot be told feishu: no keyword" in seen
    assert "oncall email, dingtalk 0 0 1 0 of 20 in 1m (again in 9s) reached" in seen


def test_a_receiver_that_is_no_longer_in_the_policy_is_still_told_of() -> None:
    found = desks({"chat": ("slack",)}, {("gone", Standing.DEAD): 3}, {}, {}, at=NOW)
    assert [(one.name, one.kinds, one.dead) for one in found] == [("gone", (), 3), ("chat", ("slack",), 0)]
    [slack] = found[1].allowances
    assert (slack.left, slack.limit, slack.free_at) == (1, PRESETS["slack"][0], None)


async def test_one_message_tells_what_it_says_and_what_became_of_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, client):
        html = await page(client, "/deliveries/m-2")
        sent = await page(client, "/deliveries/m-4")
        assert (await client.get("/deliveries/m-9")).status == 404
    assert "[FIRING critical] tasks-abnormal · prod · orders" in html
    assert "3 tasks abnormal on orders" in html
    assert "no keyword &lt;b&gt;" in html
    assert 'action="../deliveries/m-2/retry"' in html
    assert 'action="../deliveries/m-2/drop"' in html
    assert "method=" not in sent


async def test_a_dead_letter_is_tried_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        answer = await client.post("/deliveries/m-2/retry", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "../../deliveries/m-2?said=retried")
        assert await state(site, "m-2") is Standing.WAITING
        sent = await client.post("/deliveries/m-4/retry", allow_redirects=False)
        assert sent.headers["Location"] == "../../deliveries/m-4?said=nothing"
        assert await state(site, "m-4") is Standing.SENT


async def test_a_dead_letter_is_dropped_after_a_question(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        answer = await client.post("/deliveries/m-2/drop", allow_redirects=False)
        assert answer.headers["Location"] == "../../deliveries?said=dropped"
        assert await state(site, "m-2") is None
        again = await client.post("/deliveries/m-2/drop", allow_redirects=False)
        assert again.headers["Location"] == "../../deliveries?said=nothing"


async def test_what_goes_out_inside_another_message_is_left_to_that_one(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        async with site.store.write() as tx:
            await merges.merge(tx, ["m-1"], "m-2")
        html = await page(client, "/deliveries/m-1")
        assert '<a href="../deliveries/m-2">' in html
        assert "method=" not in html
        answer = await client.post("/deliveries/m-1/drop", allow_redirects=False)
        assert answer.headers["Location"] == "../../deliveries?said=nothing"


async def test_all_that_was_given_up_for_a_receiver_is_tried_again_at_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as (site, client):
        asked = await page(client, "/deliveries/retry?receiver=ops-chat")
        assert "Retry 2 messages for ops-chat?" in asked
        assert await state(site, "m-2") is Standing.DEAD
        answer = await client.post("/deliveries/retry?receiver=ops-chat", allow_redirects=False)
        assert answer.headers["Location"] == "../deliveries?receiver=ops-chat&said=retried"
        assert [await state(site, name) for name in ("m-2", "m-3")] == [Standing.WAITING] * 2
        assert "Nothing was given up for ops-chat." in await page(client, "/deliveries/retry?receiver=ops-chat")
