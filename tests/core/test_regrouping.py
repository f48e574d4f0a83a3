"""What becomes of groups when the route tree is another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.grouping import Group, Said, new_group
from monitor.matchers import EVERYTHING, parse
from monitor.model import Alert, InstanceKey, Severity, State
from monitor.regrouping import Regrouped, regroup, unheld
from monitor.routing import Route

AT = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
EARLIER = AT - timedelta(seconds=4)


def route(receiver: str = "ops", *routes: Route, match: str = "", by: Sequence[str] = ("alertname",)) -> Route:
    return Route(
        path=f"{{{match}}}",
        receiver=receiver,
        matchers=parse(match) if match else EVERYTHING,
        group_by=tuple(by),
        group_wait=timedelta(seconds=10),
        group_interval=timedelta(minutes=1),
        repeat_interval=timedelta(hours=4),
        routes=routes,
    )


def alert(name: str = "orders", severity: Severity = Severity.WARNING, state: State = State.FIRING) -> Alert:
    labels = {"alertname": "abnormal", "instance": name, "account": "prod"}
    return Alert(name, "abnormal", "1", InstanceKey("prod", name), labels, severity, state, EARLIER, EARLIER, EARLIER)


def told(one: Route, *alerts: Alert) -> Group:
    """A group of the route that has said that these fire."""
    said = {each.key: Said(each.severity) for each in alerts}
    return replace(new_group(one, alerts[0].all_labels), version=1, spoke_at=EARLIER, said=said)


def after(tree: Route, *known: tuple[Group, Sequence[Alert]], firing: Sequence[Alert] = ()) -> Regrouped:
    return regroup(known, firing, tree, receivers={one.receiver for one in tree.walk()}, at=AT)


def test_the_same_tree_changes_nothing() -> None:
    one = alert()
    assert after(route(), (told(route(), one), [one]), firing=[one]) == Regrouped()


def test_who_was_told_is_told_of_the_end_by_the_same_group_although_no_route_leads_to_it() -> None:
    one = alert()
    old, new = route(), route(by=["account"])
    assert after(new, (told(old, one), [one]), firing=[one]) == Regrouped()
    assert list(unheld(one, [told(old, one)], new)) == []
    assert [group.key for group in unheld(alert("other"), [], new)] == ['{}:{account="prod"}']


def test_another_receiver_hears_of_what_fires_and_the_one_that_is_gone_of_nothing() -> None:
    one = alert()
    found = after(route("data"), (told(route("ops"), one), [one]), firing=[one])
    assert found.dropped == (0,)
    [(group, keys)] = found.joining
    assert (group.receiver, set(keys)) == ("data", {"orders"})
    assert (group.changed_at, group.look_at) == (AT, AT + timedelta(seconds=10))


def test_a_receiver_that_is_still_there_keeps_the_group_that_told_it_beside_the_new_one() -> None:
    one = alert()
    tree = route("data", route("ops", match='severity="critical"'))
    found = after(tree, (told(route("ops"), one), [one]), firing=[one])
    assert found.dropped == ()
    assert [group.receiver for group, _ in found.joining] == ["data"]


def test_what_was_not_said_yet_waits_on_in_its_new_group_and_no_longer_than_before() -> None:
    one = alert()
    waiting = new_group(route(), one.all_labels).changed(EARLIER)
    found = after(route(by=["account"]), (waiting, [one]), firing=[one])
    assert found.dropped == (0,)
    [(group, _)] = found.joining
    assert (group.key, group.changed_at) == ('{}:{account="prod"}', EARLIER)


def test_an_alert_whose_severity_moved_is_no_stray_and_is_told_to_both() -> None:
    tree = route("ops", route("ops", match='severity="critical"'), by=["alertname", "severity"])
    warned, now = alert(), alert(severity=Severity.CRITICAL)
    group = told(tree, warned)
    assert [one.key for one in unheld(now, [group], tree)] == ['{severity="critical"}:{alertname="abnormal"}']


def test_other_times_hold_for_the_groups_there_are() -> None:
    one = alert()
    hasty = replace(route(), repeat_interval=timedelta(hours=1))
    found = after(hasty, (told(route(), one), [one]), firing=[one])
    assert found.changed == {0: replace(told(route(), one), repeat=timedelta(hours=1), look_at=AT)}
    assert found.joining == ()


def test_a_group_with_nothing_said_and_nobody_in_it_goes() -> None:
    gone = alert(state=State.RESOLVED)
    assert after(route(by=["account"]), (new_group(route(), gone.all_labels), [])).dropped == (0,)
