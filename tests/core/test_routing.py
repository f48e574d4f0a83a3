"""Which routes an alert takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from monitor.matchers import EVERYTHING, parse
from monitor.routing import Route, Step

CRITICAL = {"alertname": "abnormal", "account": "prod", "severity": "critical", "team": "data"}
WARNING = {**CRITICAL, "severity": "warning"}


def route(receiver: str, match: str = "", *routes: Route, proceed: bool = False) -> Route:
    return Route(
        path=f"{{{match}}}",
        receiver=receiver,
        matchers=parse(match) if match else EVERYTHING,
        group_by=("account", "alertname"),
        group_wait=timedelta(),
        group_interval=timedelta(minutes=1),
        repeat_interval=timedelta(hours=4),
        proceed=proceed,
        routes=routes,
    )


def receivers(tree: Route, labels: dict[str, str]) -> list[str]:
    return [found.receiver for found in tree.find(labels)]


def test_without_branches_the_root_takes_all() -> None:
    assert receivers(route("ops"), WARNING) == ["ops"]


def test_the_first_branch_that_matches_takes_it() -> None:
    tree = route("ops", "", route("oncall", 'severity="critical"'), route("data", 'team="data"'))
    assert receivers(tree, CRITICAL) == ["oncall"]
    assert receivers(tree, WARNING) == ["data"]


def test_with_continue_the_next_ones_are_asked_too() -> None:
    tree = route("ops", "", route("oncall", 'severity="critical"', proceed=True), route("data", 'team="data"'))
    assert receivers(tree, CRITICAL) == ["oncall", "data"]


def test_what_no_branch_matches_stays_with_the_parent() -> None:
    tree = route("ops", "", route("data", 'team="data"', route("night", 'severity="critical"')))
    assert receivers(tree, WARNING) == ["data"]
    assert receivers(tree, CRITICAL) == ["night"]
    assert receivers(tree, {"team": "web"}) == ["ops"]


def test_the_group_key_is_written_as_alertmanager_writes_it() -> None:
    tree = replace(route("ops", 'severity="critical"'), path='{}/{severity="critical"}', group_by=("alertname",))
    assert tree.group_key(CRITICAL) == '{}/{severity="critical"}:{alertname="abnormal"}'


def test_three_dots_make_every_alert_a_group() -> None:
    tree = replace(route("ops"), group_by=("...",))
    assert tree.group_labels(CRITICAL) == CRITICAL


def test_labels_that_an_alert_lacks_do_not_group_it() -> None:
    assert route("ops").group_labels({"alertname": "policy-invalid"}) == {"alertname": "policy-invalid"}


def test_a_step_of_escalation_is_a_place_of_its_own_with_nothing_below_it() -> None:
    step = Step("manager", timedelta(minutes=15))
    tree = replace(route("ops", "", route("data", 'team="data"')), steps=(step,))
    itself, escalated = tree.told({"team": "web"})
    assert itself is tree
    assert escalated == replace(tree, path=f"{tree.path}/after=15m", receiver="manager", step=step, steps=(), routes=())
    assert [place.receiver for place in tree.places()] == ["ops", "manager", "data"]
