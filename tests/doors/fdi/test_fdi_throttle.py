"""The throttle: the quota in every window, nearly used up, first come first served. Virtual time."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from fdi_kit import virtually
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.fdi.departure import Departure
from monitor.fdi.throttle import FairThrottler

QUOTAS = [(20, 1.0), (1000, 1.0), (100, 60.0), (1, 1.0), (7, 3.0), (5, 0.1)]


def most_in_any_window(times: Sequence[float], period: float) -> int:
    """The highest number of `times` in any closed window of `period`."""
    ordered, first, most = sorted(times), 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] > period:
            first += 1
        most = max(most, last - first + 1)
    return most


async def saturate(throttler: FairThrottler, total: int, *, workers: int = 40) -> list[float]:
    """When each of `total` requests of greedy workers was let out."""
    loop, left = asyncio.get_running_loop(), iter(range(total))
    times: list[float] = []

    async def work() -> None:
        for _ in left:
            await throttler.acquire()
            times.append(loop.time())

    await asyncio.gather(*(work() for _ in range(workers)))
    return times


@pytest.mark.parametrize(("requests", "period"), QUOTAS)
def test_at_saturation_the_quota_is_kept_in_every_window_and_97_percent_of_it_used(
    requests: int, period: float
) -> None:
    windows = 12
    times = virtually(saturate(FairThrottler(requests, period), requests * windows + 1))
    assert most_in_any_window(times, period) <= requests
    assert requests * windows / (times[-1] - times[0]) >= 0.97 * requests / period


@pytest.mark.parametrize(("requests", "period"), [(20, 1.0), (1000, 1.0), (100, 60.0)])
def test_requests_that_dawdle_on_their_way_do_not_crowd_a_window_at_the_server(requests: int, period: float) -> None:
    dice = random.Random(7)
    times = virtually(saturate(FairThrottler(requests, period), requests * 10))
    arrived = [at + dice.uniform(0, 0.019 * period) for at in times]
    assert most_in_any_window(arrived, period) <= requests


async def arrivals(throttler: FairThrottler, delays: Iterator[tuple[float, float]], total: int) -> list[float]:
    """When each of `total` requests of greedy workers reached the server, given its way there and the way back."""
    loop, left = asyncio.get_running_loop(), iter(range(total))
    arrived: list[float] = []

    async def work() -> None:
        for _ in left:
            there, back = next(delays)
            departure = await throttler.acquire()
            await asyncio.sleep(there)
            arrived.append(loop.time())
            await asyncio.sleep(back)
            throttler.answered(departure)

    await asyncio.gather(*(work() for _ in range(40)))
    return arrived


def stalling(dice: random.Random) -> Iterator[tuple[float, float]]:
    """Mostly a quick way there; one request in five is held up on it for up to an eighth of a second."""
    while True:
        yield 0.001 + (dice.uniform(0, 0.12) if dice.random() < 0.2 else 0.0), 0.002


@pytest.mark.parametrize("requests", [5, 20, 200])
def test_a_server_that_stalls_sees_no_window_with_more_than_the_quota(requests: int) -> None:
    arrived = virtually(arrivals(FairThrottler(requests), stalling(random.Random(7)), requests * 30))
    assert most_in_any_window(arrived, 1.0) <= requests


@pytest.mark.parametrize("late", [(0.4,), (0.3, 0.9), (0.0, 0.6), (0.9, 0.5)])
def test_the_first_requests_have_nothing_to_compare_with_and_may_have_been_late(late: tuple[float, ...]) -> None:
    ways = itertools.chain(((held_up, 0.01) for held_up in late), itertools.repeat((0.0, 0.01)))
    throttler = FairThrottler(2, 2.0)
    throttler.allowance = lambda requests, _period: requests
    arrived = virtually(arrivals(throttler, ways, 20))
    assert most_in_any_window(arrived, 2.0) <= 2


def test_a_steady_way_costs_no_throughput_however_long_it_is() -> None:
    arrived = virtually(arrivals(FairThrottler(20), itertools.repeat((0.3, 0.3)), 20 * 30 + 1))
    assert most_in_any_window(arrived, 1.0) <= 20
    assert 20 * 30 / (arrived[-1] - arrived[0]) >= 0.97 * 20


@pytest.mark.parametrize(("hang", "least"), [(20, 0.96), (5, 0.95), (2, 0.92)])
def test_slow_instances_cost_the_others_next_to_nothing(hang: int, least: float) -> None:
    """One request in so many hangs until its time-out, and the others are answered at once."""

    async def story() -> tuple[list[float], float]:
        loop, throttler, tasks = asyncio.get_running_loop(), FairThrottler(20), list[asyncio.Task[None]]()
        times: list[float] = []

        async def answer(departure: Departure) -> None:
            await asyncio.sleep(0.005)
            throttler.answered(departure)

        for number in range(20 * 30 + 1):
            departure = await throttler.acquire()
            times.append(departure)
            if number % hang:
                tasks.append(asyncio.create_task(answer(departure)))
        took = loop.time()
        await asyncio.gather(*tasks)
        return times, took

    times, took = virtually(story())
    assert most_in_any_window(times, 1.0) <= 20
    assert 20 * 30 / took >= least * 20


def test_while_nothing_is_answered_requests_may_all_have_been_held_up_and_fewer_are_sent() -> None:
    async def story() -> float:
        loop, throttler = asyncio.get_running_loop(), FairThrottler(20)
        for _ in range(20 * 10 + 1):
            await throttler.acquire()
        return loop.time()

    assert 20 * 10 / virtually(story()) >= 0.66 * 20


@pytest.mark.parametrize(("requests", "period"), [(20, 1.0), (1000, 1.0)])
def test_a_loop_that_wakes_up_late_breaks_no_quota_and_loses_no_throughput(
    requests: int, period: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice, sleep = random.Random(7), asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda seconds: sleep(seconds + dice.uniform(0, 0.008)))
    times = virtually(saturate(FairThrottler(requests, period), requests * 30 + 1))
    assert most_in_any_window(times, period) <= requests
    assert requests * 30 / (times[-1] - times[0]) >= 0.97 * requests / period


def test_a_thousand_a_second_leave_in_slices_of_fifty_not_in_one_burst() -> None:
    times = virtually(saturate(FairThrottler(1000, 1.0), 3000, workers=1500))
    assert most_in_any_window(times, 0.05) <= 50


def test_twenty_a_second_leave_one_by_one() -> None:
    times = virtually(saturate(FairThrottler(20, 1.0), 60))
    assert min(later - earlier for earlier, later in pairwise(times)) == pytest.approx(0.051)


def test_the_first_request_does_not_wait() -> None:
    async def story() -> float:
        loop = asyncio.get_running_loop()
        before = loop.time()
        await FairThrottler(1, 60.0).acquire()
        return loop.time() - before

    assert virtually(story()) == 0


def test_who_comes_first_is_served_first() -> None:
    async def story() -> list[int]:
        throttler, served = FairThrottler(100, 1.0), list[int]()

        async def one(number: int) -> None:
            await throttler.acquire()
            served.append(number)

        await asyncio.gather(*(one(number) for number in range(500)))
        return served

    assert virtually(story()) == list(range(500))


def test_who_is_cancelled_in_the_line_takes_nothing_and_blocks_nobody() -> None:
    async def story() -> tuple[list[int], float]:
        loop, throttler, served = asyncio.get_running_loop(), FairThrottler(10, 1.0), list[int]()

        async def one(number: int) -> None:
            await throttler.acquire()
            served.append(number)

        tasks = [asyncio.create_task(one(number)) for number in range(60)]
        await asyncio.sleep(0.5)
        for number, task in enumerate(tasks):
            if number % 2:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return served, loop.time()

    served, took = virtually(story())
    early = [number for number in served if number < 5]
    assert early == [0, 1, 2, 3, 4]
    assert [number for number in served if number >= 5] == list(range(6, 60, 2))
    assert took == pytest.approx((len(served) - 1) * 0.102, abs=0.001)


@settings(max_examples=60, deadline=None)
@given(
    requests=st.integers(1, 60),
    period=st.sampled_from([0.2, 1.0, 3.0, 60.0]),
    gaps=st.lists(st.floats(0, 2.5), min_size=1, max_size=120),
    cancelled=st.sets(st.integers(0, 119)),
)
def test_however_requests_come_and_go_no_window_holds_more_than_the_quota(
    requests: int, period: float, gaps: list[float], cancelled: set[int]
) -> None:
    async def story() -> list[float]:
        loop, throttler, times = asyncio.get_running_loop(), FairThrottler(requests, period), list[float]()

        async def one() -> None:
            await throttler.acquire()
            times.append(loop.time())

        tasks = []
        for number, gap in enumerate(gaps):
            await asyncio.sleep(gap * period / requests)
            tasks.append(asyncio.create_task(one()))
            if number in cancelled:
                await asyncio.sleep(0)
                tasks[number // 2].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return times

    times = virtually(story())
    assert times == sorted(times)
    assert most_in_any_window(times, period) <= requests


def test_eased_it_lets_half_through_and_climbs_back_evenly() -> None:
    async def story() -> list[int]:
        throttler = FairThrottler(100)
        loop = asyncio.get_running_loop()
        throttler.ease(resumes_in=0)
        start, times = loop.time(), []
        while loop.time() - start < 40:
            await throttler.acquire()
            times.append(loop.time() - start)
        return [sum(second <= at < second + 1 for at in times) for second in range(40)]

    by_second = virtually(story())
    assert by_second[0] in range(45, 60)
    assert by_second[10] in range(66, 73)
    assert all(later >= earlier - 5 for earlier, later in pairwise(by_second))
    assert min(by_second[26:]) >= 93


def test_requests_throttled_together_halve_it_once_and_another_throttling_again() -> None:
    async def story() -> list[float]:
        throttler = FairThrottler(100)
        shares = []
        for _ in range(3):
            throttler.ease(resumes_in=10)
        shares.append(throttler.share)
        await asyncio.sleep(11)
        throttler.ease(resumes_in=10)
        shares.append(throttler.share)
        for _ in range(9):
            await asyncio.sleep(11)
            throttler.ease(resumes_in=10)
        shares.append(throttler.share)
        await asyncio.sleep(60)
        shares.append(throttler.share)
        return shares

    assert virtually(story()) == pytest.approx([0.5, 0.26, 0.1, 1.0])


@given(
    before=st.tuples(st.integers(1, 40), st.sampled_from([0.5, 1.0, 5.0])),
    after=st.tuples(st.integers(1, 40), st.sampled_from([0.5, 1.0, 5.0])),
    sent=st.integers(0, 60),
    crowd=st.integers(1, 60),
)
@settings(max_examples=60, deadline=None)
def test_another_quota_holds_over_what_was_sent_under_the_one_before(
    before: tuple[int, float], after: tuple[int, float], sent: int, crowd: int
) -> None:
    async def story() -> tuple[list[float], float]:
        throttler = FairThrottler(*before)
        times: list[float] = []

        async def one() -> None:
            await throttler.acquire()
            times.append(asyncio.get_running_loop().time())

        for _ in range(sent):
            await one()
        # some wait in line while the quota changes
        tasks = [asyncio.create_task(one()) for _ in range(crowd)]
        await asyncio.sleep(0)
        changed_at = asyncio.get_running_loop().time()
        throttler.retune(*after)
        await asyncio.gather(*tasks)
        return times, changed_at

    times, changed_at = virtually(story())
    requests, period = after
    since = [at for at in times if at > changed_at]
    for at in since:
        assert sum(at - period < one <= at for one in times) <= requests


def test_the_same_quota_again_changes_nothing() -> None:
    async def story(*, again: bool) -> list[float]:
        throttler = FairThrottler(20)
        times = []
        for number in range(60):
            if again and number % 7 == 0:
                throttler.retune(20, 1.0)
            await throttler.acquire()
            times.append(asyncio.get_running_loop().time())
        return times

    assert virtually(story(again=True)) == virtually(story(again=False))


@given(
    quota=st.sampled_from([(20, 1.0), (7, 3.0), (3, 60.0)]),
    moved_after=st.floats(min_value=0.0, max_value=8.0),
    known=st.booleans(),
)
@settings(deadline=None, max_examples=30)
def test_whoever_uses_the_quota_next_breaks_no_window(
    quota: tuple[int, float], moved_after: float, known: bool
) -> None:
    requests, period = quota

    async def story() -> list[float]:
        loop = asyncio.get_running_loop()
        times: list[float] = []

        async def use(throttler: FairThrottler, total: int) -> None:
            for _ in range(total):
                departure = await throttler.acquire()
                times.append(loop.time())
                throttler.answered(departure)

        before, after = FairThrottler(requests, period), FairThrottler(requests, period)
        user = asyncio.create_task(use(before, requests * 4))
        await asyncio.sleep(moved_after * period / 4)
        user.cancel()
        after.occupy(before.spent() if known else None)
        await use(after, requests * 2)
        return times

    assert most_in_any_window(virtually(story()), period) <= requests


def test_what_others_spent_long_ago_costs_nothing_and_what_they_spent_now_is_waited_for() -> None:
    async def story() -> tuple[float, float, float]:
        loop = asyncio.get_running_loop()
        waits = []
        for ages in ([], [59.0, 30.0], None):
            throttler = FairThrottler(2, 60.0)
            throttler.occupy(ages)
            before = loop.time()
            await throttler.acquire()
            waits.append(loop.time() - before)
        return waits[0], waits[1], waits[2]

    none, two, unknown = virtually(story())
    assert none == 0
    assert two == pytest.approx(2.2, abs=0.01)
    assert unknown == pytest.approx(61.2, abs=0.01)


def test_nothing_leaves_while_another_may_use_the_quota() -> None:
    async def story() -> float:
        loop = asyncio.get_running_loop()
        throttler = FairThrottler(20, 1.0)
        throttler.allowance = lambda requests, _period: requests if loop.time() > 5 else 0
        await throttler.acquire()
        return loop.time()

    assert virtually(story()) == pytest.approx(5.05, abs=0.06)


@given(steps=st.lists(st.tuples(st.integers(0, 20), st.floats(0.05, 3.0)), min_size=1, max_size=12))
@settings(deadline=None, max_examples=40)
def test_whatever_part_of_the_quota_is_ours_and_when_no_window_holds_more(steps: list[tuple[int, float]]) -> None:
    async def story() -> tuple[list[float], list[tuple[float, int]]]:
        loop, throttler = asyncio.get_running_loop(), FairThrottler(20, 1.0)
        times: list[float] = []
        parts = [(0.0, 20)]
        throttler.allowance = lambda _requests, _period: parts[-1][1]

        async def use() -> None:
            while True:
                departure = await throttler.acquire()
                times.append(loop.time())
                throttler.answered(departure)

        user = asyncio.create_task(use())
        for ours, seconds in steps:
            await asyncio.sleep(seconds)
            parts.append((loop.time(), ours))
        user.cancel()
        return times, parts

    times, parts = virtually(story())
    assert most_in_any_window(times, 1.0) <= 20
    for (begin, ours), (end, _) in itertools.pairwise(parts):
        # what leaves after the part became smaller fits into it together with what left before
        for at in (one for one in times if begin < one <= end):
            assert ours == 0 or sum(at - 1.0 < one <= at for one in times) <= max(ours, 1)
        assert ours > 0 or not any(begin < one <= end for one in times)
