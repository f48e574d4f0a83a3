"""The life of an alert, as stories that together visit every cell of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.lifecycle import TABLE, Signal, advance, deadline, end, signal, stays
from monitor.model import Alert, Cause, Finding, InstanceKey, Severity, State, Transition, Truth

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
LABELS = {"alertname": "cdc-tasks-abnormal", "instance": "orders"}
BREACH, CLEAR, UNKNOWN = Truth.BREACH, Truth.CLEAR, Truth.UNKNOWN


@dataclass(frozen=True)
class Timers:
    hold: timedelta = timedelta()
    keep: timedelta = timedelta()


AT_ONCE = Timers()
PATIENT = Timers(hold=timedelta(minutes=2), keep=timedelta(minutes=3))


def found(minute: float, truth: Truth, severity: Severity = Severity.WARNING, **values: float) -> Finding:
    return Finding(
        key="00c0ffee00c0ffee",
        rule="cdc-tasks-abnormal",
        rule_version="1",
        instance=InstanceKey("prod", "i-1"),
        labels=LABELS,
        truth=truth,
        severity=severity,
        at=START + timedelta(minutes=minute),
        values=values,
    )


def live(findings: Sequence[Finding], rule: Timers) -> tuple[Alert | None, list[Transition]]:
    """What becomes of an alert that does not exist yet, finding by finding."""
    alert: Alert | None = None
    steps = []
    for finding in findings:
        alert, step = advance(alert, finding, rule)
        steps += [step] if step else []
    return alert, steps


def path(steps: Sequence[Transition]) -> list[str]:
    return [f"{step.before}>{step.after} {step.cause}" for step in steps]


def test_a_breach_without_for_fires_at_once() -> None:
    alert, steps = live([found(0, BREACH)], AT_ONCE)
    assert alert is not None
    assert (alert.state, alert.fired_at) == (State.FIRING, START)
    assert path(steps) == ["none>firing held"]


def test_a_breach_waits_for_its_time_and_then_fires() -> None:
    alert, steps = live([found(0, BREACH), found(1.5, BREACH), found(2, BREACH)], PATIENT)
    assert alert is not None
    assert (alert.since, alert.fired_at) == (START, START + timedelta(minutes=2))
    assert path(steps) == ["none>pending breached", "pending>firing held"]


def test_a_breach_that_ends_early_is_dropped_without_trace() -> None:
    alert, steps = live([found(0, BREACH), found(1, CLEAR)], PATIENT)
    assert alert is None
    assert path(steps) == ["none>pending breached", "pending>none dropped"]


def test_unknown_neither_resets_nor_fires_and_time_passes_meanwhile() -> None:
    alert, _ = live([found(0, BREACH), found(3, UNKNOWN)], PATIENT)
    assert alert is not None
    assert alert.state is State.PENDING
    alert, _ = advance(alert, found(3.5, BREACH), PATIENT)
    assert alert is not None
    assert alert.state is State.FIRING


def test_a_clear_is_kept_firing_and_then_resolves_on_the_sample_that_proves_it() -> None:
    alert, steps = live(
        [found(0, BREACH), found(2, BREACH), found(3, CLEAR), found(5, CLEAR), found(6, CLEAR, abnormal=0)], PATIENT
    )
    assert alert is not None
    assert (alert.state, alert.resolved_at) == (State.RESOLVED, START + timedelta(minutes=6))
    assert alert.values == {"abnormal": 0}
    assert path(steps)[2:] == ["firing>clearing cleared", "clearing>resolved kept"]


def test_a_breach_while_clearing_goes_on_as_the_same_firing() -> None:
    alert, steps = live([found(0, BREACH), found(2, BREACH), found(3, CLEAR), found(4, BREACH)], PATIENT)
    assert alert is not None
    assert (alert.state, alert.fired_at) == (State.FIRING, START + timedelta(minutes=2))
    assert path(steps)[-1] == "clearing>firing breached-again"


def test_without_keep_firing_for_a_clear_resolves_at_once() -> None:
    _, steps = live([found(0, BREACH), found(1, CLEAR)], AT_ONCE)
    assert path(steps) == ["none>firing held", "firing>resolved cleared"]


def test_a_resolved_alert_that_breaches_again_is_a_new_life_of_the_same_alert() -> None:
    alert, steps = live([found(0, BREACH), found(1, CLEAR), found(9, BREACH)], AT_ONCE)
    assert alert is not None
    assert (alert.since, alert.fired_at, alert.resolved_at) == (START + timedelta(minutes=9),) * 2 + (None,)
    assert path(steps)[-1] == "resolved>firing held"


def test_pending_again_and_dropped_it_is_what_it_was_resolved() -> None:
    fast_then_slow = [found(0, BREACH), found(2, BREACH), found(3, CLEAR), found(6, CLEAR)]
    alert, steps = live([*fast_then_slow, found(7, BREACH), found(8, CLEAR)], PATIENT)
    assert alert is not None
    assert (alert.state, alert.fired_at) == (State.RESOLVED, START + timedelta(minutes=2))
    assert alert.resolved_at == START + timedelta(minutes=6)
    assert path(steps)[-2:] == ["resolved>pending breached", "pending>resolved dropped"]
    assert steps[-1].audible
    assert not steps[-2].audible


def test_the_severity_moves_within_one_alert() -> None:
    alert, steps = live(
        [found(0, BREACH), found(1, BREACH, Severity.CRITICAL), found(2, BREACH, Severity.WARNING)], AT_ONCE
    )
    assert alert is not None
    assert alert.severity is Severity.WARNING
    assert path(steps)[1:] == ["firing>firing severity-rose", "firing>firing severity-fell"]
    assert all(step.audible for step in steps)


def test_a_resolved_alert_keeps_the_severity_it_had() -> None:
    alert, _ = live([found(0, BREACH, Severity.CRITICAL), found(1, CLEAR, Severity.WARNING)], AT_ONCE)
    assert alert is not None
    assert alert.severity is Severity.CRITICAL


@pytest.mark.parametrize(("minutes", "after"), [((0,), State.NONE), ((0, 2), State.RESOLVED)])
def test_an_administrative_end_names_its_cause(minutes: tuple[int, ...], after: State) -> None:
    alert, _ = live([found(minute, BREACH) for minute in minutes], PATIENT)
    assert alert is not None
    ended, step = end(alert, cause=Cause.RULE_REMOVED, at=START + timedelta(hours=1))
    assert (step.after, step.cause) == (after, Cause.RULE_REMOVED)
    assert (ended is None) is (after is State.NONE)


def test_the_table_is_total() -> None:
    assert set(TABLE) == {(state, sign) for state in State for sign in Signal}


def test_short_lives_under_rules_that_are_edited_meanwhile_visit_every_cell() -> None:
    rules = [Timers(timedelta(minutes=hold), timedelta(minutes=keep)) for hold in (0, 30) for keep in (0, 30)]
    visited = set()
    lives: list[tuple[Alert | None, int]] = [(None, 0)]
    for alert, age in lives:
        for rule in rules:
            for truth in Truth:
                finding = found(age * 10, truth)
                visited.add((alert.state if alert else State.NONE, signal(alert, finding, rule)))
                if age < 3:
                    lives.append((advance(alert, finding, rule)[0], age + 1))
    assert visited == set(TABLE)


@given(
    st.lists(
        st.tuples(st.sampled_from(Truth), st.sampled_from(Severity), st.integers(1, 120)), min_size=1, max_size=30
    ),
    st.integers(0, 300),
    st.integers(0, 300),
)
def test_whatever_comes_the_life_makes_sense(story: list[tuple[Truth, Severity, int]], hold: int, keep: int) -> None:
    rule = Timers(timedelta(seconds=hold), timedelta(seconds=keep))
    alert: Alert | None = None
    at = START
    for truth, severity, seconds in story:
        at += timedelta(seconds=seconds)
        finding = found((at - START).total_seconds() / 60, truth, severity)
        before = alert
        alert, step = advance(alert, finding, rule)
        if truth is UNKNOWN:
            assert (alert, step) == (before, None)
        if before is not None and before.state is not State.RESOLVED:
            assert stays(before, truth, severity, at=finding.at, rule=rule) == (step is None)
        if alert is not None and alert.state.fires:
            assert alert.fired_at is not None
            assert alert.fired_at - alert.since >= rule.hold
        if step is not None and step.after is State.RESOLVED:
            assert truth is CLEAR
        if step is None and before is not None and alert is not None:
            assert (alert.state, alert.severity) == (before.state, before.severity)


def test_time_alone_moves_what_waits_and_what_clears() -> None:
    waiting, _ = live([found(0, Truth.BREACH)], PATIENT)
    fires, _ = live([found(0, Truth.BREACH), found(2, Truth.BREACH)], PATIENT)
    clears, _ = live([found(0, Truth.BREACH), found(2, Truth.BREACH), found(5, Truth.CLEAR)], PATIENT)
    assert waiting is not None
    assert fires is not None
    assert clears is not None
    assert deadline(waiting, PATIENT) == waiting.since + timedelta(minutes=2)
    assert deadline(fires, PATIENT) is None
    assert deadline(clears, PATIENT) == fires.state_since + timedelta(minutes=3 + 3)
