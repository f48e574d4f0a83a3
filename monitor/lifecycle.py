"""The table of an alert's life.

Everything that moves an alert stands in `TABLE`, total over state and signal. Time is folded into the signals, so
that the table needs none: a breach that has lasted for the rule's `for` is HELD, a clear that has lasted for
`keep_firing_for` is KEPT. UNKNOWN moves nothing. An alert that is pending again after it has resolved still knows its
last time of firing: dropped, it goes back to RESOLVED and not to NONE, for a group may still have to say so.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from monitor.model import Alert, Cause, Finding, Severity, State, Transition, Truth


class Signal(enum.StrEnum):
    """A finding with time folded in."""

    BREACH = "breach"
    HELD = "held"
    CLEAR = "clear"
    KEPT = "kept"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Move:
    """Where one cell of the table leads. Without a cause the alert stays as it is."""

    after: State
    cause: Cause | None = None


class Timing(Protocol):
    """What a rule says about time: `for` and `keep_firing_for`."""

    @property
    def hold(self) -> timedelta: ...

    @property
    def keep(self) -> timedelta: ...


def _stay(state: State, *signals: Signal) -> dict[tuple[State, Signal], Move]:
    return {(state, signal): Move(state) for signal in signals}


TABLE: dict[tuple[State, Signal], Move] = {
    **_stay(State.NONE, Signal.CLEAR, Signal.KEPT, Signal.UNKNOWN),
    (State.NONE, Signal.BREACH): Move(State.PENDING, Cause.BREACHED),
    (State.NONE, Signal.HELD): Move(State.FIRING, Cause.HELD),
    **_stay(State.PENDING, Signal.BREACH, Signal.UNKNOWN),
    (State.PENDING, Signal.HELD): Move(State.FIRING, Cause.HELD),
    (State.PENDING, Signal.CLEAR): Move(State.NONE, Cause.DROPPED),
    (State.PENDING, Signal.KEPT): Move(State.NONE, Cause.DROPPED),
    **_stay(State.FIRING, Signal.BREACH, Signal.HELD, Signal.UNKNOWN),
    (State.FIRING, Signal.CLEAR): Move(State.CLEARING, Cause.CLEARED),
    (State.FIRING, Signal.KEPT): Move(State.RESOLVED, Cause.CLEARED),
    **_stay(State.CLEARING, Signal.CLEAR, Signal.UNKNOWN),
    (State.CLEARING, Signal.BREACH): Move(State.FIRING, Cause.BREACHED_AGAIN),
    (State.CLEARING, Signal.HELD): Move(State.FIRING, Cause.BREACHED_AGAIN),
    (State.CLEARING, Signal.KEPT): Move(State.RESOLVED, Cause.KEPT),
    **_stay(State.RESOLVED, Signal.CLEAR, Signal.KEPT, Signal.UNKNOWN),
    (State.RESOLVED, Signal.BREACH): Move(State.PENDING, Cause.BREACHED),
    (State.RESOLVED, Signal.HELD): Move(State.FIRING, Cause.HELD),
}

_ALIVE = (State.PENDING, State.FIRING, State.CLEARING)
TIMED = (State.PENDING, State.CLEARING)
"""What time alone may end."""


def signal(alert: Alert | None, finding: Finding, rule: Timing) -> Signal:
    """The finding with the alert's timers folded in."""
    if finding.truth is Truth.UNKNOWN:
        return Signal.UNKNOWN
    alive = alert if alert is not None and alert.state in _ALIVE else None
    if finding.truth is Truth.BREACH:
        since = alive.since if alive else finding.at
        return Signal.HELD if finding.at - since >= rule.hold else Signal.BREACH
    since = alive.state_since if alive and alive.state is State.CLEARING else finding.at
    return Signal.KEPT if finding.at - since >= rule.keep else Signal.CLEAR


def deadline(alert: Alert, rule: Timing) -> datetime | None:
    """When a finding like the last one moves the alert; None where time alone does not."""
    if alert.state is State.PENDING:
        return alert.since + rule.hold
    return alert.state_since + rule.keep if alert.state is State.CLEARING else None


def stays(alert: Alert, truth: Truth, severity: Severity, *, at: datetime, rule: Timing) -> bool:
    """Whether such a finding would leave a live alert as it is: what `advance` says, for whoever asks at every poll."""
    if truth is Truth.BREACH and severity is alert.severity:
        return alert.state is State.FIRING or (alert.state is State.PENDING and at - alert.since < rule.hold)
    if truth is Truth.CLEAR:
        return alert.state is State.CLEARING and at - alert.state_since < rule.keep
    return truth is Truth.UNKNOWN


def advance(alert: Alert | None, finding: Finding, rule: Timing) -> tuple[Alert | None, Transition | None]:
    """At most one step of an alert's life.

    Returns the alert as it is from now on (None: there is none, or a pending one was dropped) and the step, None
    where nothing moved. A change of severity while it fires is a step from FIRING to FIRING.
    """
    before = alert.state if alert else State.NONE
    move = TABLE[before, signal(alert, finding, rule)]
    if move.cause is None:
        return _same_state(alert, finding)
    if alert is None or before is State.RESOLVED:
        born = _born(finding, move, alert)
        return born, _transition(finding, before, move, born.severity)
    if move.after is State.NONE:
        return _dropped(alert, finding, move)
    moved = _moved(alert, finding, move)
    return moved, _transition(finding, before, move, moved.severity)


def end(alert: Alert, *, cause: Cause, at: datetime) -> tuple[Alert | None, Transition]:
    """Ends a live alert for a named administrative reason, without a sample. A pending one is just dropped."""
    after = State.RESOLVED if alert.state.fires or alert.resolved_at is not None else State.NONE
    transition = Transition(
        alert=alert.key,
        at=at,
        before=alert.state,
        after=after,
        cause=cause,
        severity=alert.severity,
        rule=alert.rule,
        rule_version=alert.rule_version,
        values=alert.values,
    )
    if after is State.NONE:
        return None, transition
    return replace(alert, state=after, state_since=at, resolved_at=at, cause=cause), transition


def restate(alert: Alert, *, version: str, at: datetime) -> tuple[Alert, Transition]:
    """A live alert whose rule means something else from `at` on: nothing moves, and that is recorded."""
    restated = replace(alert, rule_version=version)
    transition = Transition(
        alert=alert.key,
        at=at,
        before=alert.state,
        after=alert.state,
        cause=Cause.RULE_CHANGED,
        severity=alert.severity,
        rule=alert.rule,
        rule_version=version,
        values=alert.values,
    )
    return restated, transition


def _born(finding: Finding, move: Move, earlier: Alert | None) -> Alert:
    fires = move.after is State.FIRING
    return Alert(
        key=finding.key,
        rule=finding.rule,
        rule_version=finding.rule_version,
        instance=finding.instance,
        labels=finding.labels,
        severity=finding.severity,
        state=move.after,
        since=finding.at,
        state_since=finding.at,
        fired_at=finding.at if fires else earlier.fired_at if earlier else None,
        resolved_at=earlier.resolved_at if earlier and not fires else None,
        cause=move.cause or Cause.BREACHED,
        values=finding.values,
        values_at=finding.at,
    )


def _dropped(alert: Alert, finding: Finding, move: Move) -> tuple[Alert | None, Transition]:
    """A pending alert ends. One that has fired before is again what it was: resolved, on this good sample."""
    if alert.fired_at is None or alert.resolved_at is None:
        return None, _transition(finding, alert.state, move, alert.severity)
    back = Move(State.RESOLVED, move.cause)
    moved = replace(
        alert,
        state=back.after,
        since=alert.fired_at,
        state_since=alert.resolved_at,
        cause=Cause.CLEARED,
        values=finding.values,
        values_at=finding.at,
    )
    return moved, _transition(finding, alert.state, back, alert.severity)


def _moved(alert: Alert, finding: Finding, move: Move) -> Alert:
    begins = alert.state is State.PENDING and move.after is State.FIRING
    ended = finding.at if move.after is State.RESOLVED else None
    return replace(
        alert,
        rule_version=finding.rule_version,
        severity=alert.severity if finding.truth is Truth.CLEAR else finding.severity,
        state=move.after,
        state_since=finding.at,
        fired_at=finding.at if begins else alert.fired_at,
        resolved_at=ended,
        cause=move.cause or alert.cause,
        values=finding.values,
        values_at=finding.at,
    )


def _same_state(alert: Alert | None, finding: Finding) -> tuple[Alert | None, Transition | None]:
    """No step in the table: the severity of a live alert may still move."""
    if alert is None or finding.truth is not Truth.BREACH or finding.severity is alert.severity:
        return alert, None
    rose = finding.severity.rank > alert.severity.rank
    cause = Cause.SEVERITY_ROSE if rose else Cause.SEVERITY_FELL
    moved = replace(
        alert, severity=finding.severity, rule_version=finding.rule_version, values=finding.values, values_at=finding.at
    )
    return moved, _transition(finding, alert.state, Move(alert.state, cause), finding.severity)


def _transition(finding: Finding, before: State, move: Move, severity: Severity) -> Transition:
    return Transition(
        alert=finding.key,
        at=finding.at,
        before=before,
        after=move.after,
        cause=move.cause or Cause.BREACHED,
        severity=severity,
        rule=finding.rule,
        rule_version=finding.rule_version,
        values=finding.values,
    )
