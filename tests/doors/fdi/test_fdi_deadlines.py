"""Deadlines: each call ends at its own limit, and nothing else is mistaken for that. Virtual time."""

from __future__ import annotations

import asyncio

import pytest

from monitor.fdi.deadlines import Deadlines

pytestmark = pytest.mark.looptime


async def call(deadlines: Deadlines, seconds: float) -> float:
    """When a call that takes `seconds` ended."""
    try:
        with deadlines.start():
            await asyncio.sleep(seconds)
    except TimeoutError:
        return -asyncio.get_running_loop().time()
    return asyncio.get_running_loop().time()


async def test_a_call_that_takes_too_long_ends_at_the_limit_with_a_timeout() -> None:
    start = asyncio.get_running_loop().time()
    assert await call(Deadlines(5), 60) == pytest.approx(-(start + 5))


async def test_a_call_in_time_is_left_alone() -> None:
    deadlines = Deadlines(5)
    assert await call(deadlines, 4.9) > 0
    await asyncio.sleep(10)


async def test_each_of_many_calls_has_its_own_limit() -> None:
    deadlines, start = Deadlines(5), asyncio.get_running_loop().time()

    async def later(wait: float, seconds: float) -> float:
        await asyncio.sleep(wait)
        return await call(deadlines, seconds)

    ended = await asyncio.gather(later(0, 60), later(1, 1), later(2, 60), later(2, 4), later(30, 60))
    assert [round(end - start if end > 0 else end + start, 3) for end in ended] == [-5, 2, -7, 6, -35]


async def test_a_cancellation_from_outside_stays_one() -> None:
    task = asyncio.create_task(call(Deadlines(5), 60))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_at_the_very_limit_is_not_swallowed() -> None:
    deadlines = Deadlines(5)
    task = asyncio.create_task(call(deadlines, 60))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_at(deadlines._running[0].due, task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_another_error_passes_through() -> None:
    with pytest.raises(ZeroDivisionError), Deadlines(5).start():
        await asyncio.sleep(1)
        _ = 1 / 0


async def test_ended_calls_are_forgotten() -> None:
    deadlines = Deadlines(5)
    for _ in range(100):
        await call(deadlines, 0.01)
    assert len(deadlines._running) == 0
