"""Who joins and who leaves."""

from __future__ import annotations

from dataclasses import replace

from monitor.model import Instance, InstanceKey
from monitor.roster import Roster

ONE, TWO, THREE = (Instance("prod", f"i-{number}", f"n-{number}") for number in (1, 2, 3))


def test_the_named_ones_are_polled_before_any_list() -> None:
    assert Roster([ONE]).polled == {ONE.key: ONE}


def test_listed_ones_join_and_stay_beside_the_named() -> None:
    assert Roster([ONE]).listed([TWO]).polled == {ONE.key: ONE, TWO.key: TWO}


def test_what_the_policy_says_of_an_instance_wins() -> None:
    named = replace(ONE, name="orders")
    assert Roster([named]).listed([ONE]).polled == {ONE.key: named}


def test_one_list_without_an_instance_is_no_proof_and_two_are() -> None:
    roster = Roster([])
    roster.listed([ONE, TWO])
    once = roster.listed([ONE])
    assert (set(once.polled), once.left) == ({ONE.key, TWO.key}, frozenset())
    twice = roster.listed([ONE])
    assert (set(twice.polled), twice.left) == ({ONE.key}, frozenset({TWO.key}))
    assert roster.listed([ONE]).left == frozenset()


def test_a_list_that_has_it_again_begins_the_count_anew() -> None:
    roster = Roster([])
    for found in ([ONE, TWO], [ONE], [ONE, TWO], [ONE]):
        listed = roster.listed(found)
    assert TWO.key in listed.polled


def test_one_that_left_may_return() -> None:
    roster = Roster([])
    for found in ([ONE], [], [], [ONE]):
        listed = roster.listed(found)
    assert listed.polled == {ONE.key: ONE}


def test_the_named_never_leave() -> None:
    roster = Roster([ONE])
    for _ in range(3):
        assert roster.listed([]).polled == {ONE.key: ONE}


def test_one_known_from_before_a_restart_leaves_as_well() -> None:
    gone = InstanceKey("prod", "i-9")
    roster = Roster([ONE], known=[gone, ONE.key])
    assert roster.listed([TWO]).left == frozenset()
    assert roster.listed([TWO]).left == {gone}


def test_what_was_listed_before_is_polled_on_and_leaves_as_all_do() -> None:
    roster = Roster([ONE], known=[TWO.key, THREE.key], listed=[TWO])
    assert roster.polled == {ONE.key: ONE, TWO.key: TWO}
    assert roster.listed([]).left == frozenset()
    assert roster.listed([]).left == {TWO.key, THREE.key}
    assert set(roster.polled) == {ONE.key}
