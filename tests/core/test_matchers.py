"""Matchers mean what they mean in Alertmanager."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matchers import EVERYTHING, OPERATORS, Matcher, Matchers, parse
from monitor.textfault import TextFault

LABELS = {"env": "prod", "instance": "orders-eu", "severity": "critical"}

HOLD = [
    "",
    "  ",
    "{}",
    'env="prod"',
    "env=prod",
    ' env = "prod" ',
    '{env="prod"}',
    'env="prod",',
    'env="prod", instance=~"orders-.*"',
    "instance=~orders-.*",
    'env!="test"',
    'instance!~"payments.*|stock"',
    'team=""',
    'team!="data"',
    'team=~".*"',
    'team!~".+"',
    '"env"="prod"',
]
FAIL = [
    'env="pro"',
    'env!="prod"',
    'instance=~"orders"',
    'instance=~"orders|eu"',
    'instance!~"orders-(eu|us)"',
    'env="prod", severity="info"',
    'severity="info", env="prod"',
    'env=""',
    'team="data"',
    'team=~".+"',
]

ASTRAY = (
    "is not expected here: put a comma between matchers, and quote values that hold other than letters, "
    'digits and - _ . such as env="prod"'
)
FAULTS = {
    "env": (4, 1, "one of = != =~ !~ is missing after 'env': write env=\"prod\""),
    "env=": (5, 1, "the value of 'env' is missing: write env=\"...\""),
    "env==prod": (4, 2, 'one = is enough: write name="value"'),
    '="prod"': (1, 1, 'a label name is missing: write env="prod"'),
    "env='prod'": (5, 1, '\' does not quote here: use double quotes, such as env="prod"'),
    'env="prod': (5, 5, 'the closing " is missing'),
    'env="a" severity="b"': (
        9,
        1,
        f"'s' {ASTRAY}",
    ),
    'env="a",,b="c"': (9, 1, 'a label name is missing: write env="prod"'),
    '{env="prod"': (12, 1, "} is missing: the { at the start is not closed"),
    'env="prod"}': (
        11,
        1,
        f"'}}' {ASTRAY}",
    ),
    'env="a", instance=~"(orders"': (
        20,
        9,
        "'(orders' is not a regular expression: missing )",
    ),
    'env=~"a**"': (6, 5, "'a**' is not a regular expression: bad repetition operator: **"),
    'env=~"(?!test).*"': (
        6,
        12,
        "'(?!test).*' is not a regular expression: nothing looks ahead or behind here ((?!); add a matcher with !~",
    ),
    r'env=~"(a)\1"': (6, 7, r"'(a)\\1' is not a regular expression: there are no references back (\1)"),
    'env=~"a{2000}"': (
        6,
        9,
        "'a{2000}' is not a regular expression: {2000} repeats more than 1,000 times, all levels together",
    ),
    'env=~"' + "(" * 3000 + '"': (
        6,
        3002,
        f"'{'(' * 39}…' is not a regular expression: missing )",
    ),
    "x" * 10_001: (1, 1, "10,001 characters of matchers: at most 10,000"),
}


@pytest.mark.parametrize("text", HOLD)
def test_these_matchers_hold(text: str) -> None:
    assert parse(text).match(LABELS)


@pytest.mark.parametrize("text", FAIL)
def test_these_matchers_do_not_hold(text: str) -> None:
    assert not parse(text).match(LABELS)


@pytest.mark.parametrize(("text", "fault"), FAULTS.items(), ids=lambda value: str(value)[:20])
def test_what_is_not_a_matcher_is_told_where_and_what_to_write(text: str, fault: tuple[int, int, str]) -> None:
    with pytest.raises(TextFault) as caught:
        parse(text)
    assert (caught.value.column, caught.value.width, caught.value.message) == fault


def test_an_empty_text_matches_everything() -> None:
    assert parse("") == EVERYTHING
    assert EVERYTHING.match({})
    assert str(EVERYTHING) == ""


def test_the_canonical_writing_quotes_every_value() -> None:
    assert str(parse("severity=critical,  env=~ x.*")) == 'severity="critical",env=~"x.*"'
    assert str(Matchers((Matcher("a b", "=", 'say "\\"\n'),))) == r'"a b"="say \"\\\"\n"'


def test_a_backslash_that_escapes_nothing_stays_as_in_regular_expressions() -> None:
    assert parse(r'id=~"\d+"').matchers == (Matcher("id", "=~", r"\d+"),)
    assert parse(r'id=~"\d+"').match({"id": "42"})


def test_matchers_built_from_parts_are_checked_too() -> None:
    with pytest.raises(TextFault, match="not a regular expression"):
        Matchers((Matcher("env", "!~", "("),))
    with pytest.raises(TextFault, match="'==' is not one of = != =~ !~"):
        Matchers((Matcher("env", "==", "prod"),))


@given(st.lists(st.builds(Matcher, st.text(min_size=1), st.sampled_from(("=", "!=")), st.text()), max_size=4))
def test_the_canonical_writing_is_read_back(matchers: list[Matcher]) -> None:
    assert parse(str(Matchers(tuple(matchers)))) == Matchers(tuple(matchers))


@given(st.text(alphabet='ab=!~",{}()[*\\ \n'))
def test_any_text_is_matchers_or_a_fault_inside_it(text: str) -> None:
    found, column = EVERYTHING, 1
    try:
        found = parse(text)
    except TextFault as fault:
        column = fault.column
    assert all(op in OPERATORS for _, op, _ in found.matchers)
    assert 1 <= column <= len(text) + 1


@pytest.mark.parametrize(
    "regex", ["(a+)+$", "(a*)*b", "(a|aa)+c", "(a|a)*d", "([a-z]+)*!", "(.*)(.*)(.*)(.*)(.*)=", "(a?){500}a{500}x"]
)
def test_no_regular_expression_can_hold_up_the_service(regex: str) -> None:
    """Those that backtrack would need longer than the world has existed; these need less than 0.1 s each."""
    matchers = Matchers((Matcher("instance", "=~", regex),))
    began = time.process_time()
    assert not matchers.match({"instance": "a" * 3_000 + "?"})
    assert time.process_time() - began < 1


def test_a_regular_expression_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(TextFault, match="is not a regular expression"):
        parse(r'instance=~"(\pL{1,300}){3}(\pL{1,300}){3}"')


def test_broken_characters_match_as_the_sign_for_them() -> None:
    assert parse('instance=~"a.b"').match({"instance": "a\ud800b"})
    with pytest.raises(TextFault, match="half a character"):
        Matchers((Matcher("instance", "=~", "x\udfff"),))


def test_chinese_is_matched_by_characters() -> None:
    assert parse('instance=~"订单.{2}"').match({"instance": "订单上海"})
