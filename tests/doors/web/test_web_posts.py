"""Alerts that other systems post over Alertmanager's API: read, checked, and told apart from what is no alert."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from webrows import NOW, Client, alert, fill

from monitor.meters import Meters, Pulse
from monitor.nudge import Nudge
from monitor.posted import Post
from monitor.store.database import open_store
from monitor.web import am_posts
from monitor.web.server import make_app
from monitor.web.site import Site

FROM_PROMETHEUS = {
    "annotations": {"summary": "磁盘已满"},
    "endsAt": "2026-01-05T10:04:00.123456789Z",
    "startsAt": "2026-01-05T09:59:00.000Z",
    "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
    "labels": {"alertname": "DiskFull", "instance": "db-1", "empty": ""},
}


@asynccontextmanager
async def taking(data: Path, *, unfit: int = 0, **more: Any) -> AsyncIterator[tuple[list[Post], Client]]:
    """What reaches the intake of a site, which says that `unfit` did not fit; and a client."""
    taken: list[Post] = []

    async def take(posts: Sequence[Post]) -> int:
        taken.extend(posts)
        return unfit

    async with open_store(data) as store:
        site = Site(store, Meters(), Pulse(), lambda: NOW, Nudge(), post=take, **more)
        async with TestClient(TestServer(make_app(site))) as client:
            yield taken, client


async def refused(client: Client, body: bytes, status: int = 400) -> str:
    answer = await client.post("/api/v2/alerts", data=body)
    assert (answer.status, answer.content_type) == (status, "application/json")
    words = await answer.json()
    assert isinstance(words, str)
    return words


async def test_what_a_prometheus_sends_is_taken_whole(tmp_path: Path) -> None:
    async with taking(tmp_path) as (taken, client):
        answer = await client.post("/api/v2/alerts", json=[FROM_PROMETHEUS])
        assert (answer.status, await answer.read()) == (200, b"")
    [post] = taken
    assert post == Post(
        {"alertname": "DiskFull", "instance": "db-1"},
        {"summary": "磁盘已满"},
        datetime(2026, 1, 5, 9, 59, tzinfo=UTC),
        datetime(2026, 1, 5, 10, 4, 0, 123456, tzinfo=UTC),
        "http://prometheus:9090/graph?g0.expr=up",
    )


async def test_gos_zero_time_is_no_moment(tmp_path: Path) -> None:
    zero = {"startsAt": "0001-01-01T00:00:00.000Z", "endsAt": "0001-01-01T00:00:00Z", "labels": {"a": "b"}}
    async with taking(tmp_path) as (taken, client):
        assert (await client.post("/api/v2/alerts", json=[zero])).status == 200
    assert taken == [Post({"a": "b"})]


async def test_moments_of_others_are_on_the_clocks_of_people(tmp_path: Path) -> None:
    async with taking(tmp_path, wall=lambda: NOW + timedelta(minutes=10)) as (taken, client):
        await client.post("/api/v2/alerts", json=[FROM_PROMETHEUS])
    assert taken[0].starts_at == datetime(2026, 1, 5, 9, 49, tzinfo=UTC)


WRONG = [
    ({"labels": {}}, "alert 1: labels: Dictionary should have at least 1 item after validation, not 0"),
    ({"labels": {"a": ""}}, "alert 1: labels: at least one that is not empty is needed"),
    ({}, "alert 1: labels: Field required"),
    ({"labels": {"a": 5}}, "alert 1: labels.a: Input should be a valid string"),
    ({"labels": {"": "b"}}, "alert 1: labels: '' is no name: it has to be printable, of 1 to 256 characters"),
    ({"labels": {"a\nb": "c"}}, r"alert 1: labels: 'a\nb' is no name: it has to be printable, of 1 to 256 characters"),
    ({"labels": {"a": "b" * 4097}}, "alert 1: labels.a: 4,097 characters are too many, at most 4,096 are taken"),
    ({"labels": {"a": "b\0"}}, "alert 1: labels.a: a NUL character cannot be kept"),
    ({"labels": {str(n): "x" for n in range(101)}}, "alert 1: labels: 101 are too many, at most 100 are taken"),
    ({"labels": {"a": "b"}, "annotations": {"c": "d" * 16385}}, "alert 1: annotations.c: 16,385 characters are too"),
    ({"labels": {"a": "b"}, "startsAt": "yesterday"}, "alert 1: startsAt: Input should be a valid datetime"),
    ({"labels": {"a": "b"}, "endsAt": "2026-01-05T10:00:00"}, "alert 1: endsAt: Input should have timezone info"),
    (
        {"labels": {"a": "b"}, "startsAt": "2026-01-05T10:00:00Z", "endsAt": "2026-01-05T09:00:00Z"},
        "alert 1: endsAt: it ends before it starts",
    ),
    ({"labels": {"a": "b"}, "generatorURL": "x\0"}, "alert 1: generatorURL: a NUL character cannot be kept"),
    (None, "alert 1: Input should be a valid dictionary"),
]


@pytest.mark.parametrize(("wrong", "why"), WRONG)
async def test_a_faulty_one_is_refused_with_its_place_and_the_others_are_taken(
    tmp_path: Path, wrong: Any, why: str
) -> None:
    async with taking(tmp_path) as (taken, client):
        words = await refused(client, json.dumps([FROM_PROMETHEUS, wrong, {"labels": {"x": "y"}}]).encode())
    assert words.startswith(why)
    assert [post.labels.get("x", "") for post in taken] == ["", "y"]


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"null", b'"x"', b"\xff\xfe", b'[{"labels": {"a": "\\ud800"}}]'])
async def test_what_is_no_list_of_alerts_is_refused(tmp_path: Path, body: bytes) -> None:
    async with taking(tmp_path) as (taken, client):
        assert await refused(client, body)
    assert taken == []


async def test_an_endless_list_of_faults_is_cut(tmp_path: Path) -> None:
    async with taking(tmp_path) as (_, client):
        words = await refused(client, json.dumps([{}] * 50).encode())
    assert words.endswith("alert 9: labels: Field required (and 40 more)")


async def test_too_much_at_once_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(am_posts, "MOST", 3)
    monkeypatch.setattr(am_posts, "BODY", 1000)
    async with taking(tmp_path) as (taken, client):
        assert await refused(client, json.dumps([{"labels": {"a": "b"}}] * 4).encode()) == (
            "4 alerts in one request: at most 3 are taken, so send several"
        )
        words = await refused(client, b"[" + b" " * 1000 + b"]")
        assert words == "more than 1,000 bytes in one request: send several"
    assert taken == []


async def test_what_does_not_fit_may_come_again(tmp_path: Path) -> None:
    async with taking(tmp_path, unfit=7) as (_, client):
        words = await refused(client, json.dumps([FROM_PROMETHEUS]).encode(), status=503)
    assert words == "7 alerts were not taken: no more posted ones may fire at once"


async def test_a_posted_one_is_listed_with_its_own_words(tmp_path: Path) -> None:
    one = replace(
        alert(), key="posted-1", labels={"alertname": "Full", "severity": "page"}, source="http://p/graph", ends_at=NOW
    )
    async with open_store(tmp_path) as store:
        await fill(store, alert_rows=[one])
        app = make_app(Site(store, Meters(), Pulse(), lambda: NOW, Nudge()))
        async with TestClient(TestServer(app)) as client:
            [found] = await (await client.get("/api/v2/alerts")).json()
            assert found["labels"] == {"alertname": "Full", "severity": "page"}
            assert found["generatorURL"] == "http://p/graph"
            assert found["endsAt"] == "2026-01-05T10:05:00.000Z", "what fires has no end in the past"
            assert (await client.post("/api/v2/alerts", json=[])).status == 404, "here nobody takes any"
