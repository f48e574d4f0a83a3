"""When the watcher of the watcher hears from it, in virtual time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aioresponses import aioresponses
from structlog.testing import capture_logs

from monitor import clock
from monitor.heartbeat import OFF, Beat, Heartbeat
from monitor.meters import Meters, Pulse
from monitor.poller import NEVER

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
URL = "https://hc.example.com/ping/canary-4711"


class Town:
    """A heartbeat with a loop and an account that make progress, or do not."""

    def __init__(self, session: aiohttp.ClientSession, beat: Beat) -> None:
        self.now = clock.virtual(START, asyncio.get_running_loop())
        self.pulse, self.cycles, self.meters = Pulse(), Pulse(), Meters()
        self.pulse.expect("courier", within=timedelta(seconds=30), at=START)
        self.cycles.expect("prod", within=timedelta(seconds=70), at=NEVER)
        self.heartbeat = Heartbeat(
            beat, session, now=self.now, meters=self.meters, pulse=self.pulse, cycles=self.cycles
        )

    async def pass_by(self, seconds: int, *, loop: bool = True, cycle: bool = True) -> None:
        for _ in range(seconds):
            if loop:
                self.pulse.beat("courier", self.now())
            if cycle:
                self.cycles.beat("prod", self.now())
            await asyncio.sleep(1)

    def pings(self, outcome: str = "good") -> int:
        found = self.meters.registry.get_sample_value("fdi_monitor_heartbeats_total", {"outcome": outcome})
        return int(found or 0)


async def play(story, beat: Beat = Beat(URL, timedelta(seconds=60))) -> list[str]:  # type: ignore[no-untyped-def]  # noqa: B008
    """The addresses that were asked."""
    asked: list[str] = []
    async with aiohttp.ClientSession() as session:
        town = Town(session, beat)
        with aioresponses() as web:
            task = asyncio.create_task(town.heartbeat.run())
            await story(town, web)
            task.cancel()
            await asyncio.wait([task])
            asked += [str(url) for (_, url), calls in web.requests.items() for _ in calls]
    return asked


@pytest.mark.looptime
async def test_it_pings_after_the_first_full_cycle_and_then_as_often_as_asked() -> None:
    async def story(town: Town, web: aioresponses) -> None:
        web.get(URL, repeat=True)
        town.cycles.forget("prod")
        await town.pass_by(5, cycle=False)
        town.cycles.expect("prod", within=timedelta(seconds=70), at=NEVER)
        with capture_logs() as lines:
            await town.pass_by(25, cycle=False)
        assert town.pings() == 0
        assert lines == [], "nothing is held back before the first cycle"
        await town.pass_by(125)
        assert town.pings() == 3

    assert await play(story) == [URL] * 3


@pytest.mark.looptime
@pytest.mark.parametrize("idle", ["loop", "cycle"])
async def test_what_makes_no_progress_holds_it_back_and_is_said_once(idle: str) -> None:
    async def story(town: Town, web: aioresponses) -> None:
        web.get(URL, repeat=True)
        await town.pass_by(10)
        assert town.pings() == 1
        with capture_logs() as lines:
            await town.pass_by(300, **{idle: False})
        assert town.pings() <= 2
        assert [line["event"] for line in lines] == ["heartbeat is held back"]
        before = town.pings()
        await town.pass_by(10)
        assert town.pings() == before + 1

    await play(story)


@pytest.mark.looptime
async def test_while_the_store_takes_no_writes_it_is_held_back() -> None:
    async def story(town: Town, web: aioresponses) -> None:
        web.get(URL, repeat=True)
        await town.pass_by(5)
        town.meters.degraded.set(1)
        with capture_logs() as lines:
            await town.pass_by(200)
        assert town.pings() == 1
        assert [(line["event"], line["late"]) for line in lines] == [("heartbeat is held back", ["store"])]
        town.meters.degraded.set(0)
        await town.pass_by(5)
        assert town.pings() == 2

    await play(story)


@pytest.mark.looptime
async def test_a_ping_that_fails_is_said_once_without_its_address() -> None:
    async def story(town: Town, web: aioresponses) -> None:
        web.get(URL, status=500)
        web.get(URL, exception=aiohttp.ClientConnectionError(URL))
        web.get(URL)
        with capture_logs() as lines:
            await town.pass_by(130)
        assert [line["event"] for line in lines] == ["heartbeat failed", "heartbeat arrives again"]
        assert "canary" not in str(lines)
        assert (town.pings("failed"), town.pings()) == (2, 1)

    await play(story)


@pytest.mark.looptime
async def test_without_an_address_nobody_is_asked_until_a_reload_names_one() -> None:
    async def story(town: Town, web: aioresponses) -> None:
        web.get(URL, repeat=True)
        await town.pass_by(120)
        assert town.pings() == 0
        town.heartbeat.adopt(Beat(URL, timedelta(seconds=60)))
        await town.pass_by(5)
        assert town.pings() == 1
        town.heartbeat.adopt(OFF)
        await town.pass_by(120)
        assert town.pings() == 1

    await play(story, OFF)
