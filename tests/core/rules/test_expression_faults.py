"""Every mistake in an expression is told with its place and with what to write instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rules.expression import compile_expression
from monitor.rules.facts import Facts
from monitor.rules.names import AGGREGATES, HISTORY
from monitor.rules.quantity import quantity
from monitor.textfault import TextFault

THRESHOLDS = {"warn": quantity(1), "share": quantity("20%"), "window": quantity("15m"), "never": quantity("0s")}

FACTS = Facts(at=datetime(2026, 1, 5, 2, 0, tzinfo=UTC), common=None, cdc=None, up=False)

NAMES = (
    "there are running, abnormal, terminated, completed, cdc.abnormal and the like, "
    "up, failures, suspicious, age, latency, and the names under thresholds:"
)
LABELS = "expressions hold numbers only; which instances a rule is for is written under match:"

SEVERAL = "looks at several instances: give the rule a `by`, such as by: [account]"

TOGETHER = "which instances belong together is written beside the expression: by: [account]"

FAULTS = {
    # other languages
    "up == 0 && age > 3m": (9, 2, "'&&' is not of this language: write and"),
    "up == 0 || age > 3m": (9, 2, "'||' is not of this language: write or"),
    "!up": (1, 1, "'!' is not of this language: write not"),
    "abnormal = 0": (10, 1, "'=' is not of this language: to compare, write =="),
    "abnormal === 0": (10, 3, "'===' is not of this language: write =="),
    "abnormal => 1": (10, 2, "'=>' is not of this language: write >="),
    "abnormal =< 1": (10, 2, "'=<' is not of this language: write <="),
    "abnormal <> 1": (10, 2, "'<>' is not of this language: write !="),
    "abnormal ** 2 > 1": (10, 2, "'**' is not of this language: there are no powers; write a * a"),
    "abnormal // 2 > 1": (10, 2, "'//' is not of this language: write /"),
    "abnormal > 20 %": (15, 1, "'%' is not of this language: a percentage is written without a space, as in 20%"),
    "abnormal[5m] > 1": (9, 1, "'[' is not of this language: history is written delta(abnormal, 5m)"),
    'up == "yes"': (7, 1, f"'\"' is not of this language: {LABELS}"),
    "up =~ 1": (4, 2, f"'=~' is not of this language: {LABELS}"),
    'abnormal{env="prod"} > 1': (9, 1, f"'{{' is not of this language: {LABELS}"),
    "sum(abnormal) by (account) > 1": (15, 2, TOGETHER),
    "sum by (account) (abnormal) > 1": (5, 2, TOGETHER),
    "age > 5 m": (9, 1, "a duration is written without a space: 5m"),
    "age > 5 minutes": (9, 7, "a duration is written without a space: 5m"),
    "abnormal ＞ 1": (
        10,
        1,
        "'＞' is not of this language: use numbers, names, + - * / ( ) , comparisons, and, or, not",
    ),
    "up > 0 AND age > 1m": (8, 3, "AND is written in small letters: and"),
    # grammar
    "": (1, 1, "the expression is empty: write a condition, such as abnormal > 0"),
    " \n": (1, 1, "the expression is empty: write a condition, such as abnormal > 0"),
    "0 < abnormal < 5": (14, 1, "comparisons do not chain: write 0 < abnormal and abnormal < 5"),
    "0 < abnormal < 5 < 9": (14, 1, "comparisons do not chain: write 0 < abnormal and abnormal < 5"),
    "abnormal >": (11, 1, "the expression stops too early: a number, a name or ( is missing after '>'"),
    "> 1": (1, 1, "a number, a name or ( is missing before '>'"),
    "abnormal > + 1": (12, 1, "+ has nothing on its left: leave it out"),
    "(abnormal > 1": (1, 1, "this parenthesis is not closed: a ) is missing"),
    "abnormal > 1)": (13, 1, "this ) was never opened"),
    ")": (1, 1, "this ) was never opened"),
    "(abnormal > )": (13, 1, "a number, a name or ( is missing before ')'"),
    "*": (1, 1, "a number, a name or ( is missing before '*'"),
    "abnormal > 1 without (env)": (14, 7, TOGETHER),
    "up > 0 OR age > 1m": (8, 2, "OR is written in small letters: or"),
    "up > 0 NOT age > 1m": (8, 3, "NOT is written in small letters: not"),
    "abnormal > ()": (13, 1, "a number, a name or ( is missing before ')'"),
    "abnormal > 1 up > 0": (
        14,
        2,
        "an operator is missing before 'up': write + - * /, a comparison, and, or",
    ),
    "abnormal > 1, 2": (
        13,
        1,
        "a comma stands only between the two parts of a function, as in delta(abnormal, 5m)",
    ),
    # numbers
    "abnormal > .5": (12, 1, "'.' is not of this language: write 0.5 instead of .5"),
    "abnormal > 5.": (12, 2, "'5.' is not a number: write digits, such as 5, 0.2, 20% or 100000"),
    "abnormal > 1e5": (12, 3, "'1e5' is not a number: write digits, such as 5, 0.2, 20% or 100000"),
    "age > 5M": (
        7,
        2,
        "'5M' is not a duration: write whole numbers with ms, s, m, h, d or w, such as 90s, 5m or 1h30m",
    ),
    "1" * 400 + " > up": (1, 400, f"'{'1' * 39}…' is too large"),
    # names
    "abnormall > 0": (1, 9, "there is no name 'abnormall': did you mean abnormal?"),
    "CDC.Abnormal > 0": (1, 12, "there is no name 'CDC.Abnormal': did you mean cdc.abnormal?"),
    "abnormal > warm": (12, 4, "there is no name 'warm': did you mean warn?"),
    "up == true": (7, 4, f"there is no name 'true': {NAMES}"),
    "cdc > 3": (1, 3, "cdc is a kind of task, not a count: write cdc.abnormal or the like"),
    "delta > 3": (1, 5, "delta is a function: write delta(abnormal, 5m)"),
    "dleta(abnormal, 5m) > 3": (1, 19, "there is no function 'dleta': did you mean delta?"),
    "mean(abnormal) > 3": (
        1,
        14,
        f"there is no function 'mean': there are {', '.join(HISTORY)}",
    ),
    "abnormal(5m) > 3": (1, 12, "abnormal is not a function: an operator is missing before ("),
    "warn(5m) > 3": (1, 8, "warn is not a function: an operator is missing before ("),
    # functions over several instances
    "sum(abnormal) > 1": (1, 13, f"sum {SEVERAL}"),
    "count(abnormal > 0) > 1": (1, 19, f"count {SEVERAL}"),
    "max(abnormal, 5m) > 1": (1, 17, f"max {SEVERAL}; over time write max_over_time(abnormal, 5m)"),
    "avg > 1": (1, 3, f"avg {SEVERAL}; over time write avg_over_time(abnormal, 5m)"),
    "delta(sum(abnormal), 5m) > 1": (7, 13, f"sum {SEVERAL}"),
    # history
    "delta(abnormal) > 3": (1, 15, "delta takes a count and a duration: write delta(abnormal, 5m)"),
    "delta() > 3": (1, 7, "delta takes a count and a duration: write delta(abnormal, 5m)"),
    "delta(up, 5m) > 3": (7, 2, "up has no history: delta takes counts, such as abnormal"),
    "ago(abnormal - age, 5m) > 3": (16, 3, "age has no history: ago takes counts, such as abnormal"),
    "delta(1, 5m) > 3": (7, 1, "no count stands here: write delta(abnormal, 5m)"),
    "delta(abnormal * 5m, 5m) > 3": (7, 13, "delta takes a count first: write delta(abnormal, 5m)"),
    "delta(abnormal > 1, 5m) > 3": (7, 12, "delta takes a count first: write delta(abnormal, 5m)"),
    "rate(delta(abnormal, 5m), 5m) > 3": (
        6,
        19,
        "history does not nest: rate takes counts, such as rate(abnormal, 5m)",
    ),
    "delta(abnormal, 5) > 3": (
        17,
        1,
        "delta takes a duration second, such as 5m, or a threshold that is one",
    ),
    "delta(abnormal, warn) > 3": (
        17,
        4,
        "delta takes a duration second, such as 5m, or a threshold that is one",
    ),
    "delta(abnormal, wndow) > 3": (17, 5, "there is no name 'wndow': did you mean window?"),
    "delta(abnormal, 0s) > 3": (17, 2, "delta looks back over more than 0s: write a duration such as 5m"),
    "delta(abnormal, never) > 3": (17, 5, "delta looks back over more than 0s: write a duration such as 5m"),
    "delta(abnormal 5m) > 3": (
        16,
        2,
        "an operator is missing before '5m': write + - * /, a comparison, and, or",
    ),
    # dimensions
    "abnormal": (1, 8, "abnormal is a number, not a condition: write a comparison, such as abnormal > 0"),
    "not age": (5, 3, "age is a duration, not a condition: write a comparison, such as age > 5m"),
    "up > 0 or abnormal": (
        11,
        8,
        "abnormal is a number, not a condition: write a comparison, such as abnormal > 0",
    ),
    "age > 5": (7, 1, "age is a duration, 5 is a number: write 5s or 5m"),
    "300 < latency": (1, 3, "latency is a duration, 300 is a number: write 300s or 300m"),
    "age > 20%": (
        1,
        9,
        "age is a duration, 20% is a number: compare durations with durations, such as age > 5m",
    ),
    "age > -5": (1, 8, "age is a duration, -5 is a number: compare durations with durations, such as age > 5m"),
    "abnormal > window": (
        1,
        17,
        "window is a duration, abnormal is a number: compare durations with durations, such as age > 5m",
    ),
    "age + 5 > 1m": (1, 7, "age is a duration, 5 is a number: + takes two of a kind"),
    "age * latency > 1m": (7, 7, "a duration times a duration means nothing: multiply it with a number"),
    "abnormal / age > 1": (12, 3, "age is a duration: a number cannot be divided by it"),
    "(up > 0) + 1 > 1": (
        2,
        6,
        "up > 0 is true or false: + takes numbers or durations; join conditions with and, or, not",
    ),
    "-(up > 0) > 1": (3, 6, "up > 0 is true or false: - takes numbers or durations; join conditions with and, or, not"),
    "(up > 0) == (age > 1m)": (
        2,
        6,
        "up > 0 is true or false: == takes numbers or durations; join conditions with and, or, not",
    ),
    # limits
    "abnormal > 0 or " * 70: (1001, 1, "1,120 characters: an expression has at most 1,000"),
    "(" * 33 + "up" + ")" * 33 + " > 0": (33, 1, "nested deeper than 32: write it flatter, or as two rules"),
    "not " * 33 + "up > 0": (129, 3, "nested deeper than 32: write it flatter, or as two rules"),
    "-" * 33 + "up > 0": (33, 1, "nested deeper than 32: write it flatter, or as two rules"),
    "ago(" * 33 + "up": (129, 3, "nested deeper than 32: write it flatter, or as two rules"),
}


@pytest.mark.parametrize(("text", "fault"), FAULTS.items(), ids=lambda value: str(value)[:30])
def test_a_mistake_is_told_with_its_place_and_what_to_write(text: str, fault: tuple[int, int, str]) -> None:
    with pytest.raises(TextFault) as caught:
        compile_expression(text, thresholds=THRESHOLDS)
    assert (caught.value.column, caught.value.width, caught.value.message) == fault


INSTEAD = "sum(abnormal), max(abnormal) or count(abnormal > 0)"

JUMP = "increase(terminated, 15m)"

FAULTS_BY = {
    "abnormal > 0": (1, 8, f"abnormal is of one instance, `by` looks at several: write {INSTEAD}"),
    "count(abnormal > 0) > running": (
        23,
        7,
        "running is of one instance, `by` looks at several: write sum(running), max(running) or count(running > 0)",
    ),
    "up == 0": (1, 2, "up is of one instance, `by` looks at several: write count(up == 0)"),
    "age > 5m": (1, 3, "age is of one instance, `by` looks at several: write max(age) or count(age > 5m)"),
    "increase(terminated, 15m) > 3": (
        1,
        25,
        f"increase looks at one instance, `by` at several: write sum({JUMP}) or max({JUMP})",
    ),
    "delta(sum(abnormal), 5m) > 1": (
        1,
        24,
        "delta looks at one instance, `by` at several: write sum(delta(abnormal, 5m)) or max(delta(abnormal, 5m))",
    ),
    "count > 1": (1, 5, "count is a function: write count(abnormal > 0)"),
    "max > 1": (1, 3, "max is a function: write max(abnormal)"),
    "delta > 1": (1, 5, "delta is a function: write delta(abnormal, 5m)"),
    "summ(abnormal) > 1": (1, 14, "there is no function 'summ': did you mean sum?"),
    "mean(abnormal) > 3": (
        1,
        14,
        f"there is no function 'mean': there are {', '.join((*AGGREGATES, *HISTORY))}",
    ),
    "abnormal(5m) > 3": (1, 12, "abnormal is not a function: an operator is missing before ("),
    "sum() > 1": (1, 5, "sum takes one number: write sum(abnormal)"),
    "max(abnormal, 5m) > 1": (
        1,
        17,
        "max takes one number: write max(abnormal); over time as well: max(max_over_time(abnormal, 5m))",
    ),
    "sum(abnormal, running) > 1": (1, 22, "sum takes one number: write sum(abnormal)"),
    "count(abnormal) > 1": (7, 8, "count takes a condition: write count(abnormal > 0)"),
    "sum(abnormal > 0) > 1": (
        5,
        12,
        "sum takes a number: write sum(abnormal); to count instances write count(abnormal > 0)",
    ),
    "sum(max(abnormal)) > 1": (
        5,
        13,
        "aggregates do not nest: sum takes what one instance shows, as in sum(abnormal)",
    ),
    "count(sum(abnormal) > 0) > 1": (
        7,
        17,
        "aggregates do not nest: count takes what one instance shows, as in count(abnormal > 0)",
    ),
    "sum(5) > 1": (5, 1, "nothing of an instance stands here: write sum(abnormal)"),
    "count(warn > 0) > 1": (7, 8, "nothing of an instance stands here: write count(abnormal > 0)"),
    "max(age) > 5": (12, 1, "max(age) is a duration, 5 is a number: write 5s or 5m"),
    "count(age > 5) > 1": (13, 1, "age is a duration, 5 is a number: write 5s or 5m"),
    "sum(abnormall) > 1": (5, 9, "there is no name 'abnormall': did you mean abnormal?"),
    "count(abnormal > 0)": (
        1,
        19,
        "count(abnormal > 0) is a number, not a condition: write a comparison, such as count(abnormal > 0) > 0",
    ),
    "max(age + 1m) > 5m": (5, 8, "age stands alone here: write max(age)"),
    "count(age / 1m > 5) > 1": (
        7,
        12,
        "age stands alone on one side of a comparison here, as in count(age > 5m)",
    ),
    "count(up == 0 and age > age) > 1": (
        19,
        9,
        "age stands alone on one side of a comparison here, as in count(age > 5m)",
    ),
    "sum(rate(delta(abnormal, 5m), 5m)) > 3": (
        10,
        19,
        "history does not nest: rate takes counts, such as rate(abnormal, 5m)",
    ),
}


@pytest.mark.parametrize(("text", "fault"), FAULTS_BY.items(), ids=lambda value: str(value)[:30])
def test_a_mistake_of_a_rule_with_by_is_told_as_well(text: str, fault: tuple[int, int, str]) -> None:
    with pytest.raises(TextFault) as caught:
        compile_expression(text, thresholds=THRESHOLDS, by=True)
    assert (caught.value.column, caught.value.width, caught.value.message) == fault


@pytest.mark.parametrize(
    "text",
    [
        "(" * 32 + "up" + ")" * 32 + " > 0",
        "not " * 32 + "up > 0",
        "-" * 32 + "up > 0",
        "0" + "+1" * 490 + " > 0",
        "1" + "/1" * 490 + " > 0",
        "1>0" + " or 1>0" * 140,
        "1>0" + " and not 1>0" * 80,
    ],
    ids=lambda text: text[:12],
)
def test_depth_up_to_the_limit_and_long_chains_are_fine(text: str) -> None:
    assert compile_expression(text, thresholds={}).truth(FACTS) is not None


def test_a_tree_as_deep_and_wide_as_the_limits_allow_is_told_off_not_crashed_on() -> None:
    text = "(up or up and 1 < 1 + 2 * " * 32 + "1" + ")" * 32 + " < 1 < 2"
    with pytest.raises(TextFault, match="comparisons do not chain: write a < b and b < c"):
        compile_expression(text, thresholds={})


@pytest.mark.parametrize(("more", "advice"), [("", "{0} < a and a < 5"), ("x", "a < b and b < c")])
def test_advice_of_more_than_a_hundred_letters_is_given_in_general(more: str, advice: str) -> None:
    name = "n" * (100 - len(" < a and a < 5")) + more
    with pytest.raises(TextFault) as caught:
        compile_expression(f"{name} < a < 5", thresholds={})
    assert caught.value.message == f"comparisons do not chain: write {advice.format(name)}"


@pytest.mark.parametrize("piece", ["(", "-", "not ", "1+", "ago(", "9", "x", "\x00", "😀", ")", " "])
def test_a_megabyte_of_anything_is_refused_at_once(piece: str) -> None:
    with pytest.raises(TextFault, match="an expression has at most 1,000"):
        compile_expression(piece * (1_000_000 // len(piece)), thresholds={})


WORDS = [
    *"()+-*/<>,%=! ",
    *("<=", ">=", "==", "!=", "and", "or", "not", "5", "0.2", "20%", "5m", "abnormal", "cdc.running", "up", "age"),
    *("warn", "window", "delta", "ago", "sum", "max", "count", "by", "&&", "\n", "ß"),
]


def _compiles_or_faults(text: str) -> None:
    for by in (False, True):
        truth, column = None, 1
        try:
            found = compile_expression(text, thresholds=THRESHOLDS, by=by)
            truth = found.truth(replace(FACTS, aggregates=dict.fromkeys(found.aggregates, 1.0)))
        except TextFault as fault:
            column = fault.column
        assert truth in (True, False, None)
        assert 1 <= column <= len(text) + 1


@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_any_row_of_words_compiles_or_is_a_fault_inside_it(words: list[str]) -> None:
    _compiles_or_faults(" ".join(words))


@given(st.text(max_size=60))
def test_any_text_compiles_or_is_a_fault_inside_it(text: str) -> None:
    _compiles_or_faults(text)
