"""The rhythm of the dispatcher and the courier, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from monitor import clock
from monitor.errors import StoreFailed
from monitor.meters import Pulse
from monitor.rounds import Rounds

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
Answer = timedelta | None | Exception


async def passes(answers: Sequence[Answer], *, wake_at: Sequence[float] = (), until: float = 60) -> list[float]:
    """When a loop comes round whose passes answer like this: come again after so long, by itself, or it fails."""
    loop = asyncio.get_running_loop()
    now = clock.virtual(START, loop)
    rounds = Rounds("courier", now=now, pulse=Pulse())
    seen: list[float] = []
    rest = list(answers)

    async def step(at: datetime) -> datetime | None:
        seen.append(round((at - START).total_seconds(), 3))
        answer = rest.pop(0) if rest else None
        if isinstance(answer, Exception):
            raise answer
        return at + answer if answer is not None else None

    for moment in wake_at:
        loop.call_later(moment, rounds.wake)
    task = asyncio.create_task(rounds.run(step))
    await asyncio.sleep(until)
    task.cancel()
    await asyncio.wait([task])
    return seen


@pytest.mark.looptime
async def test_with_nothing_to_do_it_comes_round_every_ten_seconds() -> None:
    assert await passes([], until=35) == [0, 10, 20, 30]


@pytest.mark.looptime
async def test_it_comes_when_the_next_thing_is_due() -> None:
    assert await passes([timedelta(seconds=3), timedelta(seconds=4)], until=12) == [0, 3, 7]


@pytest.mark.looptime
async def test_it_comes_at_once_when_woken() -> None:
    assert await passes([], wake_at=[4, 4.5], until=12) == [0, 4, 4.5]


@pytest.mark.looptime
async def test_what_is_due_already_is_done_at_once() -> None:
    assert await passes([timedelta(seconds=-5)], until=5) == [0, 0]


@pytest.mark.looptime
async def test_a_store_that_fails_is_told_of_once_and_its_return_too() -> None:
    with capture_logs() as logs:
        assert await passes([StoreFailed("disk full"), StoreFailed("disk full"), None], until=25) == [0, 10, 20]
    assert [(entry["event"], entry.get("reason")) for entry in logs] == [
        ("courier cannot work", "disk full"),
        ("courier works again", None),
    ]
