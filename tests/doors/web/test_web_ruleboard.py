"""The rules as a value: state, noise, and what they say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from webrows import ago, alert, instance

from monitor.matchers import EVERYTHING, parse
from monitor.model import Alert, Severity, State
from monitor.routing import Route
from monitor.rules.quantity import quantity
from monitor.rules.rule import Override, Rule
from monitor.store.episodes import Unrest
from monitor.store.tallies import Crowd
from monitor.web.ruleboard import Order, Standing, Watched, board, reaches
from monitor.web.site import Speech

ABNORMAL = Rule(
    "tasks-abnormal",
    levels=((Severity.WARNING, "abnormal >= warn"), (Severity.CRITICAL, "abnormal >= crit")),
    clear="abnormal == 0",
    hold=timedelta(minutes=5),
    keep=timedelta(minutes=10),
    match=parse('env="prod"'),
    thresholds={"warn": quantity(1), "crit": quantity(5)},
    overrides=(Override(parse('instance="orders"'), {"crit": quantity(20)}),),
    labels={"team": "data"},
    summary="{{ abnormal }} abnormal",
)
JUMP = Rule("terminated-jump", when="increase(terminated, 15m) >= 3")
MANY = Rule("many", when="count(abnormal > 0) >= 5", by=("account",), severity=Severity.CRITICAL)
NOBODY = Route("{}", "ops", EVERYTHING, (), timedelta(), timedelta(), timedelta())
SPEECH = Speech(
    NOBODY, (), rules=(ABNORMAL, JUMP, MANY), places={"tasks-abnormal": "fdi.yaml:12"}, tested={"tasks-abnormal": 2}
)
WATCHED = (
    Watched({"instance": "old", "env": "prod"}, ago(900)),
    Watched({"instance": "never", "env": "prod"}, None),
    Watched({"instance": "new", "env": "test"}, ago(5)),
)
LIVE = (
    alert(),
    replace(alert(instance("b")), severity=Severity.WARNING),
    alert(instance("c"), state=State.PENDING),
    replace(alert(instance("d"), state=State.PENDING), rule="terminated-jump"),
    replace(alert(instance("e")), rule="policy-invalid", severity=Severity.WARNING),
)


def crowds(live: tuple[Alert, ...]) -> list[Crowd]:
    """The alerts as the store counts them."""
    counted = Counter((one.rule, one.state, one.severity) for one in live)
    return [Crowd(*alike, number) for alike, number in counted.items()]


def found(
    order: Order = Order.NOISE, text: str = "", live: tuple[Alert, ...] = LIVE, noisy: str = "terminated-jump"
) -> dict[str, Standing]:
    unrest = {noisy: Unrest(firings=9, alerts=2, brief=6, again=4, idle=7)}
    return {one.name: one for one in board(SPEECH, crowds(live), unrest, order=order, text=text)}


def test_a_rule_tells_where_it_stands() -> None:
    rule = found()["tasks-abnormal"]
    assert (rule.firing, rule.pending, rule.worst) == (2, 1, Severity.CRITICAL)
    reach = reaches(found().values(), WATCHED)
    assert reach["tasks-abnormal"] == (2, ago(900))
    assert (rule.place, rule.tests) == ("fdi.yaml:12", 2)
    assert rule.alerts == 'alertname="tasks-abnormal"'
    jump = found()["terminated-jump"]
    assert (*reach["terminated-jump"], jump.tests, jump.place) == (3, ago(5), 0, "")
    assert jump.noise == 7


def test_what_is_built_in_is_listed_once_it_was_heard_of() -> None:
    assert found()["policy-invalid"].rule is None
    assert "policy-invalid" not in found(live=())


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.NOISE, ["terminated-jump", "many", "policy-invalid", "tasks-abnormal"]),
        (Order.STATE, ["tasks-abnormal", "policy-invalid", "terminated-jump", "many"]),
        (Order.NAME, ["many", "tasks-abnormal", "terminated-jump", "policy-invalid"]),
    ],
)
def test_rules_are_sorted(order: Order, expected: list[str]) -> None:
    assert list(found(order)) == expected


def test_a_text_finds_names_and_expressions() -> None:
    assert list(found(text="Count(")) == ["many"]
    assert list(found(text="JUMP")) == ["terminated-jump"]


def test_what_a_rule_says_beside_its_conditions_stands_there_as_in_the_files() -> None:
    assert list(found()["tasks-abnormal"].settings) == [
        ("clear", "abnormal == 0"),
        ("for", "5m"),
        ("keep_firing_for", "10m"),
        ("match", 'env="prod"'),
        ("thresholds", "warn: 1, crit: 5"),
        ('overrides: instance="orders"', "crit: 20"),
        ("labels", "team: data"),
        ("summary", "{{ abnormal }} abnormal"),
    ]
    assert list(found()["many"].settings) == [("by", "[account]")]
    assert list(found()["policy-invalid"].settings) == []
