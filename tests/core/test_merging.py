"""Several messages that wait become one, and nothing that they said is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.merging import beyond, caught_up, digest, last_words
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


def together(*messages: Notification) -> Notification:
    count, one = caught_up(messages)
    assert count == len(messages)
    return one


def test_what_nobody_was_told_of_stays_new() -> None:
    one = together(said("m-1", view("a")), said("m-2", view("a", Change.SAME), view("b"), reason=Reason.MORE))
    assert (one.id, one.reason) == ("m-2", Reason.MORE)
    assert changes(one) == {"a": Change.NEW, "b": Change.NEW}


def test_what_fired_and_resolved_unheard_is_told_as_that_in_both_languages() -> None:
    gone = said("m-2", view("a", Change.RESOLVED), reason=Reason.ALL_RESOLVED)
    one = together(said("m-1", view("a")), gone)
    assert changes(one) == {"a": Change.PASSED}
    assert "fired and resolved before this could be said" in plain(render(one, language="en", zone=UTC))
    assert "已发生并恢复" in plain(render(one, language="zh", zone=UTC))


def test_the_end_of_what_was_told_before_stays_an_end() -> None:
    worse = said("m-1", view("a", Change.WORSE), reason=Reason.WORSE)
    over = said("m-2", view("a", Change.RESOLVED), reason=Reason.ALL_RESOLVED)
    assert changes(together(worse, over)) == {"a": Change.RESOLVED}


def test_an_end_is_kept_when_the_newer_message_no_longer_speaks_of_it() -> None:
    over = said("m-1", view("a", Change.RESOLVED), view("b", Change.SAME), reason=Reason.SOME_RESOLVED)
    one = together(over, said("m-2", view("b", Change.SAME), reason=Reason.REPEAT))
    assert changes(one) == {"b": Change.SAME, "a": Change.RESOLVED}
    assert one.reason is Reason.SOME_RESOLVED, "it is no reminder: it says something new"


def test_what_rose_unheard_is_told_from_where_it_was_heard_last() -> None:
    first = replace(view("a", Change.WORSE), values_before={"abnormal": 1.0})
    second = replace(view("a", Change.SAME), values_before={"abnormal": 5.0})
    [alert] = together(said("m-1", first), said("m-2", second)).alerts
    assert (alert.change, alert.values_before) == (Change.WORSE, {"abnormal": 1.0})


def test_an_end_that_somebody_waits_for_is_not_hidden_by_what_fires_again() -> None:
    over = said("m-1", view("a", Change.RESOLVED), reason=Reason.ALL_RESOLVED)
    again = said("m-2", view("a"), reason=Reason.FIRST)
    count, one = caught_up([over, again, said("m-3", view("a", Change.SAME), view("b"))])
    assert (count, one) == (1, over), "the end is told first, and then that it fires again"


def test_what_was_over_before_anybody_heard_of_it_and_fires_again_is_one_new_alert() -> None:
    unheard = said("m-1", view("a")), said("m-2", view("a", Change.RESOLVED)), said("m-3", view("a"))
    assert changes(together(*unheard)) == {"a": Change.NEW}


def test_an_alert_that_flaps_is_told_so_until_it_was_heard() -> None:
    flaps, same = view("a", Change.FLAPPING), view("a", Change.SAME)
    assert changes(together(said("m-1", flaps), said("m-2", same))) == {"a": Change.FLAPPING}
    assert changes(together(said("m-1", view("a")), said("m-2", flaps))) == {"a": Change.FLAPPING}
    over = said("m-3", view("a", Change.RESOLVED))
    assert changes(together(said("m-1", flaps), over)) == {"a": Change.RESOLVED}
    unheard = replace(flaps, values_before={})
    assert changes(together(said("m-1", unheard), over)) == {"a": Change.PASSED}


def test_who_heard_the_first_message_is_told_what_is_new_in_the_one_that_took_it_in() -> None:
    first = said("m-1", view("a"), view("b"), view("c"))
    later = said("m-2", view("a", Change.SAME), view("b", Change.RESOLVED), view("c", Change.SAME), view("d"))
    later = replace(later, alerts=(*later.alerts[:2], replace(later.alerts[2], severity=Severity.CRITICAL), view("d")))
    both = together(first, later)
    assert changes(both) == {"a": Change.NEW, "b": Change.PASSED, "c": Change.NEW, "d": Change.NEW}
    told = changes(beyond(both, last_words([first])))
    assert told == {"a": Change.SAME, "b": Change.RESOLVED, "c": Change.WORSE, "d": Change.NEW}


def test_who_heard_all_of_it_is_told_nothing_unless_it_is_a_reminder() -> None:
    first = said("m-1", view("a"), view("b", Change.RESOLVED))
    assert beyond(replace(first, id="m-2"), last_words([first])).alerts == ()
    assert changes(beyond(replace(first, reason=Reason.REPEAT), last_words([first]))) == {"a": Change.SAME}
    elsewhere = said("m-4", view("z", Change.SAME))
    assert beyond(elsewhere, last_words([first])) == elsewhere, "who never heard of it hears of it first now"
    again = said("m-3", view("b"))
    assert changes(beyond(again, last_words([first]))) == {"b": Change.NEW}


def test_a_digest_names_every_alert_worst_first_and_then_counts() -> None:
    many = [said(f"m-{number:03}", view(f"i-{number:03}")) for number in range(150)]
    many = [replace(message, group_key=message.id) for message in many]
    places, one = digest([*many, said("bad", view("worst", severity=Severity.CRITICAL))], at=START)
    assert places == list(range(151))
    assert (one.id, one.reason, len(one.alerts)) == ("m-000.digest", Reason.DIGEST, 151)
    assert one.alerts[0].key == "worst"
    lines = plain(render(one, language="en", zone=UTC)).splitlines()
    assert lines[0] == "[FIRING critical] tasks-abnormal (151)"
    assert lines[1] == "many at once: +151 new"
    assert lines[2].endswith("tasks-abnormal · worst")
    assert "+51 more" in lines


def test_a_digest_leaves_out_what_would_bury_an_end_and_what_comes_after_it_in_that_group() -> None:
    def of(group: str, name: str, *alerts: AlertView) -> Notification:
        return replace(said(name, *alerts), group_key=group)

    waiting = [
        of("g", "m-1", view("a", Change.RESOLVED)),
        of("h", "m-2", view("x")),
        of("g", "m-3", view("a")),
        of("g", "m-4", view("b")),
        of("h", "m-5", view("y")),
    ]
    places, one = digest(waiting, at=START)
    assert places == [0, 1, 4]
    assert changes(one) == {"x": Change.NEW, "y": Change.NEW, "a": Change.RESOLVED}
