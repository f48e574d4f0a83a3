"""Several messages that wait become one, and nothing that they said is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.merging import caught_up, digest
from monitor.message import plain, render
from monitor.model import Severity
from monitor.notification import AlertView, Change, Notification, Reason

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def view(key: str, change: Change = Change.NEW, severity: Severity = Severity.WARNING) -> AlertView:
    firing = change not in (Change.RESOLVED, Change.PASSED)
    labels = {"alertname": "tasks-abnormal", "instance": key}
    ended = None if firing else START + timedelta(minutes=4)
    return AlertView(key, labels, {}, severity, firing, change, START, ended, values_before={"abnormal": 1.0})


def said(name: str, *alerts: AlertView, reason: Reason = Reason.FIRST) -> Notification:
    return Notification(name, "ops", "g", {}, reason, START, alerts)


def changes(one: Notification) -> dict[str, Change]:
    return {alert.key: alert.change for alert in one.alerts}


def test_what_nobody_was_told_of_stays_new() -> None:
    together = caught_up(said("m-1", view("a")), said("m-2", view("a", Change.SAME), view("b"), reason=Reason.MORE))
    assert (together.id, together.reason) == ("m-2", Reason.MORE)
    assert changes(together) == {"a": Change.NEW, "b": Change.NEW}


def test_what_fired_and_resolved_unheard_is_told_as_that_in_both_languages() -> None:
    gone = said("m-2", view("a", Change.RESOLVED), reason=Reason.ALL_RESOLVED)
    together = caught_up(said("m-1", view("a")), gone)
    assert changes(together) == {"a": Change.PASSED}
    assert "fired and resolved before this could be said" in plain(render(together, language="en", zone=UTC))
    assert "已发生并恢复" in plain(render(together, language="zh", zone=UTC))


def test_the_end_of_what_was_told_before_stays_an_end() -> None:
    worse = said("m-1", view("a", Change.WORSE), reason=Reason.WORSE)
    over = said("m-2", view("a", Change.RESOLVED), reason=Reason.ALL_RESOLVED)
    assert changes(caught_up(worse, over)) == {"a": Change.RESOLVED}


def test_an_end_is_kept_when_the_newer_message_no_longer_speaks_of_it() -> None:
    over = said("m-1", view("a", Change.RESOLVED), view("b", Change.SAME), reason=Reason.SOME_RESOLVED)
    assert changes(caught_up(over, said("m-2", view("b", Change.SAME), reason=Reason.REPEAT))) == {
        "b": Change.SAME,
        "a": Change.RESOLVED,
    }


def test_what_rose_unheard_is_told_from_where_it_was_heard_last() -> None:
    first = replace(view("a", Change.WORSE), values_before={"abnormal": 1.0})
    second = replace(view("a", Change.SAME), values_before={"abnormal": 5.0})
    [alert] = caught_up(said("m-1", first), said("m-2", second)).alerts
    assert (alert.change, alert.values_before) == (Change.WORSE, {"abnormal": 1.0})


def test_a_digest_names_every_alert_worst_first_and_then_counts() -> None:
    many = [said(f"m-{number:03}", view(f"i-{number:03}")) for number in range(150)]
    one = digest([*many, said("bad", view("worst", severity=Severity.CRITICAL))], at=START)
    assert (one.id, one.reason, len(one.alerts)) == ("m-000.digest", Reason.DIGEST, 151)
    assert one.alerts[0].key == "worst"
    lines = plain(render(one, language="en", zone=UTC)).splitlines()
    assert lines[0] == "[FIRING critical] tasks-abnormal (151)"
    assert lines[1] == "many at once: +151 new"
    assert lines[2].endswith("tasks-abnormal · worst")
    assert "+51 more" in lines
