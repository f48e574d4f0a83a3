"""What keeps a group quiet, told with the clock in hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from desk import FLAPPING, ROUTE, RULE, Desk, at, silence

from monitor.grouping import Quiet
from monitor.inhibition import Inhibit
from monitor.matchers import parse
from monitor.model import Severity
from monitor.notification import Reason
from monitor.quieting import Hushed, Maintenance, Quieting, Why
from monitor.routing import Step
from monitor.timewindows import Fixed

WINDOW = {"upkeep": Fixed("upkeep", at(100), at(1000))}


# --- silences


def test_what_is_silenced_is_not_told_until_the_silence_ends() -> None:
    desk = Desk()
    desk.silenced(0, silence('instance="orders"', 0, 600))
    desk.fires(5, "orders")
    desk.until(599)
    assert desk.verdicts() == [(15, "silenced")]
    assert desk.group is not None
    assert desk.group.held == {"orders": Hushed(Why.SILENCED, "s-1")}
    assert desk.group.look_at == at(600), "no look is needed before its end"
    desk.until(600)
    assert desk.told() == [(600, Reason.SILENCE_ENDED, "orders:new")]


def test_what_fired_and_resolved_while_silenced_is_never_told_nor_called_over() -> None:
    desk = Desk()
    desk.silenced(0, silence('instance="orders"', 0, 600))
    desk.fires(5, "orders")
    desk.resolves(300, "orders")
    desk.until(5000)
    assert desk.told() == []
    assert desk.group is None


def test_what_was_told_before_the_silence_still_has_its_end() -> None:
    desk = Desk()
    desk.fires(0, "orders")
    desk.silenced(60, silence('instance="orders"', 60, 6000))
    desk.resolves(300, "orders")
    desk.until(10000)
    assert desk.told() == [(10, Reason.FIRST, "orders:new"), (310, Reason.ALL_RESOLVED, "orders:resolved")]


def test_a_silence_stops_repeats_and_the_notice_of_its_end_says_what_still_fires() -> None:
    desk = Desk()
    desk.fires(0, "orders")
    desk.silenced(60, silence('instance="orders"', 60, 7260))
    desk.until(7300)
    assert desk.told() == [(10, Reason.FIRST, "orders:new"), (7260, Reason.SILENCE_ENDED, "orders:same")]


def test_a_silence_hides_only_its_own() -> None:
    desk = Desk()
    desk.silenced(0, silence('instance="orders"', 0, 600))
    desk.fires(5, "orders")
    desk.fires(6, "invoices")
    desk.until(700)
    assert desk.told() == [
        (15, Reason.FIRST, "invoices:new"),
        (600, Reason.SILENCE_ENDED, "invoices:same orders:new"),
    ]


def test_a_silence_that_is_ended_by_hand_ends_then() -> None:
    desk = Desk()
    desk.silenced(0, silence('instance="orders"', 0, 6000))
    desk.fires(5, "orders")
    desk.unsilenced(90)
    desk.until(91)
    assert desk.told() == [(90, Reason.SILENCE_ENDED, "orders:new")]


def test_the_notice_waits_for_the_interval_and_is_not_forgotten() -> None:
    desk = Desk()
    desk.fires(0, "orders")
    desk.silenced(20, silence('instance="orders"', 20, 30))
    desk.until(100)
    assert desk.told() == [(10, Reason.FIRST, "orders:new"), (70, Reason.SILENCE_ENDED, "orders:same")]


def test_a_silence_that_begins_later_is_known_when_it_ends() -> None:
    desk = Desk()
    desk.fires(0, "orders")
    desk.silenced(20, silence('instance="orders"', 200, 400))
    desk.until(500)
    assert desk.verdicts()[1:] == [(20, "nothing-new"), (200, "silenced"), (400, "silence-ended")]


def test_one_that_gets_worse_breaks_a_silence_that_says_unless() -> None:
    desk = Desk()
    desk.silenced(0, replace(silence('instance="orders"', 0, 6000), unless=parse('severity="critical"')))
    desk.fires(5, "orders")
    desk.fires(100, "orders", Severity.CRITICAL)
    desk.until(200)
    assert desk.told() == [(110, Reason.SILENCE_ENDED, "orders:new")]


def test_two_silences_end_with_the_later() -> None:
    desk = Desk()
    desk.silenced(0, silence('instance="orders"', 0, 600))
    desk.silenced(1, silence('instance="orders"', 1, 900, name="s-2"))
    desk.fires(5, "orders")
    desk.until(1000)
    assert desk.told() == [(900, Reason.SILENCE_ENDED, "orders:new")]


# --- acknowledgement, limits, escalation


def test_an_acknowledged_alert_is_not_repeated_and_its_end_is_told() -> None:
    desk = Desk()
    desk.fires(0, "orders")
    desk.acknowledged(60, "orders")
    desk.resolves(20000, "orders")
    desk.until(30000)
    assert [told[:2] for told in desk.told()] == [(10, Reason.FIRST), (20010, Reason.ALL_RESOLVED)]


def test_it_is_repeated_again_when_the_acknowledgement_expires_and_at_once_when_it_gets_worse() -> None:
    desk = Desk()
    desk.fires(0, "orders")
    desk.acknowledged(60, "orders", lasts=9000)
    desk.until(9100)
    assert [told[:2] for told in desk.told()] == [(10, Reason.FIRST), (9060, Reason.REPEAT)]
    desk.acknowledged(9200, "orders")
    desk.fires(9300, "orders", Severity.CRITICAL)
    desk.until(9300 + 3700)
    assert [told[:2] for told in desk.told()][2:] == [(9310, Reason.WORSE), (12910, Reason.REPEAT)]


def test_one_alert_that_nobody_cares_for_repeats_its_group() -> None:
    desk = Desk()
    desk.fires(0, "orders")
    desk.fires(0, "invoices")
    desk.acknowledged(60, "orders")
    desk.until(3700)
    assert [told[:2] for told in desk.told()] == [(10, Reason.FIRST), (3610, Reason.REPEAT)]


def test_repeats_have_a_limit_that_counts_from_the_last_news() -> None:
    desk = Desk(replace(ROUTE, repeat_limit=2))
    desk.fires(0, "orders")
    desk.until(20000)
    desk.fires(20000, "invoices")
    desk.until(30000)
    assert [told[:2] for told in desk.told()] == [
        (10, Reason.FIRST),
        (3610, Reason.REPEAT),
        (7210, Reason.REPEAT),
        (20010, Reason.MORE),
        (23610, Reason.REPEAT),
        (27210, Reason.REPEAT),
    ]
    assert desk.group is not None
    assert desk.group.look_at is None, "there is nothing more to look for"


MANAGER = replace(ROUTE, receiver="manager", step=Step("manager", timedelta(minutes=15), unless_acknowledged=True))


def test_what_nobody_acknowledges_is_escalated_when_it_has_fired_for_so_long() -> None:
    desk = Desk(MANAGER)
    desk.fires(0, "orders")
    desk.until(901)
    assert desk.verdicts() == [(10, "not-yet"), (900, "escalated")]
    desk.resolves(1000, "orders")
    desk.until(2000)
    assert desk.told() == [(900, Reason.ESCALATED, "orders:new"), (1010, Reason.ALL_RESOLVED, "orders:resolved")]


def test_what_is_acknowledged_in_time_is_not_escalated_until_that_ends() -> None:
    desk = Desk(MANAGER)
    desk.fires(0, "orders")
    desk.acknowledged(600, "orders", lasts=1000)
    desk.until(1599)
    assert desk.told() == []
    desk.until(1601)
    assert desk.told() == [(1600, Reason.ESCALATED, "orders:new")]


def test_of_two_alerts_the_acknowledged_one_stays_with_those_who_care() -> None:
    desk = Desk(MANAGER)
    desk.fires(0, "orders")
    desk.fires(0, "invoices")
    desk.acknowledged(600, "orders")
    desk.until(2000)
    assert desk.told() == [(900, Reason.ESCALATED, "invoices:new")]
    desk.acknowledged(2100, "invoices")
    desk.until(2200)
    assert desk.verdicts()[-1] == (2100, "acknowledged")
    assert {decision.by for _, decision in desk.decisions if decision.verdict is Quiet.ACKNOWLEDGED} == {"wang"}


def test_what_resolves_in_time_never_reaches_the_manager() -> None:
    desk = Desk(MANAGER)
    desk.fires(0, "orders")
    desk.resolves(800, "orders")
    desk.until(5000)
    assert desk.told() == []


def test_a_change_shortly_before_a_repeat_is_told_in_its_time_and_stands_for_it() -> None:
    desk = Desk()
    desk.fires(0, "orders")
    desk.fires(3605, "orders", Severity.CRITICAL)
    desk.until(4000)
    assert [told[:2] for told in desk.told()] == [(10, Reason.FIRST), (3615, Reason.WORSE)]


# --- windows


def test_nothing_is_said_of_what_is_in_maintenance_and_what_still_fires_is_told_after() -> None:
    desk = Desk(quieting=Quieting(windows=WINDOW, maintenance=(Maintenance(parse('instance="orders"'), "upkeep"),)))
    desk.fires(200, "orders")
    desk.fires(200, "invoices")
    desk.until(1100)
    assert desk.told() == [(210, Reason.FIRST, "invoices:new"), (1000, Reason.MORE, "invoices:same orders:new")]
    held = [decision.group.held for _, decision in desk.decisions if decision.group]
    assert held[0] == {"orders": Hushed(Why.MAINTENANCE, "upkeep")}


def test_a_muted_route_says_after_the_window_what_is_still_true_even_that_something_is_over() -> None:
    desk = Desk(replace(ROUTE, mute=("upkeep",)), Quieting(windows=WINDOW))
    desk.fires(0, "orders")
    desk.resolves(200, "orders")
    desk.fires(200, "invoices")
    desk.fires(300, "short")
    desk.resolves(400, "short")
    desk.until(1100)
    assert desk.told() == [
        (10, Reason.FIRST, "orders:new"),
        (1000, Reason.MORE, "invoices:new orders:resolved"),
    ]
    quiet = [decision for _, decision in desk.decisions if decision.verdict is Quiet.MUTED]
    assert quiet != []
    assert {decision.by for decision in quiet} == {"upkeep"}


@pytest.mark.parametrize("way", ["muted", "maintained"])
def test_what_a_window_held_back_until_the_full_hour_is_told_a_little_later(way: str) -> None:
    hour = {"upkeep": Fixed("upkeep", at(100), at(3600))}
    maintenance = (Maintenance(parse('instance="orders"'), "upkeep"),) if way == "maintained" else ()
    route = replace(ROUTE, mute=("upkeep",)) if way == "muted" else ROUTE
    desk = Desk(route, Quieting(windows=hour, maintenance=maintenance))
    desk.fires(200, "orders")
    desk.until(3700)
    [(seconds, reason, _)] = desk.told()
    assert reason is Reason.FIRST
    assert 3610 <= seconds < 3660


def test_outside_of_its_active_windows_a_route_says_nothing() -> None:
    desk = Desk(replace(ROUTE, active=("upkeep",)), Quieting(windows=WINDOW))
    desk.fires(0, "orders")
    desk.until(99)
    assert desk.verdicts() == [(10, "inactive")]
    desk.until(100)
    assert desk.told() == [(100, Reason.FIRST, "orders:new")]


def test_a_window_that_is_gone_neither_mutes_nor_lets_speak() -> None:
    for route in (replace(ROUTE, mute=("gone",)), replace(ROUTE, active=("gone",))):
        desk = Desk(route)
        desk.fires(0, "orders")
        desk.until(20)
        assert [told[:2] for told in desk.told()] == [(10, Reason.FIRST)]


# --- inhibition


def test_what_is_inhibited_is_told_one_interval_after_its_source_is_over() -> None:
    rule = Inhibit(parse('severity="critical"'), parse('severity="warning"'), ("alertname",))
    desk = Desk(quieting=Quieting(inhibit=(rule,)))
    desk.fires(0, "big", Severity.CRITICAL)
    desk.fires(5, "small")
    desk.until(100)
    assert desk.told() == [(10, Reason.FIRST, "big:new")]
    assert desk.group is not None
    assert desk.group.held == {"small": Hushed(Why.INHIBITED, "big")}
    desk.resolves(200, "big")
    desk.until(300)
    assert desk.told()[1:] == [(210, Reason.MORE, "small:new big:resolved")]


# --- flapping


def flip(desk: Desk, begins: float, times: int, gap: float = 60.0) -> float:
    """The alert fires and resolves in turn; the moment after the last change."""
    for number in range(times):
        moment = begins + number * gap
        (desk.resolves if number % 2 else desk.fires)(moment, "orders")
    return begins + times * gap


def test_one_that_flaps_is_told_to_flap_once_and_then_held_until_it_stands_still() -> None:
    desk = Desk(replace(ROUTE, group_interval=timedelta(seconds=30)), FLAPPING)
    after = flip(desk, 0, 30)
    desk.until(after + 3600)
    reasons = [reason for _, reason, _ in desk.told()]
    assert reasons.count(Reason.FLAPPING) == 1
    assert reasons[-2:] == [Reason.FLAPPING, Reason.ALL_RESOLVED], "its last state is told when it stands still"
    assert desk.group is not None
    assert (desk.group.said, desk.group.held, desk.group.look_at) == ({}, {}, None)


def test_one_that_stands_still_while_it_fires_says_so() -> None:
    desk = Desk(replace(ROUTE, group_interval=timedelta(seconds=30)), FLAPPING)
    after = flip(desk, 0, 29)
    desk.until(after + 3600)
    reasons = [reason for _, reason, _ in desk.told()]
    assert reasons[-2:] == [Reason.FLAPPING, Reason.STEADY]
    assert Reason.REPEAT not in reasons


def test_without_limits_it_is_told_every_time() -> None:
    desk = Desk(
        replace(ROUTE, group_interval=timedelta(seconds=30)),
        Quieting(flapping={f"not-{RULE}": FLAPPING.flapping[RULE]}),
    )
    flip(desk, 0, 20)
    desk.until(5000)
    assert Reason.FLAPPING not in {reason for _, reason, _ in desk.told()}
    assert len(desk.told()) == 20
