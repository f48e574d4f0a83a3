"""What a group says and when, told with the clock in hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.acknowledgement import Ack
from monitor.grouping import Decision, Group, Quiet, decide, new_group
from monitor.matchers import EVERYTHING
from monitor.model import Alert, Cause, InstanceKey, Severity, State
from monitor.notification import Change, Reason
from monitor.quieting import Hushed, Look, Why
from monitor.routing import Route

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ROUTE = Route(
    path="{}",
    receiver="ops",
    matchers=EVERYTHING,
    group_by=("alertname",),
    group_wait=timedelta(seconds=10),
    group_interval=timedelta(minutes=1),
    repeat_interval=timedelta(hours=4),
)


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def alert(instance: str, state: State = State.FIRING, severity: Severity = Severity.WARNING, **values: float) -> Alert:
    return Alert(
        key=instance,
        rule="abnormal",
        rule_version="1",
        instance=InstanceKey("prod", instance),
        labels={"alertname": "abnormal", "instance": instance},
        severity=severity,
        state=state,
        since=START,
        state_since=START,
        fired_at=START,
        resolved_at=START if state is State.RESOLVED else None,
        cause=Cause.HELD,
        values=values,
    )


def resolved(one: Alert) -> Alert:
    return replace(one, state=State.RESOLVED, resolved_at=START)


def fresh() -> Group:
    return new_group(ROUTE, {"alertname": "abnormal", "instance": "orders", "severity": "warning"})


def at(seconds: float, group: Group, *alerts: Alert) -> Decision:
    return decide(group, alerts, at=moment(seconds), message_id=f"m-{seconds}")


def going_on(decision: Decision) -> Group:
    assert decision.group is not None
    return decision.group


def spoken(*alerts: Alert) -> Group:
    """A group that told of these ten seconds after the start."""
    return going_on(at(10, fresh().changed(START), *alerts))


def told(decision: Decision) -> dict[str, Change]:
    assert decision.notification is not None
    return {view.instance: view.change for view in decision.notification.alerts}


def test_a_new_group_waits_for_company_and_then_speaks_for_all() -> None:
    group = fresh().changed(START)
    assert at(9.9, group, alert("orders")).verdict is Quiet.WAITING
    assert group.look_at == moment(10)
    decision = at(10, group, alert("orders"), alert("invoices"))
    assert decision.verdict is Reason.FIRST
    assert told(decision) == {"orders": Change.NEW, "invoices": Change.NEW}


def test_after_it_has_spoken_it_looks_again_when_it_would_repeat() -> None:
    assert spoken(alert("orders")).look_at == moment(10 + 4 * 3600)


def test_more_alerts_are_told_of_after_the_interval_and_only_they_are_new() -> None:
    group = spoken(alert("orders")).changed(moment(15))
    assert at(30, group, alert("orders"), alert("invoices")).verdict is Quiet.WAITING
    assert group.look_at == moment(70)
    decision = at(70, group, alert("orders"), alert("invoices"))
    assert decision.verdict is Reason.MORE
    assert told(decision) == {"orders": Change.SAME, "invoices": Change.NEW}


def test_a_change_long_after_the_last_message_waits_only_for_company() -> None:
    assert spoken(alert("orders")).changed(moment(600)).look_at == moment(610)


def test_a_second_change_does_not_push_the_message_back() -> None:
    group = spoken(alert("orders")).changed(moment(600)).changed(moment(605))
    assert group.look_at == moment(610)


def test_a_risen_severity_is_said_and_a_fallen_one_is_not() -> None:
    worse = at(70, spoken(alert("orders")).changed(moment(15)), alert("orders", severity=Severity.CRITICAL))
    assert worse.verdict is Reason.WORSE
    assert told(worse) == {"orders": Change.WORSE}
    better = at(200, going_on(worse).changed(moment(150)), alert("orders"))
    assert better.verdict is Quiet.NOTHING_NEW


def test_some_resolved_then_all_resolved_and_the_group_is_done() -> None:
    orders, invoices = alert("orders"), alert("invoices")
    some = at(70, spoken(orders, invoices).changed(moment(15)), orders, resolved(invoices))
    assert some.verdict is Reason.SOME_RESOLVED
    assert told(some) == {"orders": Change.SAME, "invoices": Change.RESOLVED}
    rest = at(140, going_on(some).changed(moment(100)), resolved(orders))
    assert rest.verdict is Reason.ALL_RESOLVED
    assert told(rest) == {"orders": Change.RESOLVED}
    assert at(900, going_on(rest)).group is None


def test_what_was_over_before_it_was_said_needs_no_all_clear() -> None:
    decision = at(10, fresh().changed(START), resolved(alert("orders")))
    assert (decision.verdict, decision.group, decision.notification) == (Quiet.OVER_BEFORE_SAID, None, None)


def test_a_resolved_one_that_fires_again_before_it_was_said_is_no_news() -> None:
    group = spoken(alert("orders")).changed(moment(15)).changed(moment(20))
    decision = at(70, group, alert("orders"))
    assert decision.verdict is Quiet.NOTHING_NEW
    assert going_on(decision).look_at == moment(10 + 4 * 3600)


def test_no_all_clear_while_it_is_pending_again() -> None:
    group = spoken(alert("orders")).changed(moment(15))
    decision = at(70, group, alert("orders", state=State.PENDING))
    assert decision.verdict is Quiet.NOTHING_NEW
    dropped = at(130, going_on(decision).changed(moment(100)), resolved(alert("orders")))
    assert dropped.verdict is Reason.ALL_RESOLVED


def test_it_repeats_itself_after_the_repeat_interval_and_not_before() -> None:
    group = spoken(alert("orders"))
    assert at(4 * 3600, group, alert("orders")).verdict is Quiet.NOTHING_NEW
    decision = at(10 + 4 * 3600, group, alert("orders"))
    assert decision.verdict is Reason.REPEAT
    assert going_on(decision).look_at == moment(10 + 8 * 3600)


def test_nothing_is_repeated_about_what_has_resolved() -> None:
    rest = at(70, spoken(alert("orders")).changed(moment(15)), resolved(alert("orders")))
    assert going_on(rest).look_at is None


def test_a_message_carries_the_numbers_of_the_last_one() -> None:
    group = spoken(alert("orders", abnormal=9)).changed(moment(15))
    decision = at(70, group, alert("orders", severity=Severity.CRITICAL, abnormal=17))
    assert decision.notification is not None
    [view] = decision.notification.alerts
    assert (view.values_before, view.values) == ({"abnormal": 9}, {"abnormal": 17})


def test_alerts_stand_in_reading_order() -> None:
    members = [
        resolved(alert("a", severity=Severity.CRITICAL)),
        alert("z", severity=Severity.CRITICAL),
        alert("c"),
        alert("b"),
    ]
    group = spoken(*[replace(member, state=State.FIRING) for member in members]).changed(moment(15))
    decision = at(70, group, *members)
    assert list(told(decision)) == ["z", "b", "c", "a"]


@given(st.lists(st.tuples(st.integers(1, 400), st.sampled_from(["fire", "resolve", "worse"])), max_size=20))
def test_people_are_always_told_in_the_end_and_never_twice(story: list[tuple[int, str]]) -> None:
    """After every change has had its time, what people believe is what is so, and each message changed a belief."""
    group: Group | None = fresh()
    one = resolved(alert("orders"))
    now = 0.0
    for pause, event in [*story, (7200, "end")]:
        until = now + pause
        while group is not None and group.look_at is not None and group.look_at < moment(until):
            believed = dict(group.said)
            decision = decide(group, [one], at=group.look_at, message_id="m")
            if decision.notification is not None and decision.verdict is not Reason.REPEAT:
                assert decision.group is not None
                assert dict(decision.group.said) != believed
            group = decision.group
        believes = group is not None and "orders" in group.said
        if event == "end":
            assert believes is one.state.fires
        now = until
        if event == "fire":
            one = alert("orders")
        elif event == "worse":
            one = alert("orders", severity=Severity.CRITICAL)
        elif one.state.fires:
            one = resolved(one)
        group = (group or fresh()).changed(moment(now))


def held(seconds: float, group: Group, *alerts: Alert, inhibited: set[str]) -> Decision:
    look = Look({key: Hushed(Why.INHIBITED, "out") for key in inhibited})
    return decide(group, alerts, at=moment(seconds), message_id="m", look=look)


def test_what_is_inhibited_is_not_said_until_it_is_freed_and_had_time_for_a_sample() -> None:
    decision = held(10, fresh().changed(START), alert("orders"), inhibited={"orders"})
    assert decision.verdict is Quiet.INHIBITED
    assert going_on(decision).look_at is None, "no time ends it: what inhibits it does"
    assert going_on(decision).freed(moment(100)).look_at == moment(160)
    freed = at(70, going_on(decision), alert("orders"))
    assert told(freed) == {"orders": Change.NEW}


def test_the_others_of_the_group_are_said_without_it() -> None:
    decision = held(10, fresh().changed(START), alert("orders"), alert("invoices"), inhibited={"orders"})
    assert told(decision) == {"invoices": Change.NEW}
    assert going_on(decision).look_at == moment(10 + 4 * 3600)
    assert going_on(decision).freed(moment(20)).look_at == moment(80)
    assert told(at(70, going_on(decision), alert("orders"), alert("invoices"))) == {
        "orders": Change.NEW,
        "invoices": Change.SAME,
    }


def test_what_was_said_before_it_was_inhibited_still_has_its_end() -> None:
    group = spoken(alert("orders")).changed(moment(15))
    assert held(70, group, resolved(alert("orders")), inhibited={"orders"}).verdict is Reason.ALL_RESOLVED


def test_what_is_over_while_inhibited_was_never_said() -> None:
    waiting = going_on(held(10, fresh().changed(START), alert("orders"), inhibited={"orders"}))
    over = held(70, waiting.changed(moment(65)), resolved(alert("orders")), inhibited={"orders"})
    assert (over.verdict, over.notification) == (Quiet.WAITING, None)
    last = held(80, waiting.changed(moment(65)), resolved(alert("orders")), inhibited={"orders"})
    assert (last.verdict, last.group) == (Quiet.OVER_BEFORE_SAID, None)


def test_a_change_right_before_a_repetition_is_said_with_it_once() -> None:
    orders, invoices = alert("orders"), alert("invoices")
    repeats_at = 10 + 4 * 3600
    group = spoken(orders).changed(moment(repeats_at - 5))
    waiting = at(repeats_at, group, orders, invoices)
    assert (waiting.verdict, going_on(waiting).look_at) == (Quiet.WAITING, moment(repeats_at + 5))
    said = at(repeats_at + 5, going_on(waiting), orders, invoices)
    assert said.verdict is Reason.MORE


def cared_for(seconds: float, group: Group, *alerts: Alert, by: str = "", tells_acks: bool = True) -> Decision:
    """The decision while somebody cares for all alerts, nobody without a name."""
    acks = {one.key: Ack(one.key, moment(seconds), by, "", one.severity) for one in alerts if by}
    look = Look(acknowledged=acks)
    return decide(group, alerts, at=moment(seconds), message_id="m", look=look, tells_acks=tells_acks)


def test_who_cares_is_shown_at_once_and_counts_as_no_word() -> None:
    orders, group = alert("orders"), spoken(alert("orders"))
    shown = cared_for(15, group, orders, by="wang")
    assert (shown.verdict, told(shown)) == (Reason.ACKNOWLEDGED, {"orders": Change.SAME})
    assert shown.notification is not None
    assert shown.notification.alerts[0].acknowledged_by == "wang"
    after = going_on(shown)
    assert (after.spoke_at, after.repeats, after.version) == (group.spoke_at, group.repeats, group.version + 1)
    assert cared_for(20, after, orders, by="wang").notification is None, "once"
    back = cared_for(30, after, orders)
    assert (back.verdict, going_on(back).look_at) == (Reason.ACKNOWLEDGED, moment(10 + 4 * 3600))
    assert back.notification is not None
    assert back.notification.alerts[0].acknowledged_by == ""


def test_a_repetition_that_is_due_when_nobody_cares_any_more_is_not_forgotten() -> None:
    orders = alert("orders")
    group = going_on(cared_for(15, spoken(orders), orders, by="wang"))
    late = 20 + 4 * 3600
    back = cared_for(late, group, orders)
    assert (back.verdict, going_on(back).look_at) == (Reason.ACKNOWLEDGED, moment(late))
    assert cared_for(late, going_on(back), orders).verdict is Reason.REPEAT


def test_who_cannot_show_it_hears_nothing_of_it() -> None:
    orders, group = alert("orders"), spoken(alert("orders"))
    decision = cared_for(15, group, orders, by="wang", tells_acks=False)
    assert (decision.notification, decision.group) == (None, replace(group, look_at=None))


def test_what_was_cared_for_before_it_was_said_is_said_first() -> None:
    orders = alert("orders")
    first = cared_for(10, fresh().changed(START), orders, by="wang")
    assert (first.verdict, going_on(first).look_at) == (Reason.FIRST, moment(10))
    shown = cared_for(10, going_on(first), orders, by="wang")
    assert (shown.verdict, going_on(shown).look_at) == (Reason.ACKNOWLEDGED, None)


def test_a_rise_ends_it_and_is_one_message() -> None:
    orders = alert("orders")
    group = going_on(cared_for(15, spoken(orders), orders, by="wang"))
    worse = alert("orders", severity=Severity.CRITICAL)
    risen = cared_for(80, group.changed(moment(70)), worse)
    assert (risen.verdict, going_on(risen).said["orders"].owner) == (Reason.WORSE, "")
    assert cared_for(85, going_on(risen), worse).notification is None
