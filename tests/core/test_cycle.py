"""When all instances of an account were polled, and whether that was healthy."""

from __future__ import annotations

from monitor.cycle import Cycle
from monitor.model import InstanceKey

A, B, C = (InstanceKey("prod", name) for name in "abc")


def cycle(*keys: InstanceKey) -> Cycle:
    one = Cycle()
    one.keep(keys)
    return one


def test_it_comes_round_when_each_had_its_poll_and_then_begins_anew() -> None:
    one = cycle(A, B)
    one.had(A, answered=True)
    assert not one.healthy()
    one.had(B, answered=False)
    assert one.healthy(), "one that does not answer is told of by its alert"
    assert not one.healthy()
    one.had(A, answered=True)
    one.had(B, answered=True)
    assert one.healthy()


def test_without_a_single_answer_it_is_not_healthy_until_one_comes() -> None:
    one = cycle(A, B)
    for answered in (False, True):
        one.had(A, answered=False)
        one.had(B, answered=answered)
        assert one.healthy() is answered


def test_who_comes_has_to_be_polled_first_and_who_leaves_is_not_waited_for() -> None:
    one = cycle(A, B)
    one.had(A, answered=True)
    one.keep([A, C])
    assert not one.healthy()
    one.had(C, answered=False)
    assert one.healthy()


def test_an_account_without_instances_is_well_once_that_is_known() -> None:
    one = cycle()
    assert not one.healthy(), "nobody has looked yet"
    one.listed = True
    assert one.healthy()
    one.listed = False
    assert not one.healthy(), "the last look failed"
