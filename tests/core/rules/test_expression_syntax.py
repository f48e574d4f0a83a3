"""What is parsed is what is printed, and the other way round."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.rules.parser import parse
from monitor.rules.printing import written
from monitor.rules.syntax import All, Call, Comparison, Duration, Name, Negative, Node, Not, Number, Product, Some, Sum
from monitor.rules.tokens import MAX_LENGTH

A, B, C = Name("a"), Name("b"), Name("c")
ONE = Number(1.0)

TREES: dict[str, Node] = {
    "a + b - c": Sum(A, (("+", B), ("-", C))),
    "a + (b - c)": Sum(A, (("+", Sum(B, (("-", C),))),)),
    "(a + b) - c": Sum(Sum(A, (("+", B),)), (("-", C),)),
    "a * b + c": Sum(Product(A, (("*", B),)), (("+", C),)),
    "a / (b + c)": Product(A, (("/", Sum(B, (("+", C),))),)),
    "-a * b": Product(Negative(A), (("*", B),)),
    "-(a * b)": Negative(Product(A, (("*", B),))),
    "a - --b": Sum(A, (("-", Negative(Negative(B))),)),
    "not a > 1": Not(Comparison(A, ">", ONE)),
    "(not a) > 1": Comparison(Not(A), ">", ONE),
    "not a and b or c": Some((All((Not(A), B)), C)),
    "not (a and b)": Not(All((A, B))),
    "not not a": Not(Not(A)),
    "a or (b or c)": Some((A, Some((B, C)))),
    "a and (b or c)": All((A, Some((B, C)))),
    "1 < -a": Comparison(ONE, "<", Negative(A)),
    "ago(a + b, 1h30m) / 20%": Product(
        Call("ago", (Sum(A, (("+", B),)), Duration(timedelta(minutes=90)))), (("/", Number(20.0, percent=True)),)
    ),
}


@pytest.mark.parametrize(("text", "tree"), TREES.items())
def test_operators_bind_as_in_arithmetic_and_print_back(text: str, tree: Node) -> None:
    assert parse(text) == tree
    assert written(tree) == text


def test_spaces_and_needless_parentheses_do_not_count() -> None:
    assert written(parse("\t((a)+\n b)>(1.0)and(not((b)))")) == "a + b > 1 and not b"


def test_numbers_are_written_in_plain_decimals() -> None:
    assert written(parse("0.00000012 + 123456789012345678901234 + 0.50 + 007")) == (
        "0.00000012 + 123456789012345690000000 + 0.5 + 7"
    )


def test_a_node_knows_where_it_stands() -> None:
    tree = parse("up == 0 and not abnormal + 1 > warn")
    assert isinstance(tree, All)
    assert [(term.span.column, term.span.width) for term in tree.terms] == [(1, 7), (13, 23)]


names = st.builds(Name, st.sampled_from(("abnormal", "cdc.running", "age", "warn")))
numbers = st.builds(Number, st.floats(min_value=0, max_value=1e30, allow_subnormal=False), st.booleans())
spans = st.builds(Duration, st.integers(min_value=0, max_value=10**9).map(lambda ms: timedelta(milliseconds=ms)))


def _grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    def steps(ops: str) -> st.SearchStrategy[tuple[tuple[str, Node], ...]]:
        return st.lists(st.tuples(st.sampled_from(ops), inner), min_size=1, max_size=3).map(tuple)

    terms = st.lists(inner, min_size=2, max_size=3).map(tuple)
    calls = st.builds(Call, st.sampled_from(("ago", "delta", "f")), st.lists(inner, max_size=2).map(tuple))
    comparisons = st.builds(Comparison, inner, st.sampled_from(("<", "<=", ">", ">=", "==", "!=")), inner)
    chains = st.builds(Sum, inner, steps("+-")) | st.builds(Product, inner, steps("*/"))
    return (
        chains | comparisons | calls | st.builds(Negative, inner) | st.builds(Not, inner)
        | st.builds(All, terms) | st.builds(Some, terms)
    )  # fmt: skip


@given(st.recursive(names | numbers | spans, _grown, max_leaves=12))
def test_every_tree_is_read_back_from_its_writing(tree: Node) -> None:
    text = written(tree)
    assume(len(text) <= MAX_LENGTH)  # tiny numbers written out can be longer than an expression may be
    assert parse(text) == tree
