"""A rule binds to instances and tells its meaning by a version."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.matchers import parse
from monitor.model import Counts, Severity, Truth
from monitor.rules.facts import Facts
from monitor.rules.names import RESERVED, check_threshold_name
from monitor.rules.quantity import Quantity, quantity
from monitor.rules.rule import Override, Rule
from monitor.textfault import TextFault

AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
FOUR = Facts(at=AT, common=Counts(running=20, abnormal=4), cdc=Counts(), up=True)
ORDERS = Override(parse('instance="orders"'), {"crit": quantity(3)})
EU = Override(parse('region=~"eu-.*"'), {"crit": quantity(9)})
RULE = Rule(
    "tasks-abnormal",
    levels=((Severity.WARNING, "abnormal >= warn"), (Severity.CRITICAL, "abnormal >= crit")),
    clear="abnormal == 0",
    hold=timedelta(minutes=5),
    keep=timedelta(minutes=10),
    match=parse('env="prod"'),
    thresholds={"warn": quantity(1), "crit": quantity(5)},
    overrides=(ORDERS, EU),
    summary="{{ abnormal }} abnormal",
)


def severity(rule: Rule, **labels: str) -> Severity:
    judge = rule.bind({"env": "prod", **labels})
    assert judge is not None
    verdict = judge.verdict(FOUR, firing=False, severity=None)
    assert verdict.truth is Truth.BREACH
    return verdict.severity


def test_a_rule_is_for_the_instances_it_matches() -> None:
    assert RULE.bind({"env": "test"}) is None
    assert RULE.bind({}) is None
    assert RULE.bind({"env": "prod"}) is not None


def test_overrides_change_the_thresholds_of_the_instances_they_match_and_the_later_ones_win() -> None:
    assert severity(RULE, instance="stock") is Severity.WARNING
    assert severity(RULE, instance="orders") is Severity.CRITICAL
    assert severity(RULE, instance="orders", region="eu-west-0") is Severity.WARNING


def test_instances_with_the_same_thresholds_share_one_judge() -> None:
    assert RULE.bind({"env": "prod", "instance": "a"}) is RULE.bind({"env": "prod", "instance": "b"})
    assert RULE.bind({"env": "prod", "instance": "a"}) is not RULE.bind({"env": "prod", "instance": "orders"})


def test_levels_are_kept_worst_first() -> None:
    assert [level for level, _ in RULE.levels] == [Severity.CRITICAL, Severity.WARNING]


def test_a_rule_has_either_when_or_levels() -> None:
    for when, levels in ((None, ()), ("up == 0", RULE.levels)):
        with pytest.raises(ValueError, match="either when or levels"):
            Rule("odd", when=when, levels=levels)
    with pytest.raises(ValueError, match="a severity stands twice"):
        Rule("odd", levels=((Severity.INFO, "up == 0"), (Severity.INFO, "up == 1")))


def test_the_reach_is_the_longest_look_back_of_any_expression_under_any_override() -> None:
    rule = Rule(
        "r",
        when="increase(terminated, window) >= 3",
        clear="max_over_time(abnormal, 10m) == 0",
        thresholds={"window": quantity("5m")},
    )
    longer = Override(parse('env="prod"'), {"window": quantity("1h")})
    assert rule.reach == timedelta(minutes=10)
    assert replace(rule, overrides=(longer,)).reach == timedelta(hours=1)
    assert RULE.reach == timedelta()


SAME_MEANING = [
    replace(RULE, summary="other", runbook="https://wiki.example.com", labels={"team": "data"}),
    replace(RULE, name="renamed"),
    replace(RULE, clear="( abnormal==0.0 )"),
    replace(RULE, levels=tuple(reversed(RULE.levels))),
    replace(RULE, severity=Severity.INFO),
]
OTHER_MEANING = [
    replace(RULE, clear="abnormal == 1"),
    replace(RULE, clear=None),
    replace(RULE, levels=RULE.levels[:1]),
    replace(RULE, levels=((Severity.INFO, "abnormal >= warn"), RULE.levels[0])),
    replace(RULE, hold=timedelta(minutes=6)),
    replace(RULE, keep=timedelta(minutes=6)),
    replace(RULE, match=parse('env="test"')),
    replace(RULE, thresholds={"warn": quantity(2), "crit": quantity(5)}),
    replace(RULE, overrides=(EU, ORDERS)),
    replace(RULE, overrides=()),
]


@pytest.mark.parametrize("rule", SAME_MEANING)
def test_words_about_a_rule_do_not_change_its_version(rule: Rule) -> None:
    assert rule.version == RULE.version


@pytest.mark.parametrize("rule", OTHER_MEANING)
def test_what_changes_a_judgement_or_a_timer_changes_the_version(rule: Rule) -> None:
    assert rule.version != RULE.version


def test_the_severity_of_a_plain_rule_is_part_of_its_meaning() -> None:
    rule = Rule("r", when="up == 0")
    assert rule.version != replace(rule, severity=Severity.CRITICAL).version


def test_the_version_is_the_same_in_every_process() -> None:
    assert Rule("r", when="cdc.abnormal > 0").version == "7d56ff7cd653"


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_threshold_hides_no_name_of_the_language(name: str) -> None:
    with pytest.raises(TextFault, match="cannot name a threshold"):
        check_threshold_name(name)


@pytest.mark.parametrize("name", ["", "a-b", "1st", "warn.high", "über", "warn\n"])
def test_a_threshold_is_named_by_a_word(name: str) -> None:
    with pytest.raises(TextFault, match="use letters, digits and _, such as warn"):
        check_threshold_name(name)


def test_a_wrong_expression_is_told_when_the_rule_is_bound() -> None:
    with pytest.raises(TextFault, match="did you mean warn"):
        replace(RULE, clear="abnormal < wran").bind({"env": "prod"})


def test_other_words_name_thresholds() -> None:
    for name in ("warn", "crit", "_x", "Max", "count2"):
        check_threshold_name(name)
    assert str(Quantity(0.2)) == "0.2"
