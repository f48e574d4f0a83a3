"""A plan says what becomes of each alert if all went on as it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.matchers import EVERYTHING
from monitor.model import Alert, Counts, Failure, FailureKind, Instance, Run, Severity, State
from monitor.routing import Route
from monitor.rules.past import Past, past_of
from monitor.rules.plan import Planned, plan
from monitor.rules.replay import Replay
from monitor.rules.rule import Rule

START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
STEP = timedelta(seconds=30)
NOW = START + timedelta(hours=1)
OLD = Rule("tasks-abnormal", when="abnormal > 0", severity=Severity.WARNING)
ROUTE = Route("{}", "ops", EVERYTHING, (), timedelta(), timedelta(minutes=1), timedelta(hours=4))


def past(abnormal: int | None, name: str = "orders", *, until: datetime = NOW) -> Past:
    """Well for half an hour, then `abnormal` tasks (None: it cannot be polled) up to `until`."""
    middle = START + timedelta(minutes=30)
    polls = (until - middle) // STEP
    lost = None if abnormal is not None else Failure(FailureKind.TIMEOUT, "")
    runs = [
        Run(START, middle, 61, Counts(5), Counts()),
        Run(middle + STEP, until, polls, None if lost else Counts(5, abnormal or 0), None if lost else Counts(), lost),
    ]
    one = Instance("prod", name, name)
    return past_of(one, first_at=START, runs=runs, good=None, since=START, until=NOW)


def live(*pasts: Past, rules: tuple[Rule, ...] = (OLD,)) -> list[Alert]:
    return list(Replay(pasts, rules, ROUTE).play(NOW).alerts)


def told(planned: list[Planned]) -> list[tuple[str, str, float | None]]:
    return [
        (str(one.effect), one.labels["instance"], one.wait.total_seconds() if one.wait is not None else None)
        for one in planned
    ]


def test_the_same_rules_change_nothing() -> None:
    pasts = [past(3), past(0, "invoices")]
    assert told(plan(pasts, live(*pasts), (OLD,))) == [("keeps", "orders", None)]


def test_a_stricter_limit_resolves_and_a_new_rule_fires_once_its_time_is_over() -> None:
    pasts = [past(3)]
    rules = (replace(OLD, when="abnormal > 5"), Rule("new", when="abnormal > 2", hold=timedelta(minutes=2)))
    # breached from the next poll on
    assert told(plan(pasts, live(*pasts), rules)) == [("fires", "orders", 150.0), ("resolves", "orders", 30.0)]


def test_alerts_of_several_instances_are_planned_as_well() -> None:
    pasts = [past(3), past(1, "invoices")]
    many = Rule("many", when="count(abnormal > 0) >= 2", by=("account",))
    alerts = live(*pasts, rules=(many,))
    [kept] = plan(pasts, alerts, (many,))
    assert (str(kept.effect), dict(kept.labels)) == ("keeps", {"alertname": "many", "account": "prod"})
    stricter = replace(many, when="count(abnormal > 2) >= 2")
    assert [str(one.effect) for one in plan(pasts, alerts, (stricter,))] == ["resolves"]
    assert [str(one.effect) for one in plan(pasts, alerts, (OLD,))] == ["fires", "fires", "ends"]


def test_timers_of_live_alerts_go_on() -> None:
    pasts = [past(3)]
    patient = replace(OLD, hold=timedelta(minutes=40))
    [waiting] = live(*pasts, rules=(patient,))
    assert waiting.state is State.PENDING
    # it has waited since 02:30:30, so that forty minutes are over at 03:10:30
    assert told(plan(pasts, [waiting], (patient,))) == [("fires", "orders", 630.0)]


def test_severities_move_and_removed_rules_end() -> None:
    pasts = [past(3), past(1, "invoices")]
    alerts = live(*pasts)
    worse = Rule("tasks-abnormal", levels=((Severity.WARNING, "abnormal > 0"), (Severity.CRITICAL, "abnormal > 2")))
    found = plan(pasts, alerts, (worse,))
    assert told(found) == [("rises", "orders", 30.0), ("keeps", "invoices", None)]
    assert (found[0].before, found[0].after) == (Severity.WARNING, Severity.CRITICAL)
    milder = replace(OLD, severity=Severity.INFO)
    assert [one.effect for one in plan(pasts, alerts, (milder,))] == ["falls", "falls"]
    assert [one.effect for one in plan(pasts, alerts, (Rule("other", when="abnormal > 9"),))] == ["ends", "ends"]


def test_what_cannot_be_polled_goes_on_so() -> None:
    pasts = [past(None)]
    rule = Rule("unreachable", when="up == 0 and age > 3m")
    assert told(plan(pasts, [], (rule,))) == [("fires", "orders", 30.0)]


def test_an_instance_that_is_not_polled_any_more_is_left_out() -> None:
    pasts = [past(3), past(3, "gone", until=NOW - timedelta(minutes=11))]
    assert told(plan(pasts, [], (OLD,))) == [("fires", "orders", 30.0)]
    assert plan([], [], (OLD,)) == []
