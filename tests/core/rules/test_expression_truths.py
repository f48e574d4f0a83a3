"""What expressions say of facts: arithmetic, three truths, and the words about them."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Counts
from monitor.rules.compile import compile_value
from monitor.rules.expression import compile_expression
from monitor.rules.facts import Facts, values
from monitor.rules.parser import parse
from monitor.rules.quantity import Dimension, Quantity, quantity, shown
from monitor.rules.window import Window
from monitor.textfault import TextFault

AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
GOOD = Facts(
    at=AT, common=Counts(18, 7, 1, 40), cdc=Counts(2, 2, 0, 5), up=True, suspicious=True, age=0.0, latency=0.25
)
LOST = Facts(at=AT, common=None, cdc=None, up=False, failures=3, age=250.4, latency=10.0)
HALF = replace(GOOD, cdc=None)
THRESHOLDS = {"warn": quantity(1), "share": quantity("20%"), "patience": quantity("3m"), "debt": quantity("-2")}


def truth(text: str, facts: Facts = GOOD) -> bool | None:
    return compile_expression(text, thresholds=THRESHOLDS).truth(facts)


def number(text: str, facts: Facts = GOOD) -> float:
    return compile_value(parse(text), THRESHOLDS)(facts)


NUMBERS = {
    "running": 20,
    "common.running": 18,
    "cdc.running": 2,
    "abnormal": 9,
    "terminated": 1,
    "completed": 45,
    "cdc.completed": 5,
    "up": 1,
    "suspicious": 1,
    "failures": 0,
    "age": 0,
    "latency": 0.25,
    "warn": 1,
    "patience": 180,
    "debt": -2,
    "20%": 0.2,
    "1h30m": 5400,
    "10ms": 0.01,
    "abnormal / running": 0.45,
    "2 + 3 * 4 - 6 / 3 / 2": 13,
    "-abnormal * -2": 18,
    "-(abnormal - 10)": 1,
    "2 - -3 - 4": 1,
    "age + 5m - 1m * 2": 180,
    "90s / 1m": 1.5,
    "1 / 0": math.inf,
    "-1 / 0": -math.inf,
    "1 / -0": math.inf,
    "age / 0s": math.nan,
    "1 / 0 - 1 / 0": math.nan,
    "1 / 0 * 0": math.nan,
    "5 / (1 / 0)": 0,
    "(1 / 0) / (1 / 0)": math.nan,
    "0 * (0 / 0)": math.nan,
}


@pytest.mark.parametrize(("text", "expected"), NUMBERS.items())
def test_numbers_come_out_as_in_arithmetic(text: str, expected: float) -> None:
    assert number(text) == pytest.approx(expected, nan_ok=True)


TRUTHS = {
    "cdc.abnormal > 0": True,
    "abnormal >= 9": True,
    "abnormal > 9": False,
    "abnormal <= 8": False,
    "abnormal < 10": True,
    "abnormal == 9": True,
    "abnormal != 9": False,
    "8 < abnormal": True,
    "running <= abnormal": False,
    "running >= abnormal": True,
    "running > abnormal * 2": True,
    "running < abnormal": False,
    "running != abnormal": True,
    "abnormal / running > share": True,
    "abnormal / (running - 20) > 20%": True,
    "age > patience": False,
    "not abnormal > 9": True,
    "not abnormal > 0 or up == 1": True,
    "up == 0 or up == 1 and abnormal == 0": False,
    "(up == 0 or up == 1) and abnormal == 9": True,
}


@pytest.mark.parametrize(("text", "expected"), TRUTHS.items())
def test_conditions_hold_or_do_not(text: str, expected: bool) -> None:
    assert truth(text) is expected


@pytest.mark.parametrize("op", ["<", "<=", ">", ">=", "==", "!="])
@pytest.mark.parametrize("sides", ["abnormal {} 1", "1 {} abnormal", "abnormal {} running", "0 / 0 {} 0 / 0"])
def test_a_comparison_with_the_unknown_is_unknown(op: str, sides: str) -> None:
    assert truth(sides.format(op), LOST) is None


def test_a_failed_poll_leaves_the_health_known() -> None:
    assert truth("up == 0 and age > patience and failures >= 3 and latency >= 10s", LOST) is True
    assert truth("cdc.abnormal > 0 or up == 0", LOST) is True
    assert truth("cdc.abnormal > 0 and up == 1", LOST) is False
    assert truth("cdc.abnormal > 0 and up == 0", LOST) is None


def test_a_sum_of_both_kinds_needs_both() -> None:
    assert truth("common.abnormal > 0", HALF) is True
    assert truth("cdc.abnormal > 0", HALF) is None
    assert truth("abnormal > 0", HALF) is None


CASES = {True: "1 > 0", False: "0 > 1", None: "0 / 0 > 1"}
AND = {(True, True): True, (True, None): None, (None, True): None, (None, None): None}
OR = {(False, False): False, (False, None): None, (None, False): None, (None, None): None}


@pytest.mark.parametrize(("left", "right"), list(product(CASES, CASES)))
def test_truth_has_three_values_after_kleene(left: bool | None, right: bool | None) -> None:
    assert truth(f"{CASES[left]} and {CASES[right]}") is AND.get((left, right), False)
    assert truth(f"{CASES[left]} or {CASES[right]}") is OR.get((left, right), True)
    assert truth(f"not {CASES[left]}") is {True: False, False: True, None: None}[left]


def test_counts_beyond_floats_precision_do_not_break_arithmetic() -> None:
    huge = replace(GOOD, common=Counts(10**30, 1, 0, 0))
    assert truth(" * ".join(["running"] * 20) + " / running > 1", huge) is True


class Figure:
    """A number with the language's division, for Python's own parser and arithmetic to work with."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __add__(self, other: Figure) -> Figure:
        return Figure(self.value + other.value)

    def __sub__(self, other: Figure) -> Figure:
        return Figure(self.value - other.value)

    def __mul__(self, other: Figure) -> Figure:
        return Figure(self.value * other.value)

    def __neg__(self) -> Figure:
        return Figure(-self.value)

    def __truediv__(self, other: Figure) -> Figure:
        if other.value:
            return Figure(self.value / other.value)
        unknown = self.value == 0 or math.isnan(self.value)
        return Figure(math.nan if unknown else math.copysign(math.inf, self.value))


@given(
    st.recursive(
        st.sampled_from(("running", "abnormal", "terminated", "cdc.terminated")) | st.integers(0, 9).map(str),
        lambda inner: st.one_of(
            inner.map("-{}".format),
            inner.map("({})".format),
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(" ".join),
        ),
        max_leaves=15,
    ).filter(lambda text: max(text.count("("), text.count("-")) < 15),
)
def test_arithmetic_agrees_with_pythons(text: str) -> None:
    python = "".join(f"Figure({part})" if part.isdigit() else part for part in _split(text))
    names = {"Figure": Figure, "running": Figure(20.0), "abnormal": Figure(9.0), "terminated": Figure(1.0)}
    expected = eval(python.replace("cdc.terminated", "Figure(0.0)"), names)
    assert number(text) == pytest.approx(expected.value, nan_ok=True)


def _split(text: str) -> list[str]:
    spaced = text
    for mark in "()-":
        spaced = spaced.replace(mark, f" {mark} ")
    return [part for word in spaced.split() for part in (word, " ")]


@given(
    st.recursive(
        st.sampled_from(("up == 1", "abnormal > 8 + 1", "2 * 3 < 7", "-1 >= 0", "abnormal != running")),
        lambda inner: st.one_of(
            inner.map("not {}".format),
            inner.map("({})".format),
            st.tuples(inner, st.sampled_from(("and", "or")), inner).map(" ".join),
        ),
        max_leaves=12,
    ).filter(lambda text: text.count("(") + text.count("not") < 30),
)
def test_known_conditions_agree_with_pythons(text: str) -> None:
    expected = eval(text, {"up": 1, "abnormal": 9, "running": 20})
    assert truth(text) is expected


def test_the_value_is_the_left_hand_side_of_the_first_comparison() -> None:
    expression = compile_expression("not (abnormal / running <= share) or age > 3m", thresholds=THRESHOLDS)
    assert expression.value(GOOD) == 0.45
    assert expression.value(LOST) is None
    assert compile_expression("age > 3m", thresholds={}).value(LOST) == 250.4


FILLED = {
    "abnormal/running>20%": ("abnormal 9 / running 20 > 20%", "abnormal unknown / running unknown > 20%"),
    "up == 0 and age > patience": (
        "up 1 == 0 and age 0s > patience 3m",
        "up 0 == 0 and age 4m10s > patience 3m",
    ),
    "latency > 10ms": ("latency 250ms > 10ms", "latency 10s > 10ms"),
    "-(abnormal - 1) < debt": ("-(abnormal 9 - 1) < debt -2", "-(abnormal unknown - 1) < debt -2"),
    "increase(terminated, 15m) >= 3": (
        "increase(terminated, 15m) 4 >= 3",
        "increase(terminated, 15m) unknown >= 3",
    ),
}


@pytest.mark.parametrize(("text", "filled"), FILLED.items())
def test_a_text_is_filled_in_with_its_numbers(text: str, filled: tuple[str, str]) -> None:
    window = Window(timedelta(minutes=15))
    window.append(AT - timedelta(minutes=1), Counts(), Counts())
    window.append(AT, Counts(terminated=4), Counts())
    expression = compile_expression(text, thresholds=THRESHOLDS)
    assert (expression.filled(replace(GOOD, history=window)), expression.filled(LOST)) == filled


def test_a_text_about_several_instances_is_filled_in_with_what_is_known_of_all() -> None:
    expression = compile_expression("max(age) > 5m and count(up == 0) >= 2", thresholds={}, by=True)
    facts = replace(LOST, aggregates={"max(age)": 305.0, "count(up == 0)": 3.0})
    assert expression.filled(facts) == "max(age) 5m5s > 5m and count(up == 0) 3 >= 2"


def test_an_expression_tells_its_names_thresholds_and_reach() -> None:
    text = "abnormal >= warn and (up == 1 or ago(cdc.running, patience) + delta(running, 1h) > 2)"
    expression = compile_expression(text, thresholds=THRESHOLDS)
    assert expression.text == text
    assert expression.names == {"abnormal", "up", "cdc.running", "running"}
    assert expression.thresholds_used == {"warn", "patience"}
    assert expression.reach == timedelta(hours=1)
    assert compile_expression("up == 0", thresholds=THRESHOLDS).reach == timedelta()


def test_the_facts_by_name_hold_what_is_known() -> None:
    assert values(LOST) == {"up": 0, "failures": 3, "suspicious": 0, "age": 250.4, "latency": 10}
    assert "cdc.running" not in values(HALF)
    assert "running" not in values(HALF)
    known = values(GOOD)
    assert known["running"] == 20
    assert known["common.completed"] == 40
    assert known["cdc.abnormal"] == 2
    assert len(known) == 17


QUANTITIES = {
    "5": Quantity(5.0),
    "0.5": Quantity(0.5),
    " 20% ": Quantity(0.2),
    "-3": Quantity(-3.0),
    "5m": Quantity(300.0, Dimension.DURATION),
}


@pytest.mark.parametrize(("text", "expected"), QUANTITIES.items())
def test_a_threshold_is_written_as_in_the_language(text: str, expected: Quantity) -> None:
    assert quantity(text) == expected


def test_a_threshold_may_be_a_number_of_yaml() -> None:
    assert quantity(5) == Quantity(5.0)
    assert quantity(0.25) == Quantity(0.25)


@pytest.mark.parametrize(
    "given_", ["", "five", "abnormal", "5 m", "1..2", "--1", "٥", "5M", True, math.inf, math.nan, 10**400]
)
def test_what_is_no_quantity_is_a_fault(given_: str | float) -> None:
    with pytest.raises(TextFault, match=r"write"):
        quantity(given_)


SHOWN = {
    (9.0, Dimension.NUMBER): "9",
    (0.451234, Dimension.NUMBER): "0.4512",
    (123456.78, Dimension.NUMBER): "123456.8",
    (math.nan, Dimension.NUMBER): "unknown",
    (-math.inf, Dimension.DURATION): "-infinite",
    (math.inf, Dimension.NUMBER): "infinite",
    (250.4, Dimension.DURATION): "4m10s",
    (0.25, Dimension.DURATION): "250ms",
    (-90.0, Dimension.DURATION): "-1m30s",
    (1e300, Dimension.DURATION): "1" + "0" * 300,
}


@pytest.mark.parametrize(("value", "text"), SHOWN.items())
def test_a_value_is_shown_for_people(value: tuple[float, Dimension], text: str) -> None:
    assert shown(*value) == text
