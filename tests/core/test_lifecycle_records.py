"""What is written down of each step: whole values, for `explain` and the next process read all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_lifecycle import AT_ONCE, BREACH, CLEAR, LABELS, PATIENT, START, UNKNOWN, found, live

from monitor.lifecycle import TABLE, Signal, advance, end, restate
from monitor.model import Alert, Cause, InstanceKey, Severity, State, Transition

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
MINUTE = [found(number, BREACH).at for number in range(20)]
FIRES = Alert(
    key="00c0ffee00c0ffee",
    rule="cdc-tasks-abnormal",
    rule_version="1",
    instance=InstanceKey("prod", "i-1"),
    labels=LABELS,
    severity=WARNING,
    state=State.FIRING,
    since=START,
    state_since=START,
    fired_at=START,
    cause=Cause.HELD,
    values={"abnormal": 3.0},
    values_at=START,
)


def step(
    minute: int, before: State, after: State, cause: Cause, severity: Severity = WARNING, **values: float
) -> Transition:
    return Transition(
        alert=FIRES.key,
        at=MINUTE[minute],
        before=before,
        after=after,
        cause=cause,
        severity=severity,
        rule=FIRES.rule,
        rule_version=FIRES.rule_version,
        values=values,
    )


def test_a_firing_says_whose_it_is_since_when_and_with_which_numbers() -> None:
    assert advance(None, found(0, BREACH, abnormal=3), AT_ONCE) == (
        FIRES,
        step(0, State.NONE, State.FIRING, Cause.HELD, abnormal=3),
    )


def test_an_end_by_hand_of_the_policy_keeps_what_was_known_and_says_why() -> None:
    ended, told = end(FIRES, cause=Cause.RULE_REMOVED, at=MINUTE[7])
    assert told == step(7, State.FIRING, State.RESOLVED, Cause.RULE_REMOVED, abnormal=3)
    assert ended == replace(
        FIRES, state=State.RESOLVED, state_since=MINUTE[7], resolved_at=MINUTE[7], cause=Cause.RULE_REMOVED
    )
    pending = replace(FIRES, state=State.PENDING, fired_at=None)
    assert end(pending, cause=Cause.INSTANCE_REMOVED, at=MINUTE[7]) == (
        None,
        step(7, State.PENDING, State.NONE, Cause.INSTANCE_REMOVED, abnormal=3),
    )


def test_a_rule_that_means_something_else_moves_nothing_and_is_written_down() -> None:
    restated, told = restate(FIRES, version="2", at=MINUTE[3])
    assert restated == replace(FIRES, rule_version="2")
    assert told == replace(step(3, State.FIRING, State.FIRING, Cause.RULE_CHANGED, abnormal=3), rule_version="2")


def test_one_that_waits_again_and_is_dropped_is_what_it_was_with_the_sample_that_dropped_it() -> None:
    resolved = replace(FIRES, state=State.RESOLVED, state_since=MINUTE[2], resolved_at=MINUTE[2], cause=Cause.CLEARED)
    waits, _ = advance(resolved, found(5, BREACH, CRITICAL, abnormal=9), PATIENT)
    assert waits is not None
    assert (waits.state, waits.since, waits.fired_at, waits.resolved_at) == (State.PENDING, MINUTE[5], START, MINUTE[2])
    dropped, told = advance(waits, found(6, CLEAR, abnormal=0), PATIENT)
    assert dropped == replace(resolved, severity=CRITICAL, values={"abnormal": 0.0}, values_at=MINUTE[6])
    assert told == step(6, State.PENDING, State.RESOLVED, Cause.DROPPED, CRITICAL, abnormal=0)


def test_one_that_never_fired_and_is_dropped_leaves_its_severity_behind() -> None:
    waits, _ = advance(None, found(0, BREACH, CRITICAL), PATIENT)
    assert advance(waits, found(1, CLEAR, WARNING), PATIENT) == (
        None,
        step(1, State.PENDING, State.NONE, Cause.DROPPED, CRITICAL),
    )


def test_a_step_takes_the_version_and_the_severity_of_what_was_found() -> None:
    waits, _ = advance(None, found(0, BREACH), PATIENT)
    newer = replace(found(2, BREACH, CRITICAL, abnormal=7), rule_version="2")
    fires, told = advance(waits, newer, PATIENT)
    assert fires == replace(
        FIRES,
        rule_version="2",
        severity=CRITICAL,
        state_since=MINUTE[2],
        fired_at=MINUTE[2],
        values={"abnormal": 7.0},
        values_at=MINUTE[2],
    )
    assert told == replace(step(2, State.PENDING, State.FIRING, Cause.HELD, CRITICAL, abnormal=7), rule_version="2")
    assert fires is not None
    assert fires.resolved_at is None


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [(WARNING, CRITICAL, Cause.SEVERITY_ROSE), (CRITICAL, WARNING, Cause.SEVERITY_FELL)],
)
def test_a_severity_that_moves_is_a_step_with_the_numbers_and_the_version_that_moved_it(
    before: Severity, after: Severity, cause: Cause
) -> None:
    fires = replace(FIRES, severity=before)
    moved, told = advance(fires, replace(found(4, BREACH, after, abnormal=8), rule_version="2"), AT_ONCE)
    assert moved == replace(fires, severity=after, rule_version="2", values={"abnormal": 8.0}, values_at=MINUTE[4])
    assert told == replace(step(4, State.FIRING, State.FIRING, cause, after, abnormal=8), rule_version="2")


def test_what_does_not_move_leads_back_to_itself() -> None:
    stays = {cell: move for cell, move in TABLE.items() if move.cause is None}
    assert {state for state, _ in stays} == set(State)
    assert all(move.after is state for (state, _), move in stays.items())
    assert all((state, Signal.UNKNOWN) in stays for state in State)
    assert live([found(0, BREACH), found(1, UNKNOWN)], AT_ONCE)[0] == replace(FIRES, values={})
