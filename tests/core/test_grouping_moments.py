"""When a group looks again, and all that stands in what it says: details on which no story of people depends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from test_grouping import START, alert, fresh, going_on, moment, resolved, spoken

from monitor.acknowledgement import Ack
from monitor.grouping import Decision, Group, Quiet, decide
from monitor.model import Alert
from monitor.notification import Reason
from monitor.quieting import Hushed, Look, Why

REPEATS_AT = moment(10 + 4 * 3600)
SILENCED = Hushed(Why.SILENCED, "s-1")


def looked(seconds: float, group: Group, *alerts: Alert, tells_acks: bool = False, **look: object) -> Decision:
    return decide(
        group,
        alerts,
        at=moment(seconds),
        message_id=f"m-{seconds:g}",
        look=Look(**look),  # type: ignore[arg-type]
        tells_acks=tells_acks,
    )


def acks(*alerts: Alert, by: str = "wang") -> dict[str, Ack]:
    return {one.key: Ack(one.key, START, by, "", one.severity) for one in alerts}


@pytest.mark.parametrize(("changes", "looks"), [(5, 5), (20, 10), (None, 10)])
def test_while_it_waits_for_company_it_looks_again_when_the_first_thing_changes(
    changes: float | None, looks: float
) -> None:
    waits = looked(1, fresh().changed(START), alert("orders"), changes_at=None if changes is None else moment(changes))
    assert (waits.verdict, going_on(waits).look_at) == (Quiet.WAITING, moment(looks))


@pytest.mark.parametrize(("changes", "looks"), [(50, 50), (90, 70), (None, 70)])
def test_what_is_freed_waits_for_the_interval_or_for_the_next_thing_that_changes(
    changes: float | None, looks: float
) -> None:
    group = replace(spoken(alert("orders")), look_at=moment(40))
    waits = looked(
        40, group, alert("orders"), alert("invoices"), changes_at=None if changes is None else moment(changes)
    )
    assert (waits.verdict, going_on(waits).look_at) == (Quiet.WAITING, moment(looks))


def test_what_a_silence_hid_is_remembered_while_the_group_waits_or_is_muted() -> None:
    hidden = going_on(looked(10, fresh().changed(START), alert("orders"), hushed={"orders": SILENCED}))
    assert hidden.held == {"orders": SILENCED}
    waits = looked(11, hidden.changed(moment(11)), alert("orders"))
    assert (waits.verdict, going_on(waits).held) == (Quiet.WAITING, {"orders": SILENCED})
    muted = looked(30, hidden, alert("orders"), muted=Hushed(Why.MUTED, "nights"))
    assert (muted.verdict, muted.by, going_on(muted).held) == (Quiet.MUTED, "nights", {"orders": SILENCED})
    assert looked(40, going_on(muted), alert("orders")).verdict is Reason.SILENCE_ENDED


def test_what_is_hidden_while_the_group_waits_is_remembered_from_then_on() -> None:
    waits = looked(5, fresh().changed(START), alert("orders"), hushed={"orders": SILENCED})
    assert (waits.verdict, going_on(waits).held) == (Quiet.WAITING, {"orders": SILENCED})


def test_a_message_is_whole_and_the_group_after_it_counts_it() -> None:
    orders, invoices = alert("orders"), alert("invoices")
    group = replace(fresh(), version=4).changed(START)
    said = looked(10, group, orders, invoices, hushed={"invoices": SILENCED}, changes_at=moment(99))
    assert said.notification is not None
    assert (said.notification.id, said.notification.at, said.notification.reason) == ("m-10", moment(10), Reason.FIRST)
    assert said.notification.group_labels == {"alertname": "abnormal"}
    after = going_on(said)
    assert (after.version, after.held, after.changed_at, after.look_at) == (5, {"invoices": SILENCED}, None, moment(99))


def test_who_was_shown_to_care_is_still_known_after_the_next_word() -> None:
    orders = alert("orders")
    shown = looked(15, spoken(orders), orders, acknowledged=acks(orders), tells_acks=True)
    more = looked(
        80, going_on(shown).changed(moment(70)), orders, alert("invoices"), acknowledged=acks(orders), tells_acks=True
    )
    assert more.verdict is Reason.MORE
    said = going_on(more).said
    assert (said["orders"].owner, said["invoices"].owner) == ("wang", "")
    assert going_on(more).look_at == REPEATS_AT.replace(hour=14, minute=1, second=20)


def test_who_cares_is_shown_by_a_message_of_its_own_without_what_is_over() -> None:
    orders, invoices = alert("orders"), alert("invoices")
    group = replace(spoken(orders, invoices), changed_at=None)
    shown = looked(15, group, orders, invoices, acknowledged=acks(orders), tells_acks=True, changes_at=moment(99))
    assert shown.notification is not None
    message = shown.notification
    assert (message.id, message.at, message.reason) == ("m-15", moment(15), Reason.ACKNOWLEDGED)
    assert {one.instance for one in message.alerts} == {"orders", "invoices"}
    assert (going_on(shown).look_at, going_on(shown).changed_at) == (moment(99), None)


def test_a_change_without_news_is_done_with_when_only_who_cares_is_shown() -> None:
    orders = alert("orders")
    group = spoken(orders).changed(moment(15))
    shown = looked(70, group, orders, acknowledged=acks(orders), tells_acks=True)
    assert (shown.verdict, going_on(shown).changed_at) == (Reason.ACKNOWLEDGED, None)


def test_what_was_told_to_flap_is_held_from_then_on() -> None:
    orders = alert("orders")
    told = looked(70, spoken(orders).changed(moment(15)), orders, flapping={"orders"})
    assert (told.verdict, going_on(told).held) == (Reason.FLAPPING, {"orders": Hushed(Why.FLAPPING)})


@pytest.mark.parametrize(
    ("why", "looks"), [(Why.MAINTENANCE, START.replace(hour=12)), (Why.SILENCED, START.replace(hour=12))]
)
def test_windows_let_go_with_everybody_elses_and_step_aside_silences_do_not(why: Why, looks: datetime) -> None:
    quiet = looked(20, spoken(alert("orders")), alert("orders"), hushed={"orders": Hushed(why, "x")}, changes_at=looks)
    again = going_on(quiet).look_at
    assert again is not None
    assert (again > looks) == (why is Why.MAINTENANCE)


def test_a_window_that_never_changes_lets_go_at_no_moment() -> None:
    quiet = looked(20, spoken(alert("orders")), alert("orders"), hushed={"orders": Hushed(Why.MAINTENANCE, "x")})
    assert going_on(quiet).look_at is None


def test_a_repetition_of_right_now_is_not_looked_for_again() -> None:
    """What is held back at the very moment of its repetition asks for no look that has already been."""
    late = 10 + 4 * 3600
    acknowledged = looked(late, spoken(alert("orders")), alert("orders"), acknowledged=acks(alert("orders")))
    assert (acknowledged.verdict, going_on(acknowledged).look_at) == (Quiet.ACKNOWLEDGED, None)
    limited = replace(spoken(alert("orders")), repeat_limit=0)
    stays = looked(late, limited, alert("orders"), changes_at=moment(late + 5))
    assert (stays.verdict, going_on(stays).look_at) == (Quiet.REPEAT_LIMIT, moment(late + 5))
    over = looked(70, spoken(alert("orders")).changed(moment(15)), resolved(alert("orders")), changes_at=moment(71))
    assert (over.verdict, going_on(over).look_at) == (Reason.ALL_RESOLVED, moment(71))
