"""Who polls what: everybody computes the same, little moves, nobody has two, nothing is left alone."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from monitor.sharing import LEAD, Member, Moves, decide, rendezvous

NODES = st.lists(st.uuids().map(str), min_size=1, max_size=8, unique=True)
ACCOUNTS = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=30, unique=True)


def member(name: str, *accounts: str, leaving: bool = False) -> Member:
    return Member(name, frozenset(accounts), leaving)


@given(NODES, ACCOUNTS)
def test_a_node_that_goes_moves_only_what_it_had(nodes: list[str], accounts: list[str]) -> None:
    gone, rest = nodes[0], nodes[1:]
    for account in accounts:
        before = rendezvous(account, nodes)
        if before != gone:
            assert rendezvous(account, rest) == before


@given(NODES, ACCOUNTS, st.uuids().map(str))
def test_a_node_that_comes_takes_only_for_itself(nodes: list[str], accounts: list[str], new: str) -> None:
    for account in accounts:
        assert rendezvous(account, [*nodes, new]) in (rendezvous(account, nodes), new)


@given(NODES, ACCOUNTS)
def test_the_order_of_the_nodes_says_nothing(nodes: list[str], accounts: list[str]) -> None:
    assert all(rendezvous(one, nodes) == rendezvous(one, reversed(nodes)) for one in accounts)


def test_many_accounts_are_spread_evenly() -> None:
    nodes = [f"node-{number}" for number in range(5)]
    shares = Counter(rendezvous(f"account-{number}", nodes) for number in range(5_000))
    assert min(shares.values()) > 850
    assert max(shares.values()) < 1_150


@given(nodes=NODES, accounts=ACCOUNTS, dice=st.randoms(use_true_random=False), joined=st.booleans())
def test_wherever_it_starts_everything_is_held_once_in_the_end(
    nodes: list[str], accounts: list[str], dice: Random, joined: bool
) -> None:
    """Nodes act one after the other, in any order, each on what it sees: as with the rows of a database."""
    members = [member(name, *accounts) for name in nodes]
    holders = {account: dice.choice([*nodes, "", "dead"]) for account in (LEAD, *accounts)}
    together = accounts if joined else ()
    for _ in range(3):
        dice.shuffle(nodes)
        for me in nodes:
            before = dict(holders)
            moves = decide(me, members, holders, together=together)
            holders |= dict.fromkeys(moves.leave, "") | dict.fromkeys(moves.take, me)
            assert all(before[one] in ("", "dead") for one in moves.take)
            assert all(before[one] == me for one in moves.leave)
    assert set(holders.values()) <= set(nodes)
    for me in nodes:
        assert decide(me, members, holders, together=together) == Moves()
    if joined:
        assert len(set(holders.values())) == 1


def test_an_account_goes_only_to_nodes_that_know_it() -> None:
    members = [member("old", "a"), member("new", "a", "b")]
    assert decide("new", members, {"b": ""}) == Moves(take=("b",))
    assert decide("old", members, {"b": ""}) == Moves()


def test_an_account_that_nobody_polls_any_more_is_taken_by_somebody() -> None:
    members = [member("one"), member("two")]
    taken = [decide(one.id, members, {"gone": ""}).take for one in members]
    assert sorted(taken) == [(), ("gone",)]


def test_whoever_leaves_gives_all_away_and_takes_nothing() -> None:
    members = [member("one", "a", leaving=True), member("two", "a")]
    assert decide("one", members, {"a": "one", LEAD: ""}) == Moves(leave=("a",))
    assert decide("two", members, {"a": "one", LEAD: ""}) == Moves(take=(LEAD,))


def test_the_last_one_that_leaves_keeps_what_nobody_else_can_have() -> None:
    assert decide("one", [member("one", "a", leaving=True)], {"a": "one"}) == Moves()


def test_an_account_goes_to_a_node_that_reaches_it_and_stays_where_it_is_when_none_does() -> None:
    best = rendezvous("a", ["one", "two"])
    other = "one" if best == "two" else "two"
    blind, sees = Member(best, frozenset("a"), beyond=frozenset("a")), member(other, "a")
    assert decide(best, [blind, sees], {"a": best}) == Moves(leave=("a",))
    assert decide(other, [blind, sees], {"a": ""}) == Moves(take=("a",))
    blind_too = Member(other, frozenset("a"), beyond=frozenset("a"))
    assert decide(best, [blind, blind_too], {"a": best}) == Moves()
    # one whose policy does not have it would end its alerts
    assert decide("three", [blind, blind_too, member("three")], {"a": ""}) == Moves()


def test_accounts_that_belong_together_stay_together_also_where_one_is_out_of_reach() -> None:
    lead = rendezvous(LEAD, ["one", "two"])
    members = [Member(name, frozenset("ab"), beyond=frozenset("a")) for name in ("one", "two")]
    assert decide(lead, members, {"a": lead, "b": lead}, together="ab") == Moves()
