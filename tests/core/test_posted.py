"""Alerts that other systems post: what each post makes of them, and when they end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor import posted
from monitor.fingerprint import fingerprint
from monitor.model import Alert, Cause, Severity, State
from monitor.posted import Post, judged, resumed, severity_of

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
LABELS = {"alertname": "DiskFull", "severity": "page", "instance": "db-1"}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def post(*, starts: float | None = None, ends: float | None = None, **more: str) -> Post:
    starts_at, ends_at = None if starts is None else at(starts), None if ends is None else at(ends)
    return Post(LABELS, {"summary": "disk full", **more}, starts_at, ends_at, "http://prometheus/graph")


def fires(when: float = 0, *, starts: float | None = None, ends: float | None = None) -> Alert:
    change = judged(None, post(starts=starts, ends=ends), at=at(when))
    assert change is not None
    assert change.alert is not None
    return change.alert


def test_what_is_posted_fires_at_once_with_all_that_was_posted() -> None:
    change = judged(None, post(starts=-90, ends=240), at=at(0))
    assert change is not None
    alert, step = change.alert, change.transition
    assert alert is not None
    assert step is not None
    assert (step.before, step.after, step.at, step.cause) == (State.NONE, State.FIRING, at(0), Cause.HELD)
    assert step.audible
    assert (alert.since, alert.fired_at, alert.ends_at) == (at(-90), at(-90), at(240))
    assert (alert.annotations, alert.source) == ({"summary": "disk full"}, "http://prometheus/graph")
    assert alert.severity is Severity.CRITICAL
    assert alert.all_labels == LABELS, "the word of the source, not ours"


def test_one_without_severity_shows_none() -> None:
    change = judged(None, Post({"alertname": "DiskFull"}), at=at(0))
    assert change is not None
    assert change.alert is not None
    assert change.alert.all_labels == {"alertname": "DiskFull"}
    assert change.alert.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("word", "severity"),
    [("critical", "critical"), ("Page", "critical"), ("warning", "warning"), ("error", "warning"), ("none", "info")],
)
def test_the_words_of_others_have_a_severity(word: str, severity: str) -> None:
    assert severity_of({"severity": word}) == severity


def test_its_key_is_none_that_an_alert_of_ours_could_have() -> None:
    labels = {"alertname": "tasks-abnormal", "account": "prod"}
    assert fingerprint(labels) in Post(labels).key
    assert fingerprint(labels) != Post(labels).key


def test_one_that_begins_in_the_future_begins_now() -> None:
    assert fires(0, starts=30).since == at(0)


def test_what_is_over_before_it_was_heard_of_is_nothing() -> None:
    assert judged(None, post(starts=-60, ends=-1), at=at(0)) is None
    over = replace(fires(), state=State.RESOLVED, resolved_at=at(10))
    assert judged(over, post(ends=20), at=at(20)) is None


def test_a_post_that_says_the_same_changes_nothing_for_five_minutes_of_later_ends() -> None:
    alert = fires(0, ends=240)
    for seconds in range(30, 301, 30):
        assert judged(alert, post(ends=240 + seconds), at=at(seconds)) is None
    change = judged(alert, post(ends=541), at=at(301))
    assert change is not None
    assert change.alert == replace(alert, ends_at=at(541))
    assert change.transition is None


def test_without_an_end_nothing_ever_has_to_be_written() -> None:
    alert = fires(0)
    assert all(judged(alert, post(), at=at(seconds)) is None for seconds in range(0, 86400, 600))


def test_an_earlier_end_and_an_end_that_is_withdrawn_are_written() -> None:
    alert = fires(0, ends=3600)
    for ends in (600, None):
        change = judged(alert, post(ends=ends), at=at(60))
        assert change is not None
        assert change.alert is not None
        assert change.alert.ends_at == (at(600) if ends else None)


def test_other_words_are_kept_and_nobody_has_to_hear_of_them() -> None:
    change = judged(fires(), post(description="93 %"), at=at(60))
    assert change is not None
    assert change.alert is not None
    assert change.alert.annotations["description"] == "93 %"
    assert change.transition is None


def test_it_is_over_when_its_source_says_so_and_fires_again_when_it_says_that() -> None:
    change = judged(fires(), post(ends=60), at=at(60))
    assert change is not None
    assert change.alert is not None
    assert (change.alert.state, change.alert.cause, change.alert.resolved_at) == (State.RESOLVED, Cause.ENDED, at(60))
    again = judged(change.alert, post(starts=90), at=at(95))
    assert again is not None
    assert again.alert is not None
    assert again.transition is not None
    assert (again.transition.before, again.alert.state, again.alert.since) == (State.RESOLVED, State.FIRING, at(90))


def test_it_ends_by_its_end_or_five_minutes_after_it_was_last_posted() -> None:
    assert post(ends=240).deadline(at(0)) == at(240)
    assert post().deadline(at(60)) == at(360)
    over = posted.ended(fires(), Cause.TIMED_OUT, at=at(300))
    assert over.alert is not None
    assert (over.alert.state, over.alert.cause) == (State.RESOLVED, Cause.TIMED_OUT)


def test_a_new_process_gives_it_time_to_be_posted_again() -> None:
    """The end that is written may be five minutes older than the last one, and nobody could post meanwhile."""
    alert = fires(0, ends=240)
    assert judged(alert, post(ends=540), at=at(300)) is None, "so this is what is written still"
    assert resumed(alert, at(310)) >= at(540)
    assert resumed(alert, at(9000)) == at(9300)
    assert resumed(fires(0), at(10)) == at(310)
    assert resumed(fires(0, ends=86400), at(10)) == at(86700)
