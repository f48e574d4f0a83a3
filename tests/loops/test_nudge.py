"""The bell between the loops."""

from __future__ import annotations

import asyncio

import pytest

from monitor.nudge import Nudge

pytestmark = pytest.mark.looptime


async def test_one_ring_wakes_everybody_who_waits() -> None:
    nudge = Nudge()
    listeners = [asyncio.create_task(nudge.wait()) for _ in range(3)]
    await asyncio.sleep(1)
    nudge.ring()
    assert await asyncio.gather(*listeners) == [1, 1, 1]


async def test_a_ring_wakes_nobody_who_comes_later() -> None:
    nudge = Nudge()
    nudge.ring()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10):
            await nudge.wait()


async def test_a_ring_between_two_waits_is_not_lost() -> None:
    nudge = Nudge()
    seen = nudge.rings
    nudge.ring()
    seen = await nudge.wait(since=seen)
    nudge.ring()
    nudge.ring()
    assert await nudge.wait(since=seen) == 3


async def test_who_has_seen_all_rings_waits_for_the_next() -> None:
    nudge = Nudge()
    nudge.ring()
    listener = asyncio.create_task(nudge.wait(since=nudge.rings))
    await asyncio.sleep(1)
    assert not listener.done()
    nudge.ring()
    assert await listener == 2
