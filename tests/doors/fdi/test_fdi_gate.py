"""The gate: one by one until the credentials are proven, rest after refusals, pause after throttling. Virtual time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from fdi_kit import START

from monitor.clock import virtual
from monitor.errors import AuthFailed, Throttled
from monitor.fdi.answers import TimedOut
from monitor.fdi.gate import PATIENCE, REST, Gate, Pass

pytestmark = pytest.mark.looptime

REFUSED = AuthFailed("the credentials were refused", code="APIGW.0301", request_id="r1")


def gate(patience: float = 10) -> Gate:
    return Gate(virtual(START, asyncio.get_running_loop()), patience=patience)


async def proven_gate() -> Gate:
    made = gate()
    made.proven(await made.enter())
    return made


async def enters(made: Gate, within: float) -> Pass | None:
    """The leave that `made` gives within this many seconds."""
    try:
        async with asyncio.timeout(within):
            return await made.enter()
    except TimeoutError:
        return None


async def test_until_the_credentials_are_proven_requests_go_one_by_one() -> None:
    made = gate()
    first = await made.enter()
    others = [asyncio.create_task(made.enter()) for _ in range(5)]
    await asyncio.sleep(PATIENCE / 2)
    assert not any(other.done() for other in others)
    made.proven(first)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert all(other.done() for other in others)
    assert made.at_once() is not None


async def test_an_inconclusive_request_lets_the_next_one_try() -> None:
    made = gate()
    made.inconclusive(await made.enter())
    assert await enters(made, 0.1) is not None
    assert await enters(made, 0.1) is None


async def test_after_a_silent_first_request_one_more_goes_out_and_no_third() -> None:
    made = gate()
    start = asyncio.get_running_loop().time()
    assert await enters(made, 0.1)
    assert await enters(made, 5)
    assert asyncio.get_running_loop().time() == pytest.approx(start + PATIENCE)
    assert await enters(made, 5) is None


async def test_who_waits_too_long_for_others_proof_is_told_so() -> None:
    made = gate(patience=3)
    await made.enter()
    await made.enter()
    with pytest.raises(TimedOut, match="no answer yet to the first request"):
        await made.enter()


async def test_one_more_try_is_allowed_and_then_the_account_rests() -> None:
    made = gate()
    assert made.refused(await made.enter())
    assert not made.refused(await made.enter())
    made.rest(REFUSED)
    with pytest.raises(AuthFailed, match=r"refused; resting until 10:05:00 UTC") as caught:
        await made.enter()
    assert (caught.value.code, caught.value.request_id) == ("APIGW.0301", "r1")


async def test_two_requests_on_their_way_are_the_two_tries() -> None:
    made = gate()
    first, second = await made.enter(), await made.enter()
    assert made.refused(first)
    assert await enters(made, 2) is None
    assert not made.refused(second)


async def test_what_was_on_its_way_when_the_credentials_came_into_doubt_is_one_failure_together() -> None:
    made = await proven_gate()
    on_their_way = [await made.enter() for _ in range(30)]
    assert all(made.refused(leave) for leave in on_their_way)
    again = await made.enter()
    assert again.probe
    assert await enters(made, 0.5) is None
    made.proven(again)
    assert made.at_once() is not None


async def test_a_late_success_of_before_the_doubt_proves_nothing() -> None:
    made = await proven_gate()
    slow, refused = await made.enter(), await made.enter()
    made.refused(refused)
    made.proven(slow)
    assert made.at_once() is None


async def test_a_leave_is_void_after_a_rest_a_pause_or_a_doubt() -> None:
    made = await proven_gate()
    leave = await made.enter()
    assert made.still_holds(leave)
    made.pause(Throttled("throttled", wait=timedelta(seconds=5)))
    assert not made.still_holds(leave)
    await asyncio.sleep(5)
    assert made.still_holds(leave)
    made.refused(await made.enter())
    assert not made.still_holds(leave)


async def test_the_rest_ends_and_the_credentials_are_to_be_proven_again() -> None:
    made = await proven_gate()
    made.rest(REFUSED)
    await asyncio.sleep(REST - 0.1)
    with pytest.raises(AuthFailed):
        await made.enter()
    await asyncio.sleep(0.2)
    assert (await made.enter()).probe
    assert await enters(made, 0.1) is None


async def test_a_rest_is_not_prolonged_by_requests_that_come_back_late() -> None:
    made = gate()
    first = made.rest(REFUSED)
    await asyncio.sleep(REST / 2)
    assert made.rest(AuthFailed("another")) is first
    await asyncio.sleep(REST / 2 + 0.1)
    assert await made.enter()


async def test_those_who_wait_when_the_rest_begins_are_told_at_once() -> None:
    made = gate()
    await made.enter()
    waiting = asyncio.create_task(made.enter())
    await asyncio.sleep(0.1)
    made.rest(REFUSED)
    with pytest.raises(AuthFailed):
        async with asyncio.timeout(0.1):
            await waiting


async def test_a_short_pause_is_sat_out() -> None:
    made, loop = await proven_gate(), asyncio.get_running_loop()
    made.pause(Throttled("throttled", wait=timedelta(seconds=5)))
    made.pause(Throttled("throttled", wait=timedelta(seconds=2)))
    assert made.at_once() is None
    start = loop.time()
    await made.enter()
    assert loop.time() == pytest.approx(start + 5)


async def test_a_long_pause_is_told_at_once_with_what_is_left_of_it() -> None:
    made = await proven_gate()
    made.pause(Throttled("throttled", wait=timedelta(minutes=1), code="APIGW.0308", request_id="r2"))
    await asyncio.sleep(20)
    with pytest.raises(Throttled, match=r"throttled; paused until 10:01:00 UTC") as caught:
        await made.enter()
    assert caught.value.wait == timedelta(seconds=40)
    assert (caught.value.code, caught.value.request_id) == ("APIGW.0308", "r2")
