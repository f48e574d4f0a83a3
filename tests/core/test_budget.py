"""How many messages a chat may get, and what is merged when there are more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.budget import PRESETS, Limits, Plan, free_at, plan, remembered, room
from monitor.model import Severity

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
DINGTALK = PRESETS["dingtalk"]


def test_without_limits_all_go_out() -> None:
    assert plan((), [START] * 99, [WARNING, CRITICAL], START).alone == (1, 0)


def test_a_few_go_out_alone_the_worst_first() -> None:
    made = plan(DINGTALK, [], [WARNING, CRITICAL, WARNING], START)
    assert (made.alone, made.digest, made.again_at) == ((1, 0, 2), (), None)


def test_what_is_too_much_is_a_digest_and_a_share_stays_for_criticals() -> None:
    made = plan(DINGTALK, [], [WARNING] * 30, START)
    assert (len(made.alone), len(made.digest)) == (15, 15)
    after = plan(DINGTALK, [START] * 16, [WARNING], START)
    assert (after.alone, after.digest, after.again_at) == ((), (), START + timedelta(minutes=1))
    assert plan(DINGTALK, [START] * 16, [WARNING, CRITICAL], START).alone == (1,)
    assert plan(DINGTALK, [START] * 16, [CRITICAL], START).alone == (0,)


def test_a_chat_that_takes_one_a_second_gets_a_few_one_after_the_other() -> None:
    made = plan(PRESETS["slack"], [], [WARNING] * 3, START)
    assert (made.alone, made.digest, made.again_at) == ((0,), (), START + timedelta(seconds=1))


@pytest.mark.parametrize("kind", sorted(PRESETS.keys() - {"lark"}))
@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 40), st.lists(st.sampled_from(Severity), max_size=25)), max_size=8))
def test_no_window_holds_more_than_the_limit_and_nothing_stays_unsent(
    kind: str, steps: list[tuple[int, list[Severity]]]
) -> None:
    limits, at, sent, waiting = PRESETS[kind], START, list[datetime](), list[Severity]()
    left, made = iter(steps), Plan()
    while (step := next(left, None)) or waiting:
        at = at + timedelta(seconds=step[0]) if step else made.again_at or at
        waiting += step[1] if step else []
        spent = remembered(limits, sent, at)
        made = plan(limits, spent, waiting, at)
        now = [at] * (len(made.alone) + bool(made.digest))
        assert len(now) <= room(limits, spent, at)
        sent += now
        gone = {*made.alone, *made.digest}
        assert made.digest == () or gone == set(range(len(waiting)))
        waiting = [one for place, one in enumerate(waiting) if place not in gone]
        assert (made.again_at is not None) == bool(waiting)
        assert made.again_at is None or made.again_at > at
    for limit in limits:
        for first, last in zip(sent, sent[limit.count :], strict=False):
            assert last - first >= limit.window


def test_it_says_when_there_is_room_again() -> None:
    spent = [START + timedelta(seconds=number) for number in range(20)]
    at = START + timedelta(seconds=30)
    assert free_at(DINGTALK, spent, at, 1) == START + timedelta(seconds=60)
    assert free_at(DINGTALK, spent, at, 5) == START + timedelta(seconds=64)


def test_a_clock_that_was_set_back_does_not_silence_a_chat() -> None:
    limits: Limits = DINGTALK
    assert remembered(limits, [START + timedelta(days=1)], START) == []
