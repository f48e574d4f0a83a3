"""From what moved to what is queued, pass by pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.dispatcher import BATCH, Dispatcher
from monitor.errors import StoreFailed
from monitor.matchers import EVERYTHING, parse
from monitor.meters import Meters, Pulse
from monitor.model import Alert, Cause, InstanceKey, Severity, State, Transition
from monitor.notification import Change, Reason
from monitor.notifiers import Options
from monitor.notifiers.receiver import Integration, Receiver
from monitor.routing import Route
from monitor.store import alerts, groups, outbox
from monitor.store.database import Store

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
LOUD = Integration("webhook", Options())
CURT = Integration("pager", Options(send_resolved=False))


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def route(receiver: str, match: str = "", *routes: Route) -> Route:
    return Route(
        path=f"{{{match}}}",
        receiver=receiver,
        matchers=parse(match) if match else EVERYTHING,
        group_by=("alertname",),
        group_wait=timedelta(seconds=10),
        group_interval=timedelta(minutes=1),
        repeat_interval=timedelta(hours=4),
        routes=routes,
    )


def alert(name: str, state: State = State.FIRING, severity: Severity = Severity.WARNING) -> Alert:
    return Alert(
        key=name,
        rule="abnormal",
        rule_version="1",
        instance=InstanceKey("prod", name),
        labels={"alertname": "abnormal", "instance": name},
        severity=severity,
        state=state,
        since=START,
        state_since=START,
        fired_at=START,
        resolved_at=START if state is State.RESOLVED else None,
        cause=Cause.HELD,
    )


class Town:
    """A dispatcher over a store that a test fills as an engine would."""

    def __init__(self, store: Store, tree: Route, *receivers: Receiver) -> None:
        self.store = store
        self.queued = 0
        self.known: dict[str, State] = {}
        by_name = {receiver.name: receiver for receiver in receivers or (Receiver("ops", (LOUD,)),)}
        self.meters = Meters()
        self.dispatcher = Dispatcher(
            store, tree, by_name, now=lambda: START, meters=self.meters, pulse=Pulse(), queued=self.count
        )

    def count(self) -> None:
        self.queued += 1

    async def move(self, seconds: float, *moved: Alert, cause: Cause = Cause.HELD) -> None:
        """Alerts as they are from now on."""
        steps = [
            Transition(
                one.key,
                moment(seconds),
                self.known.get(one.key, State.NONE),
                one.state,
                cause,
                one.severity,
                one.rule,
                "1",
            )
            for one in moved
        ]
        self.known |= {one.key: one.state for one in moved}
        async with self.store.write() as tx:
            await alerts.save(tx, moved)
            await alerts.append(tx, steps)

    async def go(self, seconds: float) -> datetime | None:
        return await self.dispatcher.step(moment(seconds))

    async def said(self) -> Sequence[outbox.Letter]:
        """What is queued, oldest first."""
        async with self.store.read() as tx:
            return (await outbox.recent(tx, most=99))[::-1]


async def test_what_fires_is_queued_after_the_wait_and_says_when_to_look_again(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders"))
    assert await town.go(0) == moment(10)
    assert (await town.said(), town.queued) == ([], 0)
    assert await town.go(10) == moment(10 + 4 * 3600)
    [letter] = await town.said()
    assert letter.notification.reason is Reason.FIRST
    assert letter.id == letter.notification.id
    assert town.queued == 1


async def test_a_restart_between_passes_changes_nothing(store: Store) -> None:
    await Town(store, route("ops")).move(0, alert("orders"))
    assert await Town(store, route("ops")).go(0) == moment(10)
    await Town(store, route("ops")).go(10)
    await Town(store, route("ops")).go(11)
    assert len(await Town(store, route("ops")).said()) == 1


async def test_one_message_for_all_that_moved_together_however_many(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.move(0, *(alert(f"i-{number}") for number in range(BATCH + 20)))
    await town.go(0)
    await town.go(10)
    [letter] = await town.said()
    assert len(letter.notification.alerts) == BATCH + 20


async def test_pending_alerts_reach_nobody(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders", State.PENDING))
    assert await town.go(0) is None


async def test_a_receiver_is_not_told_that_it_cannot_be_told(store: Store) -> None:
    town = Town(store, route("data"), Receiver("data", (LOUD,)))
    for receiver in ("ops", "data"):
        labels = {"alertname": "delivery-failing", "receiver": receiver}
        await town.move(0, replace(alert(receiver), labels=labels))
    await town.go(10)
    [letter] = await town.said()
    assert letter.receiver == "data"
    assert [one.labels["receiver"] for one in letter.notification.alerts] == ["ops"]


async def test_the_all_clear_goes_to_those_who_were_told_even_off_their_route(store: Store) -> None:
    tree = route("ops", "", route("oncall", 'severity="critical"'))
    town = Town(store, tree, Receiver("ops", (LOUD,)), Receiver("oncall", (LOUD,)))
    await town.move(0, alert("orders", severity=Severity.CRITICAL))
    await town.go(10)
    await town.move(20, alert("orders", severity=Severity.WARNING), cause=Cause.SEVERITY_FELL)
    await town.go(30)
    await town.go(100)
    await town.move(200, alert("orders", State.RESOLVED))
    await town.go(200)
    await town.go(300)
    heard = [(letter.receiver, letter.notification.reason) for letter in await town.said()]
    assert sorted(heard) == [
        ("oncall", Reason.ALL_RESOLVED),
        ("oncall", Reason.FIRST),
        ("ops", Reason.ALL_RESOLVED),
        ("ops", Reason.FIRST),
    ]


async def test_after_the_all_clear_the_group_is_gone_and_the_next_incident_is_a_first(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders"))
    await town.go(10)
    await town.move(100, alert("orders", State.RESOLVED))
    await town.go(110)
    await town.move(1000, alert("orders"))
    await town.go(1000)
    await town.go(1010)
    reasons = [letter.notification.reason for letter in await town.said()]
    assert reasons == [Reason.FIRST, Reason.ALL_RESOLVED, Reason.FIRST]


async def test_what_was_over_before_it_was_said_leaves_no_group(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders"))
    await town.go(0)
    await town.move(5, alert("orders", State.RESOLVED))
    assert await town.go(10) is None
    assert await town.said() == []
    async with store.read() as tx:
        assert await groups.told(tx, ["orders"]) == {}


async def test_every_kind_under_a_name_has_its_own_letter(store: Store) -> None:
    town = Town(store, route("ops"), Receiver("ops", (LOUD, CURT)))
    await town.move(0, alert("orders"))
    await town.go(10)
    first, second = await town.said()
    assert (first.kind, second.kind) == ("webhook", "pager")
    assert second.id == second.notification.id == f"{first.id}.1"


async def test_a_kind_that_wants_no_all_clear_gets_none(store: Store) -> None:
    town = Town(store, route("ops"), Receiver("ops", (LOUD, CURT)))
    await town.move(0, alert("orders"), alert("invoices"))
    await town.go(10)
    await town.move(20, alert("orders", State.RESOLVED))
    await town.go(20)
    await town.go(100)
    await town.move(200, alert("invoices", State.RESOLVED))
    await town.go(200)
    await town.go(300)
    heard = [(letter.kind, [view.change for view in letter.notification.alerts]) for letter in await town.said()]
    assert heard[2:] == [
        ("webhook", [Change.SAME, Change.RESOLVED]),
        ("pager", [Change.SAME]),
        ("webhook", [Change.RESOLVED]),
    ]


async def test_groups_of_a_receiver_that_left_the_policy_are_dropped_at_the_start_and_its_successor_hears(
    store: Store,
) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders"))
    await town.go(0)
    other = Town(store, route("data"), Receiver("data", (LOUD,)))
    assert await other.go(10) == moment(20)
    assert await other.said() == []
    await other.go(20)
    assert [letter.receiver for letter in await other.said()] == ["data"]
    async with store.read() as tx:
        assert {kept.group.receiver for kept, _ in await groups.everything(tx)} == {"data"}


async def test_a_group_speaks_with_the_present_numbers(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders"))
    await town.go(0)
    async with store.write() as tx:
        await alerts.save(tx, [replace(alert("orders"), values={"abnormal": 17.0})])
    await town.go(10)
    [letter] = await town.said()
    assert letter.notification.alerts[0].values == {"abnormal": 17.0}


async def test_while_an_account_is_out_of_reach_its_other_alerts_are_not_said(store: Store) -> None:
    def of_account(one: Alert) -> Alert:
        return replace(one, labels={**one.labels, "account": "prod"})

    out = replace(
        alert("out"), rule="account-unreachable", labels={"alertname": "account-unreachable", "account": "prod"}
    )
    town = Town(store, route("ops"))
    await town.move(0, out)
    await town.move(5, of_account(alert("orders")))
    await town.go(15)
    assert [letter.notification.group_labels for letter in await town.said()] == [{"alertname": "account-unreachable"}]
    await town.move(100, replace(out, state=State.RESOLVED, resolved_at=moment(100)))
    await town.go(115)
    await town.go(180)
    later = [
        (letter.notification.group_labels["alertname"], letter.notification.reason) for letter in await town.said()
    ]
    assert sorted(later[1:]) == [("abnormal", Reason.FIRST), ("account-unreachable", Reason.ALL_RESOLVED)]


async def test_what_was_said_to_fire_is_said_to_end_by_the_same_group_whatever_became_of_its_route(
    store: Store,
) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders"))
    await town.go(10)
    by_instance = replace(route("ops"), path="{by}", group_by=("instance",))
    town.dispatcher.adopt(by_instance, {"ops": Receiver("ops", (LOUD,))})
    await town.go(20)
    await town.go(40)
    assert len(await town.said()) == 1, "the same people are not told anew"
    await town.move(50, alert("orders", severity=Severity.CRITICAL), cause=Cause.SEVERITY_ROSE)
    await town.move(50, alert("invoices"))
    for seconds in (50, 60, 70, 130):
        await town.go(seconds)
    await town.move(200, alert("orders", State.RESOLVED))
    for seconds in (200, 210, 280):
        await town.go(seconds)
    said = [(letter.notification.group_key, str(letter.notification.reason)) for letter in await town.said()]
    assert sorted(said) == [
        ('{by}:{instance="invoices"}', "first"),
        ('{}:{alertname="abnormal"}', "all-resolved"),
        ('{}:{alertname="abnormal"}', "first"),
        ('{}:{alertname="abnormal"}', "worse"),
    ]


async def test_who_comes_instead_of_a_receiver_that_is_gone_hears_of_what_fires_and_of_its_end(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders"))
    await town.go(10)
    town.dispatcher.adopt(route("data"), {"data": Receiver("data", (LOUD,))})
    await town.go(100)
    await town.go(110)
    await town.move(200, alert("orders", State.RESOLVED))
    await town.go(200)
    await town.go(210)
    said = [(letter.receiver, str(letter.notification.reason)) for letter in await town.said()]
    assert said == [("ops", "first"), ("data", "first"), ("data", "all-resolved")]


async def test_another_policy_waits_for_the_store_and_is_in_force_with_the_first_pass_that_works(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.go(0)
    await town.move(0, alert("orders"))
    town.dispatcher.adopt(route("data"), {"data": Receiver("data", (LOUD,))})
    async with store.write() as tx:
        await tx.exec_driver_sql("ALTER TABLE alert_group RENAME TO away")
    with pytest.raises(StoreFailed):
        await town.go(1)
    async with store.write() as tx:
        await tx.exec_driver_sql("ALTER TABLE away RENAME TO alert_group")
    await town.go(2)
    await town.go(12)
    assert [letter.receiver for letter in await town.said()] == ["data"]


async def test_other_times_hold_for_a_group_that_has_spoken(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders"))
    await town.go(10)
    town.dispatcher.adopt(replace(route("ops"), repeat_interval=timedelta(hours=1)), {"ops": Receiver("ops", (LOUD,))})
    assert await town.go(20) == moment(10 + 3600)
    await town.go(10 + 3600)
    assert [str(letter.notification.reason) for letter in await town.said()] == ["first", "repeat"]
