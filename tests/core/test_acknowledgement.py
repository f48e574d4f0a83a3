"""How long somebody cares for an alert."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.acknowledgement import Ack, Ended
from monitor.model import Alert, Cause, Severity, State, Transition

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


ACK = Ack("orders", minute(5), "wang", "看着呢", Severity.WARNING)
ALERT = Alert(
    "orders", "r", "1", None, {}, Severity.WARNING, State.FIRING, START, START, fired_at=minute(1), cause=Cause.HELD
)


def step(at: float, after: State, severity: Severity) -> Transition:
    return Transition("orders", minute(at), State.FIRING, after, Cause.HELD, severity, "r", "1")


def test_it_holds_while_the_alert_fires_as_it_did() -> None:
    for alert in (ALERT, replace(ALERT, state=State.CLEARING), replace(ALERT, severity=Severity.INFO)):
        assert ACK.ended(alert, minute(500)) is Ended.NOT


def test_it_ends_when_the_alert_gets_worse_resolves_or_fires_anew() -> None:
    assert ACK.ended(replace(ALERT, severity=Severity.CRITICAL), minute(6)) is Ended.SEVERITY_ROSE
    for state in (State.RESOLVED, State.PENDING):
        assert ACK.ended(replace(ALERT, state=state), minute(6)) is Ended.RESOLVED
    assert ACK.ended(replace(ALERT, fired_at=minute(9)), minute(10)) is Ended.RESOLVED


def test_with_an_expiry_it_ends_then_and_not_before() -> None:
    short = replace(ACK, expires_at=minute(65))
    assert short.ended(ALERT, minute(64.99)) is Ended.NOT
    assert short.ended(ALERT, minute(65)) is Ended.EXPIRED


def test_a_step_after_it_ends_it_even_if_the_severity_falls_again() -> None:
    assert ACK.ended_by(step(6, State.FIRING, Severity.CRITICAL)) is Ended.SEVERITY_ROSE
    assert ACK.ended_by(step(6, State.FIRING, Severity.WARNING)) is Ended.NOT
    assert ACK.ended_by(step(6, State.CLEARING, Severity.WARNING)) is Ended.NOT
    assert ACK.ended_by(step(6, State.RESOLVED, Severity.WARNING)) is Ended.RESOLVED


def test_what_happened_before_it_does_not_end_it() -> None:
    assert ACK.ended_by(step(4, State.RESOLVED, Severity.CRITICAL)) is Ended.NOT
