"""When a condition may change its mind while the counts do not is read off its text."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.rules.edges import Edges, Look
from monitor.rules.expression import compile_expression
from monitor.rules.moves import bits
from monitor.rules.quantity import Dimension, Quantity

TICK = timedelta(microseconds=1)
THRESHOLDS = {"patience": Quantity(150.0, Dimension.DURATION), "most": Quantity(3.0)}


def minutes(*numbers: float) -> frozenset[timedelta]:
    return frozenset(timedelta(minutes=number) for number in numbers)


def looks(**names: float) -> frozenset[Look]:
    return frozenset(Look(timedelta(minutes=far), bits(name.split("_"))) for name, far in names.items())


def around(seconds: float) -> frozenset[timedelta]:
    middle = timedelta(seconds=seconds)
    return frozenset((middle - TICK, middle, middle + TICK))


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("abnormal > 0 and up == 1", Edges()),
        ("latency > 5s or suspicious == 1", Edges()),
        ("delta(abnormal, 5m) > 0 or max_over_time(running, 10m) > most", Edges(leaves=looks(abnormal=5, running=10))),
        ("changes(running - abnormal, 5m) > 1", Edges(leaves=looks(running_abnormal=5))),
        ("ago(abnormal, 5m) < abnormal", Edges(arrives=looks(abnormal=5))),
        ("avg_over_time(abnormal, 5m) > 1", Edges(smooth=minutes(5))),
        ("delta(abnormal / running, 5m) > 1", Edges(smooth=minutes(5))),
        ("age > 3m", Edges(ages=around(180))),
        ("patience * 2 <= age", Edges(ages=around(300))),
        ("failures >= most", Edges(failures=frozenset((3, 4)))),
        ("failures > 2.5", Edges(failures=frozenset((3,)))),
        ("age / 1m > 3", Edges(falling=True)),
        ("age > latency * 2", Edges(falling=True)),
        ("failures > abnormal", Edges(falling=True)),
        ("age < 1m / 0", Edges()),
        ("not (age > 3m and delta(abnormal, 5m) > 0)", Edges(leaves=looks(abnormal=5), ages=around(180))),
    ],
)
def test_the_edges_of_a_condition(text: str, edges: Edges) -> None:
    assert compile_expression(text, thresholds=THRESHOLDS).edges == edges


def test_the_reach_is_the_longest_look_back() -> None:
    both = Edges(leaves=looks(abnormal=5), smooth=minutes(7)) | Edges(arrives=looks(running=6), always=True)
    assert (both.reach, both.always) == (timedelta(minutes=7), True)
    assert Edges().reach == timedelta()
