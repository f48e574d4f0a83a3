"""What a silence would have hidden: the alerts that fired, and the messages that told of nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.hindsight import Began, Hidden, hindsight
from monitor.matchers import parse
from monitor.model import Severity
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.silences import Silence
from monitor.timewindows import Recurring

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
NIGHTS = {"nights": Recurring("nights", "0 22 * * *", timedelta(hours=9), UTC)}


def at(hours: float) -> datetime:
    return SINCE + timedelta(hours=hours)


def silence(matchers: str, *, unless: str = "", window: str = "") -> Silence:
    """One that begins long after all that it is asked about."""
    breaker = parse(unless) if unless else None
    return Silence("s", parse(matchers), at(1000), at(1001), "wang", "", SINCE, unless=breaker, window=window)


def labels(instance: str, severity: str = "warning") -> dict[str, str]:
    return {"alertname": "tasks-abnormal", "instance": instance, "severity": severity}


def began(instance: str, hours: float, severity: str = "warning") -> Began:
    return Began(f"key-{instance}", at(hours), labels(instance, severity))


def said(hours: float, *instances: str, receiver: str = "ops", severity: str = "warning") -> Notification:
    views = tuple(
        AlertView(f"key-{one}", labels(one, severity), {}, Severity(severity), True, Change.NEW, SINCE)
        for one in instances
    )
    return Notification("m", receiver, "g", {}, Reason.FIRST, at(hours), views)


BEGAN = [began("orders", 1), began("billing", 2), began("orders", 3, "critical"), began("orders", 30)]
SAID = [
    said(1, "orders"),
    said(2, "orders", "billing"),
    said(3, "orders", severity="critical"),
    said(3, "orders", receiver="oncall", severity="critical"),
    said(4, "billing"),
    said(30, "orders"),
]


def test_it_counts_alerts_and_messages_by_receiver() -> None:
    found = hindsight(silence("instance=orders"), BEGAN, SAID, {}, since=SINCE)
    assert found.alerts == (Hidden("key-orders", labels("orders"), 3, at(30)),)
    assert (found.fired, found.messages, found.shortened) == (3, {"ops": 3, "oncall": 1}, 1)


def test_its_breaker_holds_for_the_past_as_well() -> None:
    found = hindsight(silence("instance=orders", unless="severity=critical"), BEGAN, SAID, {}, since=SINCE)
    assert (found.fired, found.messages) == (2, {"ops": 2})


def test_its_window_was_open_then_or_it_would_have_hidden_nothing() -> None:
    found = hindsight(silence('instance=~".+"', window="nights"), BEGAN, SAID, NIGHTS, since=SINCE)
    assert (found.fired, found.messages) == (4, {"ops": 5, "oncall": 1}), "until seven in the morning, each day"
    day = [began("orders", 12)], [said(12, "orders")]
    assert hindsight(silence("instance=orders", window="nights"), *day, NIGHTS, since=SINCE).alerts == ()
    assert hindsight(silence("instance=orders", window="gone"), BEGAN, SAID, NIGHTS, since=SINCE).messages == {}


def test_a_digest_and_a_drill_say_nothing_that_is_not_counted_elsewhere() -> None:
    for reason in (Reason.DIGEST, Reason.DRILL):
        found = hindsight(silence("instance=orders"), [], [replace(said(1, "orders"), reason=reason)], {}, since=SINCE)
        assert (found.messages, found.shortened) == ({}, 0)
