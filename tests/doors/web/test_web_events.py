"""The stream of events, over a real socket."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession
from webrows import NOW, opened

from monitor.meters import Meters, Pulse
from monitor.model import Cause, Severity, State, Transition
from monitor.nudge import Nudge
from monitor.store import alerts
from monitor.store.database import open_store
from monitor.web import events
from monitor.web.server import make_app, serve
from monitor.web.site import Site

EVENTS = "/api/fdi/v1/events"
CHANGED = b"id: 0\r\nevent: changed\r\ndata: 2026-01-05T10:00:00+00:00\r\n\r\n"


async def settled() -> None:
    """Lets the handler on the other side of the socket come to its wait."""
    await asyncio.sleep(0.05)


async def test_a_change_is_told_once_and_not_again_within_a_second(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client), client.get(EVENTS) as answer:
        assert answer.content_type == "text/event-stream"
        await settled()
        for _ in range(3):
            site.changed.ring()
        assert await answer.content.readexactly(len(CHANGED)) == CHANGED
        site.changed.ring()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.15):
                await answer.content.readany()


async def test_every_reader_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client), client.get(EVENTS) as one, client.get(EVENTS) as other:
        await settled()
        site.changed.ring()
        for answer in (one, other):
            assert await answer.content.readexactly(len(CHANGED)) == CHANGED


def stepped(name: str) -> Transition:
    return Transition(name, NOW, State.PENDING, State.FIRING, Cause.HELD, Severity.CRITICAL, "tasks-abnormal", "1")


async def move(site: Site, *names: str) -> None:
    """These alerts take a step, and whoever looks is told."""
    async with site.store.write() as tx:
        await alerts.append(tx, [stepped(name) for name in names])
    site.changed.ring()


async def heard(answer: ClientResponse, events: int) -> list[dict[str, str]]:
    """The next events of a stream."""
    found: list[dict[str, str]] = []
    while len(found) < events:
        lines = (await answer.content.readuntil(b"\r\n\r\n")).decode().strip().splitlines()
        found.append(dict(line.split(": ", 1) for line in lines))
    return found


async def test_each_step_of_an_alert_is_told_and_numbered(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await move(site, "before")
        async with client.get(EVENTS) as answer:
            await settled()
            await move(site, "one", "two")
            first, second, changed = await heard(answer, 3)
    assert [(one["event"], one["id"]) for one in (first, second, changed)] == [
        ("alert", "2"),
        ("alert", "3"),
        ("changed", "3"),
    ]
    assert json.loads(first["data"]) == {
        "fingerprint": "one",
        "at": "2026-01-05T10:00:00.000Z",
        "before": "pending",
        "after": "firing",
        "cause": "held",
        "severity": "critical",
        "rule": "tasks-abnormal",
    }


async def test_who_comes_back_is_told_at_once_what_was_missed(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await move(site, "one", "two", "three")
        async with client.get(EVENTS, headers={"Last-Event-ID": "1"}) as answer:
            missed = await heard(answer, 3)
    assert [one["id"] for one in missed] == ["2", "3", "3"]


@pytest.mark.parametrize("said", ["", "x", "-1", "1.5", "9" * 30, "٣"])
async def test_an_id_that_is_none_of_ours_is_as_good_as_none(tmp_path: Path, said: str) -> None:
    async with opened(tmp_path) as (site, client):
        await move(site, "before")
        async with client.get(EVENTS, headers={"Last-Event-ID": said}) as answer:
            await settled()
            site.changed.ring()
            [only] = await heard(answer, 1)
    assert (only["event"], only["id"]) == ("changed", "1")


async def test_a_quiet_stream_shows_that_it_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.05)
    async with opened(tmp_path) as (_, client), client.get(EVENTS) as answer:
        assert (await answer.content.readline()).startswith(b": ping")


async def test_a_reader_that_left_harms_nobody(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client), client.get(EVENTS) as stays:
        gone = await client.get(EVENTS)
        await settled()
        gone.close()
        site.changed.ring()
        assert await stays.content.readexactly(len(CHANGED)) == CHANGED
        assert (await client.get("/healthz")).status == 200


async def test_open_streams_end_cleanly_when_the_service_stops(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with open_store(tmp_path) as store, ClientSession() as session:
        site = Site(store, Meters(), Pulse(), lambda: NOW, Nudge())
        async with serve(make_app(site), "127.0.0.1", 0) as port:
            answers = [await session.get(f"http://127.0.0.1:{port}{EVENTS}") for _ in range(3)]
            await settled()
            begun = loop.time()
        assert loop.time() - begun < 1
        # a body that was cut short would raise here
        assert [await answer.read() for answer in answers] == [b"", b"", b""]
