from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.simulator.quota import Limit, Quota, Window


@pytest.mark.parametrize(
    ("text", "limit", "words"),
    [
        ("20/s", Limit(20, 1), "limit:20,time:1 second"),
        ("100/1m", Limit(100, 60), "limit:100,time:1 minute"),
        ("200 / 5m", Limit(200, 300), "limit:200,time:5 minute"),
        ("3/90s", Limit(3, 90), "limit:3,time:90 second"),
        ("1/h", Limit(1, 3600), "limit:1,time:1 hour"),
    ],
)
def test_a_quota_is_read_and_said_in_the_gateways_words(text: str, limit: Limit, words: str) -> None:
    assert Limit.parse(text) == limit
    assert limit.words == words


@pytest.mark.parametrize("text", ["", "20", "20/", "0/s", "20/0s", "20/fortnight", "-1/s", "a/s", "20/s/s"])
def test_a_text_that_is_no_quota_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="write requests per time"):
        Limit.parse(text)


def test_the_window_slides_and_frees_a_place_when_the_oldest_arrival_is_one_period_old() -> None:
    quota = Quota(Limit(2, 1))
    assert quota.take(10.0) is None
    assert quota.take(10.6) is None
    assert quota.take(10.999) == Limit(2, 1)
    assert quota.take(11.0) is None
    assert quota.take(11.5) == Limit(2, 1)


def test_what_is_refused_takes_nothing_from_the_quota() -> None:
    quota = Quota(Limit(1, 1))
    assert quota.take(0.0) is None
    assert [quota.take(0.1 * step) for step in range(1, 10)] == [Limit(1, 1)] * 9
    assert quota.take(1.0) is None


def test_every_limit_of_a_quota_is_kept() -> None:
    quota = Quota(Limit(5, 1), Limit(6, 60))
    assert [quota.take(second) is None for second in range(8)] == [True] * 6 + [False] * 2


@given(st.lists(st.integers(0, 700), max_size=60))
def test_the_highest_count_is_that_of_every_window_that_ends_with_an_arrival(gaps: list[int]) -> None:
    arrivals = list(accumulate(gaps))
    window = Window(1000)
    for at in arrivals:
        window.add(at)
    brute = (sum(end - 1000 < at <= end for at in arrivals[: place + 1]) for place, end in enumerate(arrivals))
    assert window.highest == max(brute, default=0)


def test_a_clock_that_goes_back_does_not_empty_the_window() -> None:
    window = Window(1)
    window.add(100.0)
    assert window.add(50.0) == 2
