"""What a message shows of the hours before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.curve import Step
from monitor.model import Counts, Failure, FailureKind, InstanceKey, Run, Severity
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.recent import curve, reach, worst

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ALERT = AlertView(
    key="a",
    labels={"alertname": "abnormal", "account": "prod", "instance": "orders", "instance_id": "i-1"},
    annotations={},
    severity=Severity.CRITICAL,
    firing=True,
    change=Change.NEW,
    started_at=datetime(2026, 1, 5, 9, 40, tzinfo=UTC),
)


def before(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def run(start: float, end: float, *, running: int = 40, abnormal: int = 0, terminated: int = 0) -> Run:
    """Polled twice a minute; one of the abnormal tasks is a CDC task."""
    cdc = min(abnormal, 1)
    counts = Counts(running, abnormal - cdc, terminated, 7), Counts(3, cdc, 0, 0)
    return Run(before(start), before(end), round((start - end) * 2) + 1, *counts)


def failed(start: float, end: float) -> Run:
    failure = Failure(FailureKind.TIMEOUT, "no answer")
    return Run(before(start), before(end), round((start - end) * 2) + 1, None, None, failure)


def test_both_kinds_together_are_told_and_what_failed_is_a_gap() -> None:
    found = curve(ALERT, [run(400, 90.5), failed(90, 60.5), run(60, 20.5), run(20, 0, abnormal=3)], NOW)
    assert found is not None
    assert (found.instance, found.status, found.fired_at, found.over_at) == ("orders", "abnormal", before(20), None)
    assert found.steps == (
        Step(before(180), before(90), 0),
        Step(before(90), before(60), None),
        Step(before(60), before(20), 0),
        Step(before(20), NOW, 3),
    )
    assert (found.since, found.until, found.known) == (before(180), NOW, (0, 0, 3))


@pytest.mark.parametrize(
    ("early", "late", "status"),
    [
        ({"abnormal": 2}, {"abnormal": 2}, "abnormal"),
        ({"abnormal": 2}, {"abnormal": 2, "terminated": 5}, "terminated"),
        ({"terminated": 1}, {"abnormal": 1, "terminated": 1}, "abnormal"),
        ({"terminated": 4}, {"terminated": 4}, "terminated"),
        ({"running": 9}, {"running": 1}, "running"),
    ],
)
def test_the_bad_count_that_moved_is_shown_or_that_there_is_or_what_runs(
    early: dict[str, int], late: dict[str, int], status: str
) -> None:
    found = curve(ALERT, [run(300, 20.5, **early), run(20, 0, **late)], NOW)
    assert found is not None
    assert found.status == status


def test_nothing_is_shown_of_what_is_not_known() -> None:
    assert curve(ALERT, [], NOW) is None
    assert curve(ALERT, [failed(500, 0)], NOW) is None


@pytest.mark.parametrize(
    ("fires_for", "shown"),
    [
        (timedelta(minutes=2), timedelta(hours=3)),
        (timedelta(hours=6), timedelta(hours=8)),
        (timedelta(days=9), timedelta(hours=24)),
    ],
)
def test_it_reaches_back_before_the_break_where_that_is_not_too_long_ago(
    fires_for: timedelta, shown: timedelta
) -> None:
    assert NOW - reach(replace(ALERT, started_at=NOW - fires_for), NOW) == shown


def test_it_begins_with_the_history() -> None:
    found = curve(ALERT, [run(30, 20.5), run(20, 0, abnormal=1)], NOW)
    assert found is not None
    assert found.since == before(30)
    at_once = curve(ALERT, [run(0.5, 0, abnormal=1)], NOW)
    assert at_once is not None
    assert [(step.start, step.count) for step in at_once.steps] == [(before(2), None), (before(0.5), 1)]


def test_what_the_store_has_not_written_yet_is_taken_from_the_alert() -> None:
    """The ends of runs are written every ten seconds; at polls every second that would be a gap."""
    quick = Run(NOW - timedelta(minutes=5), NOW - timedelta(seconds=9), 292, Counts(4, 1), Counts())
    found = curve(replace(ALERT, values_at=NOW - timedelta(seconds=1)), [quick], NOW)
    assert found is not None
    assert [step.count for step in found.steps] == [1]


def test_what_came_after_the_message_is_not_in_it() -> None:
    found = curve(ALERT, [run(300, -5), run(-5.5, -9, abnormal=8)], NOW)
    assert found is not None
    assert (found.until, found.status, set(found.known)) == (NOW, "running", {43})


def said(*alerts: AlertView, reason: Reason = Reason.FIRST) -> Notification:
    return Notification("m", "ops", "g", {}, reason, NOW, alerts)


def test_only_the_gravest_is_shown_and_only_where_it_is_about_an_instance() -> None:
    other = replace(ALERT, labels={**ALERT.labels, "instance_id": "i-2"})
    assert worst(said(ALERT, other)) == (ALERT, InstanceKey("prod", "i-1"))
    group = replace(ALERT, labels={"alertname": "many", "account": "prod"})
    assert worst(said(group, ALERT)) is None
    assert worst(said()) is None


@pytest.mark.parametrize("reason", [Reason.TEST, Reason.DRILL, Reason.DIGEST])
def test_trials_and_digests_show_none(reason: Reason) -> None:
    assert worst(said(ALERT, reason=reason)) is None
