"""Keeping quiet, from the store to the outbox, and what is recorded of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from test_dispatcher import START, Town, alert, moment, route

from monitor.acknowledgement import Ack
from monitor.dispatcher import Dispatcher
from monitor.flapping import Flapping
from monitor.inhibition import Inhibit
from monitor.ledger import Line
from monitor.matchers import parse
from monitor.meters import Pulse
from monitor.model import Cause, Severity, State
from monitor.notification import Change, Reason
from monitor.notifiers import Options
from monitor.notifiers.receiver import Integration, Receiver
from monitor.quieting import Maintenance, Quieting
from monitor.routing import Route, Step
from monitor.silences import Ended, Silence
from monitor.store import acks, decisions, groups, silences
from monitor.store.database import Store
from monitor.timewindows import Fixed

OPS = Receiver("ops", (Integration("webhook", Options()),))
MANAGER = Receiver("manager", (Integration("webhook", Options()),))


def quiet_town(store: Store, tree: Route, quieting: Quieting) -> Town:
    town = Town(store, tree)
    town.dispatcher = Dispatcher(
        store,
        tree,
        {"ops": OPS, "manager": MANAGER},
        now=lambda: START,
        meters=town.meters,
        pulse=Pulse(),
        queued=town.count,
        quieting=quieting,
    )
    return town


def silence(match: str, begins: float, ends: float, *, until_resolved: bool = False) -> Silence:
    return Silence(
        "s-1", parse(match), moment(begins), moment(ends), "wang", "", moment(begins), until_resolved=until_resolved
    )


async def put(store: Store, one: Silence, seconds: float) -> None:
    """Makes a silence as the API does."""
    async with store.write() as tx:
        await silences.save(tx, one)
        await groups.touch(tx, moment(seconds))


async def reasons(town: Town) -> list[tuple[str, Reason]]:
    return [(letter.receiver, letter.notification.reason) for letter in await town.said()]


async def recorded(store: Store, key: str) -> list[tuple[str, str, str]]:
    """What was decided about an alert, oldest first: verdict, reason, because."""
    async with store.read() as tx:
        found = await decisions.about(tx, key, most=99)
    return [(one.verdict, one.reason, one.because) for one in reversed(found)]


async def test_what_a_silence_held_back_is_told_when_it_ends_over_a_restart(store: Store) -> None:
    town = Town(store, route("ops"))
    await put(store, silence('instance="orders"', 0, 600), 0)
    await town.move(5, alert("orders"))
    assert await town.go(5) == moment(15)
    assert await town.go(15) == moment(600)
    assert await town.said() == []
    again = Town(store, route("ops"))
    assert await again.go(599) == moment(600)
    await again.go(600)
    [letter] = await again.said()
    assert letter.notification.reason is Reason.SILENCE_ENDED
    assert await recorded(store, "orders") == [("silenced", "silenced", "s-1"), ("silence-ended", "new", "")]


async def test_what_a_silence_hides_of_a_group_is_no_reason_for_the_others(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders"), alert("invoices"))
    await town.go(10)
    await put(store, silence('instance="orders"', 20, 600), 20)
    await town.go(20)
    assert (await recorded(store, "orders"))[-1] == ("silenced", "silenced", "s-1")
    assert (await recorded(store, "invoices"))[-1] == ("silenced", "nothing-new", "")


async def test_a_silence_that_ends_by_hand_is_noticed_at_once(store: Store) -> None:
    town = Town(store, route("ops"))
    await put(store, silence('instance="orders"', 0, 6000), 0)
    await town.move(5, alert("orders"))
    await town.go(15)
    await put(store, silence('instance="orders"', 0, 6000).end(moment(100), Ended.BY_HAND), 100)
    await town.go(100)
    assert await reasons(town) == [("ops", Reason.SILENCE_ENDED)]


async def test_a_silence_until_resolved_ends_with_the_last_that_it_matches(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders"), alert("invoices"))
    await town.go(10)
    await put(store, silence('alertname="abnormal"', 20, 90000, until_resolved=True), 20)
    await town.move(100, alert("orders", State.RESOLVED), cause=Cause.CLEARED)
    await town.go(110)
    async with store.read() as tx:
        assert (await silences.find(tx, "s-1") or silence("a=b", 0, 0)).ends_at == moment(90000)
    await town.move(200, alert("invoices", State.RESOLVED), cause=Cause.CLEARED)
    await town.go(210)
    async with store.read() as tx:
        ended = await silences.find(tx, "s-1")
    assert ended is not None
    assert (ended.ends_at, ended.ended) == (moment(210), Ended.RESOLVED)
    await town.move(300, alert("orders"))
    await town.go(400)
    assert (await reasons(town))[-1] == ("ops", Reason.FIRST)


async def test_an_acknowledgement_ends_with_a_rise_that_was_over_before_it_was_seen(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders"))
    await town.go(10)
    async with store.write() as tx:
        await acks.save(tx, Ack("orders", moment(20), "wang", "", Severity.WARNING))
    await town.move(30, alert("orders", severity=Severity.CRITICAL), cause=Cause.SEVERITY_ROSE)
    await town.move(31, alert("orders"), cause=Cause.SEVERITY_FELL)
    await town.go(80)
    async with store.read() as tx:
        assert await acks.every(tx) == {}


async def test_an_acknowledged_alert_is_not_repeated_and_it_says_whose_it_is(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders"))
    await town.go(10)
    async with store.write() as tx:
        await acks.save(tx, Ack("orders", moment(20), "wang", "", Severity.WARNING, moment(20000)))
        await groups.touch(tx, moment(20), about=["orders"])
    await town.go(20)
    assert await town.go(10 + 4 * 3600) == moment(20000)
    await town.go(20000)
    assert await reasons(town) == [("ops", Reason.FIRST), ("ops", Reason.REPEAT)]


async def test_what_is_inhibited_is_freed_by_its_source_alone_also_after_a_restart(store: Store) -> None:
    quieting = Quieting(inhibit=(Inhibit(parse('severity="critical"'), parse('severity="warning"')),))
    tree = route("ops", "", replace(route("ops", 'severity="critical"')))
    town = quiet_town(store, tree, quieting)
    await town.move(0, alert("big", severity=Severity.CRITICAL))
    await town.move(1, alert("small"))
    await town.go(11)
    assert await reasons(town) == [("ops", Reason.FIRST)]
    assert ("inhibited", "inhibited", "big") in await recorded(store, "small")
    town = quiet_town(store, tree, quieting)
    assert await town.go(3000) == moment(3060), "its source may have ended while nobody looked"
    await town.go(3060)
    assert await reasons(town) == [("ops", Reason.FIRST)]
    await town.move(5000, alert("big", State.RESOLVED), cause=Cause.CLEARED)
    assert await town.go(5000) == moment(5010)
    await town.go(5010)
    assert await town.go(5059) == moment(5060)
    await town.go(5060)
    assert sorted(await reasons(town)) == [
        ("ops", Reason.ALL_RESOLVED),
        ("ops", Reason.FIRST),
        ("ops", Reason.FIRST),
    ]


async def test_a_step_of_escalation_is_a_group_of_its_own_with_its_own_all_clear(store: Store) -> None:
    tree = replace(route("ops"), steps=(Step("manager", timedelta(minutes=15), unless_acknowledged=True),))
    town = quiet_town(store, tree, Quieting())
    await town.move(0, alert("orders"))
    await town.go(10)
    await town.go(899)
    assert await reasons(town) == [("ops", Reason.FIRST)]
    await town.go(900)
    await town.move(1000, alert("orders", State.RESOLVED), cause=Cause.CLEARED)
    await town.go(1010)
    assert sorted((await reasons(town))[1:]) == [
        ("manager", Reason.ALL_RESOLVED),
        ("manager", Reason.ESCALATED),
        ("ops", Reason.ALL_RESOLVED),
    ]
    assert ("not-yet", "not-yet", "") in await recorded(store, "orders")


async def test_maintenance_is_written_down_with_its_window(store: Store) -> None:
    window = Fixed("upkeep", moment(-100), moment(500))
    quieting = Quieting(windows={"upkeep": window}, maintenance=(Maintenance(parse('instance="orders"'), "upkeep"),))
    town = quiet_town(store, route("ops"), quieting)
    await town.move(0, alert("orders"))
    await town.go(0)
    assert await town.go(10) == moment(500)
    await town.go(500)
    assert await recorded(store, "orders") == [("maintenance", "maintenance", "upkeep"), ("first", "new", "")]


async def test_a_muted_group_keeps_the_all_clear_until_the_window_closes(store: Store) -> None:
    quieting = Quieting(windows={"night": Fixed("night", moment(100), moment(1000))})
    town = quiet_town(store, replace(route("ops"), mute=("night",)), quieting)
    await town.move(0, alert("orders"))
    await town.go(10)
    await town.move(200, alert("orders", State.RESOLVED), cause=Cause.CLEARED)
    await town.go(210)
    await town.go(999)
    assert await reasons(town) == [("ops", Reason.FIRST)]
    await town.go(1000)
    assert await reasons(town) == [("ops", Reason.FIRST), ("ops", Reason.ALL_RESOLVED)]
    assert ("muted", "muted", "night") in await recorded(store, "orders")


async def test_groups_follow_the_policy_of_the_next_start_and_keep_what_they_said(store: Store) -> None:
    quieting = Quieting(windows={"night": Fixed("night", moment(100), moment(1000))})
    tree = replace(route("ops"), steps=(Step("manager", timedelta(minutes=15)),))
    town = quiet_town(store, tree, quieting)
    await town.move(0, alert("orders"))
    await town.go(10)
    changed = replace(tree, mute=("night",), repeat_interval=timedelta(minutes=30))
    again = quiet_town(store, changed, quieting)
    await again.move(200, alert("orders", State.RESOLVED), cause=Cause.CLEARED)
    await again.go(210)
    assert await reasons(again) == [("ops", Reason.FIRST)]
    async with store.read() as tx:
        kept = {one.group.receiver: one.group for one, _ in await groups.everything(tx)}
    assert (kept["ops"].mute, kept["ops"].repeat) == (("night",), timedelta(minutes=30))
    assert list(kept["ops"].said) == ["orders"]
    await again.go(1000)
    assert await reasons(again) == [("ops", Reason.FIRST), ("ops", Reason.ALL_RESOLVED)]


async def test_flapping_is_found_in_the_transitions_and_told_once(store: Store) -> None:
    town = quiet_town(store, route("ops"), Quieting(flapping={"abnormal": Flapping()}))
    for number in range(12):
        state, cause = (State.RESOLVED, Cause.CLEARED) if number % 2 else (State.FIRING, Cause.HELD)
        fired = replace(alert("orders", state), fired_at=moment(100 * number))
        await town.move(100 * number, fired, cause=cause)
        await town.go(100 * number)
        await town.go(100 * number + 60)
    told = [letter.notification for letter in await town.said()]
    assert [one.reason for one in told].count(Reason.FLAPPING) == 1
    assert told[-1].reason is Reason.FLAPPING
    assert [view.change for view in told[-1].alerts] == [Change.FLAPPING]
    await town.go(9000)
    assert (await reasons(town))[-1] == ("ops", Reason.ALL_RESOLVED)


async def test_what_is_decided_again_as_before_is_not_written_again(store: Store) -> None:
    town = Town(store, route("ops"))
    await put(store, silence('instance="orders"', 0, 6000), 0)
    await town.move(5, alert("orders"))
    for second in (15, 30, 45):
        async with store.write() as tx:
            await groups.touch(tx, moment(second))
        await town.go(second)
    assert await recorded(store, "orders") == [("silenced", "silenced", "s-1")]


async def test_old_decisions_are_forgotten(store: Store) -> None:
    line = Line(START, "orders", "g", "ops", "silenced", "silenced", "s-1")
    async with store.write() as tx:
        await decisions.append(tx, [line, replace(line, at=moment(100))])
        await decisions.prune(tx, moment(50))
        assert await decisions.about(tx, "orders", most=9) == [replace(line, at=moment(100))]


class Showing(Options):
    """Of a kind that shows who cares."""

    @property
    def tells_acks(self) -> bool:
        return True


async def test_an_acknowledgement_reaches_only_kinds_that_show_it_over_a_restart(store: Store) -> None:
    town = quiet_town(store, route("ops"), Quieting())
    both = Receiver("ops", (Integration("webhook", Options()), Integration("pagerduty", Showing())))
    town.dispatcher.adopt(route("ops"), {"ops": both, "manager": MANAGER})
    await town.move(0, alert("orders"))
    await town.go(10)
    for _ in range(2):
        async with store.write() as tx:
            await acks.save(tx, Ack("orders", moment(20), "wang", "", Severity.WARNING))
            await groups.touch(tx, moment(20))
        await town.go(20)
        town.dispatcher = quiet_town(store, route("ops"), Quieting()).dispatcher
        town.dispatcher.adopt(route("ops"), {"ops": both, "manager": MANAGER})
    letters = [(one.kind, one.notification.reason) for one in await town.said()]
    assert letters == [
        ("webhook", Reason.FIRST),
        ("pagerduty", Reason.FIRST),
        ("pagerduty", Reason.ACKNOWLEDGED),
    ]
    assert await recorded(store, "orders") == [
        ("first", "new", ""),
        ("acknowledged", "same", ""),
        ("nothing-new", "nothing-new", ""),
    ]


async def test_each_decision_and_what_it_keeps_back_is_counted_once(store: Store) -> None:
    town = Town(store, route("ops"))
    await town.move(0, alert("orders"), alert("invoices"))
    await town.go(10)
    await put(store, silence('instance="orders"', 20, 600), 20)
    await town.go(20)
    await town.go(50)
    await put(store, silence('instance="orders"', 20, 600).end(moment(100), Ended.BY_HAND), 100)
    await town.go(100)

    def counted(name: str, **labels: str) -> float:
        return town.meters.value(f"fdi_monitor_{name}_total", receiver="ops", **labels)

    assert counted("decisions", verdict="first") == 1
    assert counted("decisions", verdict="waiting") == 0
    assert counted("suppressed", reason="silenced") == 1
    assert counted("suppressed", reason="muted") == 0
