"""Sums and extremes that are kept up to date say what adding up anew would say, to the last digit."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rules.names import AGGREGATES
from monitor.rules.tally import tally

numbers = st.one_of(
    st.integers(0, 10**6), st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.1, 1 / 3, -0.0, 1e308])
)
steps = st.lists(st.tuples(st.integers(0, 5), st.none() | numbers), max_size=40)


def anew(function: str, values: list[float]) -> float:
    """Python's own answer."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan
    if function in ("min", "max"):
        return float(min(known) if function == "min" else max(known))
    infinite = [value for value in known if math.isinf(value)]
    if infinite:
        return sum(infinite)
    try:
        total = math.fsum(known)
    except OverflowError:
        return math.nan
    return total / len(known) if function == "avg" else total


def same(found: float, expected: float, *, rounded_twice: bool) -> bool:
    if math.isnan(expected):
        return math.isnan(found)
    return math.isclose(found, expected, rel_tol=1e-15, abs_tol=5e-324) if rounded_twice else found == expected


@pytest.mark.parametrize("function", AGGREGATES)
@given(changes=steps)
def test_a_tally_is_what_python_gives_for_all_members(function: str, changes: list[tuple[int, float | None]]) -> None:
    kept, members = tally(function), dict[int, float]()
    for member, value in changes:
        if value is None:
            kept.drop(member)
            members.pop(member, None)
        else:
            kept.put(member, value)
            members[member] = value
        known = [one for one in members.values() if not math.isnan(one)]
        assert kept.known == len(known)
        expected = anew(function, known)
        if known and math.isnan(expected) and not any(map(math.isinf, known)):
            continue  # beyond the largest float, where fsum gives up
        assert same(float(kept.value()), expected, rounded_twice=function == "avg")


def test_no_error_adds_up() -> None:
    kept = tally("sum")
    for _ in range(1000):
        for member, value in enumerate((0.1, 0.2, 0.3, 1e16, -1e16)):
            kept.put(member, value)
        for member in range(5):
            kept.put(member, 0)
    assert kept.value() == 0


def test_a_sum_beyond_the_largest_float_is_infinite() -> None:
    kept = tally("sum")
    kept.put("a", 1.7e308)
    kept.put("b", 1.7e308)
    assert kept.value() == math.inf
    kept.put("b", -1.7e308)
    assert kept.value() == 0


@pytest.mark.parametrize("function", ["min", "max"])
def test_the_heap_of_an_extreme_does_not_grow_with_the_samples(function: str) -> None:
    kept = tally(function)
    for number in range(10_000):
        kept.put(number % 10, number * (1 if function == "min" else -1))
    assert len(kept._heap) <= 2 * 10 + 65  # type: ignore[attr-defined]


@pytest.mark.parametrize("function", AGGREGATES)
def test_a_change_costs_the_same_in_a_large_group(function: str) -> None:
    """Counted in what is done, not in time: the work on the structures is bounded by their logarithm."""
    kept = tally(function)
    for member in range(10_000):
        kept.put(member, member)
    began = time.process_time()
    for number in range(1000):
        kept.put(number * 7 % 10_000, number)
        kept.value()
    # Looking at every member once for each change would take several seconds.
    assert time.process_time() - began < 1
