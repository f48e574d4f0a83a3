"""Tests of rules honour what keeps the service quiet: windows, maintenance, inhibition, muted routes, escalation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from test_suite import ROUTE, RULE, message

from monitor.flapping import Flapping
from monitor.inhibition import Inhibit
from monitor.matchers import parse
from monitor.model import Severity
from monitor.quieting import Maintenance, Quieting
from monitor.routing import Route, Step
from monitor.rules.case import Case, CaseInstance, ExpectMessage
from monitor.rules.rule import Rule
from monitor.rules.suite import Suite
from monitor.timewindows import Fixed

START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
NIGHT = {"night": Fixed("night", START, START + timedelta(minutes=10))}
BAD = (0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)


def play(
    quieting: Quieting,
    *messages: ExpectMessage,
    route: Route = ROUTE,
    rules: tuple[Rule, ...] = (RULE,),
    series: tuple[int | None, ...] = BAD,
) -> tuple[str, ...]:
    """What differs from these messages."""
    orders = CaseInstance("orders", "prod", {"env": "prod"}, (("cdc.abnormal", series),))
    case = Case("c", "t.yaml", 3, START, timedelta(seconds=30), (orders,), (), messages)
    return Suite(rules, route, {"ops": "en", "manager": "en"}, quieting).play(case).failures


def test_what_is_in_maintenance_is_told_after_it() -> None:
    upkeep = Quieting(NIGHT, (Maintenance(parse('env="prod"'), "night"),))
    assert play(upkeep, message(600, "1 CDC tasks abnormal on orders")) == ()
    assert play(upkeep, message(599, "1 CDC tasks abnormal on orders")) != ()


def test_a_muted_route_speaks_when_the_window_closes() -> None:
    muted = replace(ROUTE, mute=("night",))
    assert play(Quieting(NIGHT), message(600, "FIRING"), route=muted) == ()
    assert play(Quieting(NIGHT), message(190, "FIRING"), route=muted) != ()


def test_what_resolves_in_the_window_is_never_told() -> None:
    short = (*BAD[:10], *(0 for _ in range(20)))
    assert play(Quieting(NIGHT), route=replace(ROUTE, mute=("night",)), series=short) == ()


def test_what_is_inhibited_is_not_told() -> None:
    worse = Rule("worse", when="cdc.abnormal > 0", severity=Severity.CRITICAL, summary="worse on {{ instance }}")
    inhibit = (Inhibit(parse('alertname="worse"'), parse('alertname!="worse"'), ("instance",)),)
    told = message(70, "worse on orders")
    follows = message(190, "1 CDC tasks abnormal")
    assert play(Quieting(), told, follows, rules=(RULE, worse)) == ()
    [failure] = play(Quieting(inhibit=inhibit), told, follows, rules=(RULE, worse))
    assert failure == (
        "line 9: at 3m10s no message to ops with '1 CDC tasks abnormal': ops was told nothing else by then"
    )


def test_what_nobody_can_acknowledge_in_a_test_is_escalated() -> None:
    route = replace(ROUTE, steps=(Step("manager", timedelta(minutes=5), unless_acknowledged=True),))
    first, second = message(190, "FIRING"), message(480, "escalated", receiver="manager")
    assert play(Quieting(), first, second, route=route) == ()


def test_flapping_is_told_once() -> None:
    restless = replace(RULE, hold=timedelta())
    series = (1, 0, 0, 0, 0, 0) * 8
    told = [message(180 * number + at, word) for number in range(2) for at, word in ((10, "FIRING"), (70, "RESOLVED"))]
    # the sixth change, the end of the third time, is the one too many
    told += [message(370, "FIRING"), message(430, "flapping: it fires and resolves again and again")]
    flapping = Quieting(flapping={RULE.name: Flapping()})
    assert play(flapping, *told, rules=(restless,), series=series) == ()
