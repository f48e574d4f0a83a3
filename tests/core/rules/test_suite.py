"""Tests of rules are played as the service would run them, and say what differs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.matchers import EVERYTHING, parse
from monitor.model import Severity
from monitor.routing import Route
from monitor.rules.case import Case, CaseInstance, ExpectAlerts, ExpectMessage
from monitor.rules.rule import Rule
from monitor.rules.suite import Result, Suite

RULE = Rule(
    "cdc-tasks-abnormal",
    when="cdc.abnormal > 0",
    hold=timedelta(minutes=2),
    severity=Severity.CRITICAL,
    summary="{{ cdc.abnormal }} CDC tasks abnormal on {{ instance }}",
)
ROUTE = Route(
    path="{}",
    receiver="ops",
    matchers=EVERYTHING,
    group_by=("account", "alertname"),
    group_wait=timedelta(seconds=10),
    group_interval=timedelta(minutes=1),
    repeat_interval=timedelta(hours=4),
)
SUITE = Suite((RULE,), ROUTE, {"ops": "en"})
FIRING = {"alertname": "cdc-tasks-abnormal", "severity": "critical"}
SERIES = (0, 0, 1, 1, 1, 1, 1, 1, None, 0, 0, 0, 0)


def at(seconds: float, *alerts: dict[str, str], pending: tuple[dict[str, str], ...] | None = None) -> ExpectAlerts:
    return ExpectAlerts(timedelta(seconds=seconds), 7, tuple(alerts), pending)


def message(seconds: float, contains: str, receiver: str = "ops") -> ExpectMessage:
    return ExpectMessage(timedelta(seconds=seconds), 9, receiver, contains)


def play(
    *expect: ExpectAlerts, messages: tuple[ExpectMessage, ...] | None = None, series: tuple[int | None, ...] = SERIES
) -> Result:
    orders = CaseInstance("orders", "prod", {"env": "prod"}, (("cdc.abnormal", series),))
    start = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
    return SUITE.play(Case("c", "t.yaml", 3, start, timedelta(seconds=30), (orders,), expect, messages))


def test_the_example_of_the_design_passes() -> None:
    result = play(
        at(150),
        at(180, FIRING),
        at(240, FIRING),
        at(270),
        messages=(message(190, "1 CDC tasks abnormal on orders"), message(320, "RESOLVED")),
    )
    assert result.failures == ()
    assert result.passed


def test_alerts_that_differ_stand_beside_those_that_were_expected() -> None:
    result = play(at(180, {"alertname": "other"}))
    assert result.failures == (
        (
            "line 7: at 3m these firing alerts differ:\n"
            "      expected          seen\n"
            "    - alertname=other   -\n"
            "    + -                 alertname=cdc-tasks-abnormal severity=critical instance=orders account=prod"
            " env=prod instance_id=orders"
        ),
    )


def test_an_alert_with_another_severity_stands_beside_the_one_that_was_meant() -> None:
    result = play(at(180, {"alertname": "cdc-tasks-abnormal", "severity": "warning"}))
    assert result.failures[0].splitlines()[1:] == [
        "      expected                                        seen",
        "    ! alertname=cdc-tasks-abnormal severity=warning   alertname=cdc-tasks-abnormal severity=critical",
    ]


def test_an_alert_that_only_waits_yet_is_said_to() -> None:
    assert play(at(120, FIRING)).failures[0].splitlines()[-1].endswith("   - (it is pending since 1m)")


def test_pending_alerts_are_compared_only_where_they_are_given() -> None:
    waiting = {"alertname": "cdc-tasks-abnormal"}
    assert play(at(60, pending=(waiting,)), at(90)).passed
    assert "these pending alerts differ" in play(at(60, pending=())).failures[0]


def test_one_expected_alert_matches_one_that_fires() -> None:
    assert not play(at(180, FIRING, FIRING)).passed


def test_a_message_that_does_not_come_is_missed() -> None:
    assert play(messages=(message(180, "orders"),)).failures == (
        "line 9: at 3m no message to ops with 'orders': ops was told nothing else by then",
    )


def test_a_message_that_says_something_else_is_shown_in_its_place() -> None:
    [failure] = play(messages=(message(190, "9 CDC tasks"),)).failures
    assert failure.startswith("line 9: at 3m10s no message to ops with '9 CDC tasks', but this one:\n    | [FIRING cri")


def test_a_message_that_nobody_expects_is_shown() -> None:
    [failure] = play(messages=(message(400, "RESOLVED"),)).failures
    assert failure.startswith("at 6m40s a message to ops that is not expected:\n    | [FIRING critical]")


def test_no_messages_means_none_at_all() -> None:
    assert play(messages=(), series=(0, 1, 0, 0)).passed
    [first, second] = play(messages=()).failures
    assert first.startswith("at 4m40s a message to ops that is not expected")
    assert second.startswith("at 4m40s a message to ops that is not expected")


def test_a_message_to_another_receiver_does_not_count() -> None:
    assert len(play(messages=(message(190, "orders", receiver="oncall"),)).failures) == 2


def test_a_failed_poll_at_the_end_resolves_nothing() -> None:
    assert play(at(330, FIRING), series=(1, 1, 1, 1, 1, None, None, None, None, None, None, None)).passed


def test_bare_names_are_of_the_common_kind() -> None:
    suite = Suite((Rule("r", when="common.abnormal > 0 and cdc.abnormal == 0"),), ROUTE, {})
    orders = CaseInstance("orders", "prod", {}, (("abnormal", (1,)),))
    case = Case("c", "t.yaml", 1, datetime(2026, 1, 1, tzinfo=UTC), timedelta(seconds=30), (orders,), (at(0, {}),))
    assert suite.play(case).passed


def test_several_instances_group_into_one_message() -> None:
    suite = Suite((Rule("r", when="abnormal > 0"),), ROUTE, {})
    two = tuple(CaseInstance(name, "prod", {}, (("abnormal", (1, 1)),)) for name in ("orders", "invoices"))
    case = Case(
        "c",
        "t.yaml",
        1,
        datetime(2026, 1, 1, tzinfo=UTC),
        timedelta(seconds=30),
        two,
        (at(0, {"instance": "orders"}, {"instance": "invoices"}),),
        (message(10, "+2 new"),),
    )
    assert suite.play(case).failures == ()


def test_routes_decide_who_hears() -> None:
    night = Route(
        path='{}/{severity="critical"}',
        receiver="oncall",
        matchers=parse('severity="critical"'),
        group_by=ROUTE.group_by,
        group_wait=timedelta(),
        group_interval=ROUTE.group_interval,
        repeat_interval=ROUTE.repeat_interval,
    )
    tree = Route(
        path="{}",
        receiver="ops",
        matchers=EVERYTHING,
        group_by=ROUTE.group_by,
        group_wait=timedelta(),
        group_interval=ROUTE.group_interval,
        repeat_interval=ROUTE.repeat_interval,
        routes=(night,),
    )
    suite = Suite((RULE,), tree, {"oncall": "zh"})
    orders = CaseInstance("orders", "prod", {}, (("cdc.abnormal", SERIES),))
    case = Case(
        "c",
        "t.yaml",
        1,
        datetime(2026, 1, 1, tzinfo=UTC),
        timedelta(seconds=30),
        (orders,),
        (),
        (message(180, "告警", receiver="oncall"),),
    )
    assert suite.play(case).failures == ()
