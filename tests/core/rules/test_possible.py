"""What can never hold is proven, never guessed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Counts
from monitor.rules.compile import compile_truth
from monitor.rules.dimensions import check_condition
from monitor.rules.facts import Facts
from monitor.rules.intervals import Interval
from monitor.rules.parser import parse
from monitor.rules.possible import impossible
from monitor.rules.quantity import Dimension, Quantity
from monitor.rules.window import Window
from monitor.textfault import TextFault

AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
THRESHOLDS = {"warn": Quantity(1), "crit": Quantity(5), "back": Quantity(300, Dimension.DURATION)}


def never(text: str, **overridden: tuple[float, float]) -> bool:
    tree = parse(text)
    check_condition(tree, THRESHOLDS)
    named = {name: Interval(given.value, given.value) for name, given in THRESHOLDS.items()}
    return impossible(tree, named | {name: Interval(*ends) for name, ends in overridden.items()})


@pytest.mark.parametrize(
    "text",
    [
        "abnormal < 0",
        "not abnormal >= 0",
        "1 > 2",
        "up == 2",
        "up > 0 and up < 1",
        "suspicious > 1",
        "abnormal > 0 and abnormal < 1",
        "abnormal > 5 and abnormal < 3",
        "abnormal != 0 and abnormal < 1",
        "abnormal == 2.5",
        "abnormal + running < 0",
        "-abnormal > 0",
        "abnormal / running < 0",
        "cdc.abnormal > 5 and abnormal < 3",
        "abnormal > 4 and cdc.abnormal == 0 and common.abnormal <= 3",
        "abnormal > crit and abnormal <= warn",
        "up == 0 and cdc.abnormal > 0",
        "up == 1 and age > 3m",
        "up == 0 and failures == 0",
        "failures >= 3 and abnormal > 0",
        "age > 3m and cdc.abnormal / running > 20%",
        "age < 0s",
        "abnormal > running and running > abnormal",
        "abnormal > running and abnormal == running",
        "abnormal > abnormal",
        "running > max_over_time(running, 1h)",
        "min_over_time(running, 1h) > running",
        "increase(abnormal, 5m) < 0",
        "changes(abnormal, 5m) == 0.5",
        "max_over_time(abnormal, back) < 0",
        "avg_over_time(abnormal + 1, 5m) < 0",
        "(abnormal > 3 or running > 3) and abnormal < 2 and running < 2",
        "not (abnormal >= 0 or running > 3)",
        "abnormal * 2 < 6 and abnormal * 2 > 8",
        "running == 0 and abnormal + running < abnormal * 0",
    ],
)
def test_a_contradiction_is_found(text: str) -> None:
    assert never(text)


@pytest.mark.parametrize(
    "text",
    [
        "abnormal > 0",
        "abnormal >= 0",
        "up == 0 and age > 3m",
        "up == 0 and max_over_time(abnormal, 1h) > 0",
        "up == 0 or abnormal > 0",
        "abnormal == 0 and abnormal / running == 0",
        "abnormal / running > 100%",
        "abnormal * 0.1 > 0.3 and abnormal <= 3",
        "delta(abnormal, 5m) < 0",
        "avg_over_time(abnormal * 0.1, 5m) > 0.1 and max_over_time(abnormal * 0.1, 5m) <= 0.1",
        "running < max_over_time(running, 1h) * 50%",
        "abnormal > ago(abnormal, 1h)",
        "abnormal > max_over_time(cdc.abnormal, 1h)",
        "cdc.abnormal < 3 and abnormal > 5",
        "suspicious == 1 and up == 0",
        "latency > 5s and up == 1",
        "abnormal > 0 and not running > 10",
        " and ".join(f"(abnormal > {n} or running > {n})" for n in range(12)),
    ],
)
def test_what_may_hold_is_left_alone(text: str) -> None:
    assert not never(text)


def test_a_threshold_that_overrides_move_lies_anywhere_between_its_values() -> None:
    assert never("abnormal > warn and abnormal < 2")
    assert not never("abnormal > warn and abnormal < 2", warn=(0, 1))
    assert never("abnormal > warn and abnormal < 2", warn=(5, 9))
    assert not never("abnormal >= warn and not abnormal >= crit", warn=(1, 9), crit=(5, 20))


ATOMS = (
    *("abnormal", "cdc.abnormal", "common.abnormal", "running", "cdc.running", "up", "failures", "suspicious"),
    *("increase(abnormal, 3m)", "max_over_time(abnormal, 3m)", "min_over_time(running + 1, 3m)", "delta(running, 3m)"),
    *("avg_over_time(abnormal / 3, 3m)", "ago(abnormal, 1m)", "changes(abnormal, 3m)", "rate(abnormal, 3m)"),
    *("0", "1", "2", "0.1", "30%", "warn", "crit"),
)


def number(dice: random.Random, depth: int) -> str:
    if depth == 0 or dice.random() < 0.5:
        return dice.choice(ATOMS)
    if dice.random() < 0.1:
        return f"-{number(dice, 0)}"
    return f"({number(dice, depth - 1)} {dice.choice('+-*/')} {number(dice, depth - 1)})"


def condition(dice: random.Random, depth: int) -> str:
    if depth == 0 or dice.random() < 0.2:
        op = dice.choice(("<", "<=", ">", ">=", "==", "!="))
        return f"{number(dice, 2)} {op} {number(dice, 1)}"
    if dice.random() < 0.2:
        return f"not ({condition(dice, depth - 1)})"
    return f"({condition(dice, depth - 1)} {dice.choice(('and', 'and', 'or'))} {condition(dice, depth - 1)})"


def situations(dice: random.Random) -> list[Facts]:
    """Facts as a watch makes them: after a failed poll no counts, `failures` and `age` zero after a good one."""
    found = []
    window = Window(timedelta(minutes=5))
    failures = 0
    for poll in range(12):
        at = AT + timedelta(seconds=30 * poll)
        if dice.random() < 0.2:
            failures += 1
            found.append(Facts(at, None, None, up=False, failures=failures, age=30.0 * failures, history=window))
            continue
        failures = 0
        common, cdc = (Counts(dice.randrange(4), dice.randrange(4), 0, 0) for _ in range(2))
        window.append(at, common, cdc)
        found.append(Facts(at, common, cdc, up=True, suspicious=dice.random() < 0.3, history=window))
    return found


def example(dice: random.Random) -> str:
    while True:
        text = condition(dice, 2)
        try:
            check_condition(parse(text), THRESHOLDS)
        except TextFault:
            continue
        return text


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_nothing_that_was_called_impossible_ever_holds(seed: int) -> None:
    dice = random.Random(seed)
    texts = [text for _ in range(30) if never(text := example(dice))]
    truths = [(text, compile_truth(parse(text), THRESHOLDS)) for text in texts]
    held = [text for facts in situations(dice) for text, truth in truths if truth(facts)]
    assert held == []
