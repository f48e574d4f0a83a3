"""What is not worth saying while something worse is said: Alertmanager's meaning."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from monitor.inhibition import Inhibit, Sources
from monitor.matchers import parse
from monitor.model import Alert, Severity, State

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
WORSE = Inhibit(parse('severity="critical"'), parse('severity=~"warning|critical"'), ("account", "instance"))


def alert(key: str, severity: Severity = Severity.WARNING, **labels: str) -> Alert:
    return Alert(key, "r", "1", None, labels, severity, State.FIRING, START, START, fired_at=START)


def sources(*alerts: Alert, rules: tuple[Inhibit, ...] = (WORSE,)) -> Sources:
    found = Sources(rules)
    for one in alerts:
        found.saw(one)
    return found


def test_the_target_is_inhibited_where_the_labels_are_equal() -> None:
    found = sources(alert("a", Severity.CRITICAL, account="prod", instance="orders"))
    assert found.of(alert("b", account="prod", instance="orders").all_labels) == ["a"]
    assert found.of(alert("b", account="prod", instance="invoices").all_labels) == []
    assert found.of(alert("b", Severity.INFO, account="prod", instance="orders").all_labels) == []


def test_labels_that_both_lack_are_equal_and_one_that_is_empty_is_lacking() -> None:
    found = sources(alert("a", Severity.CRITICAL, account="prod"))
    assert found.of(alert("b", account="prod").all_labels) == ["a"]
    assert found.of(alert("b", account="prod", instance="").all_labels) == ["a"]
    assert found.of(alert("b", account="prod", instance="orders").all_labels) == []


def test_what_matches_both_sides_does_not_inhibit_itself_nor_its_like() -> None:
    one, other = (alert(key, Severity.CRITICAL, account="prod", instance="orders") for key in "ab")
    found = sources(one, other)
    assert found.of(one.all_labels) == found.of(other.all_labels) == []
    assert found.of(alert("c", account="prod", instance="orders").all_labels) == ["a", "b"]


def test_a_source_that_is_over_frees_and_says_so_once() -> None:
    one = alert("a", Severity.CRITICAL, account="prod")
    found = sources(one)
    assert not found.saw(replace(one, state=State.CLEARING))
    assert found.saw(replace(one, state=State.RESOLVED))
    assert not found.saw(replace(one, state=State.RESOLVED))
    assert found.of(alert("b", account="prod").all_labels) == []


def test_a_source_whose_severity_falls_is_none_any_more() -> None:
    one = alert("a", Severity.CRITICAL, account="prod")
    found = sources(one)
    assert found.saw(replace(one, severity=Severity.WARNING))
    assert found.of(alert("b", account="prod").all_labels) == []


def test_a_pending_source_inhibits_nothing() -> None:
    found = sources(replace(alert("a", Severity.CRITICAL, account="prod"), state=State.PENDING))
    assert found.of(alert("b", account="prod").all_labels) == []


def test_while_an_account_is_out_of_reach_its_other_alerts_are_inhibited_without_any_rule() -> None:
    found = sources(alert("out", alertname="account-unreachable", account="prod"), rules=())
    assert found.of({"alertname": "abnormal", "account": "prod"}) == ["out"]
    assert found.of({"alertname": "account-unreachable", "account": "prod"}) == []
    assert found.of({"alertname": "abnormal", "account": "test"}) == []
