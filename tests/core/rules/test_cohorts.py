"""Rules with `by`: one alert for all instances that share labels, right at every sample, whoever is silent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.matchers import parse as matchers
from monitor.model import Alert, Cause, Counts, Failure, FailureKind, Instance, Run, Sample, Severity, State
from monitor.rules.change import Change
from monitor.rules.cohorts import Cohorts
from monitor.rules.compile import compile_truth, compile_value
from monitor.rules.facts import Facts
from monitor.rules.health import Health
from monitor.rules.parser import parse
from monitor.rules.quantity import quantity
from monitor.rules.rule import Override, Rule
from monitor.rules.syntax import Call, Comparison
from monitor.rules.watch import Watch

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
LOST = Failure(FailureKind.UNREACHABLE, "503")
MANY = Rule("many", when="count(abnormal > 0) >= 2", severity=Severity.CRITICAL, by=("account",))


def instance(name: str, account: str = "prod", **labels: str) -> Instance:
    return Instance(account, f"i-{name}", name, "cn-north-4", "p-1", labels)


A, B, C = instance("a", env="prod"), instance("b", env="prod"), instance("c", env="test")
OTHER = instance("x", account="other", env="prod")


class Fleet:
    """Instances under rules with `by`, polled as the engine does it."""

    def __init__(self, *rules: Rule, members: tuple[Instance, ...] = (A, B, C), alerts: tuple[Alert, ...] = ()) -> None:
        self.rules = rules
        self.watches: dict[str, Watch] = {}
        self.cohorts = Cohorts(rules, alerts)
        for one in members:
            self.join(one)

    def join(self, one: Instance, health: Health | None = None, history: tuple[Run, ...] = ()) -> None:
        known = self.watches.get(one.name)
        watch = self.watches[one.name] = Watch(one, self.rules, health=health, history=history)
        if known is not None:
            watch.health = known.health
        self.cohorts.join(one, watch.health, watch.window)

    def poll(
        self, seconds: float, one: Instance, abnormal: int | None = 0, *, running: int = 5, latency: float = 0.5
    ) -> list[Change]:
        """What this poll changes; None abnormal: it fails."""
        at, took = START + timedelta(seconds=seconds), timedelta(seconds=latency)
        sample = Sample(one, at, took, failure=LOST)
        if abnormal is not None:
            sample = Sample(one, at, took, Counts(running, abnormal, 0, 0), Counts())
        watch = self.watches[one.name]
        step = watch.step(sample, {})
        assert step.changes == ()
        watch.health = step.health
        found = []
        for cohort in self.cohorts.saw(sample, step.health, watch.window):
            alert = self.cohorts.alerts.get(cohort.key)
            change = cohort.judge(alert, at, up=sample.up, began=step.began)
            if change is not None:
                self.cohorts.believe(change)
                found.append(change)
        return found

    def states(self) -> dict[str, State]:
        """The alerts by their labels."""
        return {
            " ".join(f"{name}={value}" for name, value in alert.labels.items() if name != "alertname"): alert.state
            for alert in self.cohorts.alerts.values()
        }

    def alert(self) -> Alert:
        [alert] = self.cohorts.alerts.values()
        return alert


# --- who belongs together, and what its alert carries


def test_one_alert_for_each_account_with_its_label_alone() -> None:
    fleet = Fleet(MANY, members=(A, B, C, OTHER))
    fleet.poll(0, A, 1)
    fleet.poll(1, OTHER, 7)
    assert fleet.states() == {}
    [change] = fleet.poll(2, C, 3)
    assert change.alert is not None
    assert change.alert.all_labels == {"alertname": "many", "account": "prod", "severity": "critical"}
    assert (change.alert.instance, change.alert.values) == (None, {"count(abnormal > 0)": 2})
    assert fleet.states() == {"account=prod": State.FIRING}


def test_an_empty_by_puts_all_together_and_a_missing_label_is_a_group_of_its_own() -> None:
    everyone = Fleet(Rule("all", when="sum(abnormal) >= 2", by=()), members=(A, OTHER))
    everyone.poll(0, A, 1)
    everyone.poll(1, OTHER, 1)
    assert everyone.states() == {"": State.FIRING}
    by_team = Fleet(Rule("team", when="sum(abnormal) >= 2", by=("team",)), members=(A, B, instance("t", team="data")))
    by_team.poll(0, A, 1)
    by_team.poll(1, instance("t", team="data"), 1)
    assert by_team.states() == {}
    by_team.poll(2, B, 1)
    assert by_team.states() == {"": State.FIRING}


def test_only_the_instances_that_match_are_members() -> None:
    fleet = Fleet(Rule("many", when="count(abnormal > 0) >= 2", match=matchers('env="prod"'), by=("account",)))
    fleet.poll(0, A, 1)
    assert fleet.poll(1, C, 1) == []
    assert fleet.poll(2, B, 1) != []


def test_inside_an_aggregate_a_member_has_its_own_thresholds_and_outside_the_group_has_its() -> None:
    rule = Rule(
        "many",
        when="count(abnormal > most) >= crowd",
        by=("account",),
        thresholds={"most": quantity(0), "crowd": quantity(2)},
        overrides=(
            Override(matchers('instance="a"'), {"most": quantity(10)}),
            Override(matchers('account="other"'), {"crowd": quantity(1)}),
        ),
    )
    fleet = Fleet(rule, members=(A, B, C, OTHER))
    fleet.poll(0, A, 9)
    fleet.poll(1, B, 9)
    assert fleet.states() == {}
    fleet.poll(2, OTHER, 1)
    assert fleet.states() == {"account=other": State.FIRING}
    fleet.poll(3, A, 11)
    assert fleet.states() == {"account=other": State.FIRING, "account=prod": State.FIRING}


def test_its_summary_is_filled_in_with_the_value_and_its_labels() -> None:
    rule = Rule("many", when="sum(abnormal) >= 2", by=("account",), summary="{{ value }} broken in {{ account }}")
    fleet = Fleet(rule)
    fleet.poll(0, A, 2)
    fleet.poll(1, B, 3)
    assert fleet.alert().annotations == {"summary": "5 broken in prod"}


# --- silence


def test_a_group_never_looks_healed_because_its_members_fell_silent() -> None:
    fleet = Fleet(MANY)
    fleet.poll(0, A, 1)
    fleet.poll(1, B, 1)
    for seconds in range(30, 300, 30):
        fleet.poll(seconds, A, None)
        fleet.poll(seconds + 1, B, None)
        fleet.poll(seconds + 2, C, 0)
    assert fleet.alert().state is State.FIRING
    [change] = fleet.poll(300, B, 0)
    assert change.alert is not None
    assert (change.alert.state, change.alert.values_at) == (State.RESOLVED, START + timedelta(seconds=300))


def test_a_failed_poll_can_breach_a_group_but_never_clear_it() -> None:
    rule = Rule("silent", when="count(up == 0) >= 2 and max(failures) > 1", by=("account",))
    fleet = Fleet(rule)
    fleet.poll(0, A, None)
    fleet.poll(1, B, None)
    [change] = fleet.poll(30, A, None)
    assert change.transition is not None
    assert change.transition.after is State.FIRING
    slow = Rule("slow", when="max(latency) > 1s", by=("account",))
    fleet = Fleet(slow, members=(A, B))
    fleet.poll(0, A, 0, latency=3)
    assert fleet.alert().state is State.FIRING
    assert fleet.poll(30, A, None, latency=0.1) == []
    [change] = fleet.poll(60, A, 0, latency=0.1)
    assert change.alert is not None
    assert change.alert.state is State.RESOLVED


def test_history_of_a_silent_member_is_that_before_its_silence() -> None:
    fleet = Fleet(Rule("jump", when="sum(increase(abnormal, 2m)) >= 3", by=("account",)), members=(A, B))
    fleet.poll(0, A, 0)
    fleet.poll(30, A, 4)
    assert fleet.alert().state is State.FIRING
    for seconds in range(60, 600, 30):
        fleet.poll(seconds, A, None)
        fleet.poll(seconds + 1, B, 0)
    assert fleet.alert().state is State.FIRING
    fleet.poll(600, A, 4)
    assert fleet.alert().state is State.RESOLVED, "it answers again, and nothing rose within the last two minutes"


def test_a_group_of_which_nothing_is_known_says_nothing() -> None:
    fleet = Fleet(Rule("few", when="sum(running) < 10", by=("account",)))
    assert fleet.poll(0, A, None) == []
    assert fleet.poll(1, A, None) == []
    [change] = fleet.poll(2, B, 0)
    assert change.alert is not None
    assert change.alert.values == {"sum(running)": 5}


# --- time


def test_ages_grow_while_nobody_samples() -> None:
    rule = Rule("stale", when="count(age > 3m) >= 2 or max(age) >= 10m", by=("account",))
    fleet = Fleet(rule)
    fleet.poll(0, A, 0)
    fleet.poll(10, B, 0)
    assert fleet.poll(190, C, 0) == []
    [change] = fleet.poll(190.000001, C, 0)
    assert change.alert is not None
    assert change.alert.values == {"count(age > 3m)": 2, "max(age)": 190.000001}
    fleet.poll(200, A, 0)
    assert fleet.alert().state is State.RESOLVED
    assert fleet.poll(609.999999, C, 0) != [], "two are older than three minutes again"


def test_a_group_alert_waits_and_keeps_as_its_rule_says() -> None:
    rule = Rule("many", when="count(abnormal > 0) >= 2", by=("account",), hold=timedelta(minutes=1), keep=timedelta(60))
    fleet = Fleet(rule)
    fleet.poll(0, A, 1)
    fleet.poll(1, B, 1)
    assert fleet.alert().state is State.PENDING
    fleet.poll(61, C, 0)
    assert fleet.alert().state is State.FIRING
    fleet.poll(62, A, 0)
    assert fleet.alert().state is State.CLEARING


def test_levels_and_clear_work_on_groups() -> None:
    rule = Rule(
        "many",
        levels=((Severity.WARNING, "sum(abnormal) >= 2"), (Severity.CRITICAL, "sum(abnormal) >= 5")),
        clear="sum(abnormal) == 0",
        by=("account",),
    )
    fleet = Fleet(rule)
    fleet.poll(0, A, 2)
    assert fleet.alert().severity is Severity.WARNING
    fleet.poll(1, B, 3)
    assert fleet.alert().severity is Severity.CRITICAL
    fleet.poll(2, B, 0)
    fleet.poll(3, A, 1)
    assert (fleet.alert().state, fleet.alert().severity) == (State.FIRING, Severity.WARNING)
    fleet.poll(4, A, 0)
    assert fleet.alert().state is State.RESOLVED


# --- members come and go


def test_a_member_that_leaves_counts_no_more_and_the_next_sample_tells() -> None:
    fleet = Fleet(MANY)
    fleet.poll(0, A, 1)
    fleet.poll(1, B, 1)
    fleet.cohorts.leave([A.key])
    assert fleet.cohorts.deserted(["prod"], at=START) == []
    assert fleet.alert().state is State.FIRING
    fleet.poll(2, C, 0)
    assert fleet.alert().state is State.RESOLVED


@pytest.mark.parametrize(
    ("accounts", "cause"),
    [(["prod"], Cause.INSTANCE_REMOVED), (["other"], Cause.ACCOUNT_REMOVED), (None, Cause.INSTANCE_REMOVED)],
)
def test_a_group_without_members_closes_its_alert_by_name(accounts: list[str] | None, cause: Cause) -> None:
    fleet = Fleet(MANY)
    fleet.poll(0, A, 1)
    fleet.poll(1, B, 1)
    fleet.cohorts.leave([A.key, B.key, C.key, A.key])
    [change] = fleet.cohorts.deserted(accounts, at=START + timedelta(seconds=5))
    assert change.alert is not None
    assert (change.alert.state, change.alert.cause) == (State.RESOLVED, cause)
    fleet.cohorts.believe(change)
    assert fleet.cohorts.deserted(accounts, at=START) == []


def test_a_member_whose_label_changes_moves_with_its_last_sample() -> None:
    fleet = Fleet(Rule("many", when="count(abnormal > 0) >= 2", by=("env",)))
    fleet.poll(0, A, 1)
    fleet.poll(1, B, 1)
    assert fleet.states() == {"env=prod": State.FIRING}
    moved = instance("a", env="test")
    fleet.join(moved)
    fleet.poll(2, C, 1)
    assert fleet.states() == {"env=prod": State.FIRING, "env=test": State.FIRING}
    fleet.poll(3, B, 0)
    assert fleet.states() == {"env=prod": State.RESOLVED, "env=test": State.FIRING}


# --- restarts


def restarted(fleet: Fleet, *rules: Rule) -> Fleet:
    """The next process: it remembers alerts, and the health of every instance."""
    again = Fleet(*(rules or fleet.rules), members=(), alerts=tuple(fleet.cohorts.alerts.values()))
    for watch in fleet.watches.values():
        again.join(watch.instance, watch.health, watch.window.runs if watch.window else ())
    return again


def test_after_a_restart_members_count_as_they_were_until_they_are_polled() -> None:
    fleet = Fleet(MANY)
    fleet.poll(0, A, 1)
    fleet.poll(1, B, 1)
    again = restarted(fleet)
    again.poll(30, C, 0)
    assert again.alert() == fleet.alert()
    again.poll(31, A, 0)
    assert again.alert().state is State.RESOLVED


def test_after_a_restart_a_pending_alert_goes_on_waiting() -> None:
    fleet = Fleet(Rule("many", when="count(abnormal > 0) >= 2", by=("account",), hold=timedelta(minutes=1)))
    fleet.poll(0, A, 1)
    fleet.poll(1, B, 1)
    again = restarted(fleet)
    again.poll(61, C, 0)
    assert again.alert().state is State.FIRING


def test_an_alert_of_a_rule_that_is_gone_or_groups_in_another_way_ends_by_that_name() -> None:
    fleet = Fleet(MANY)
    fleet.poll(0, A, 1)
    fleet.poll(1, B, 1)
    for rules in ((), (Rule("many", when="count(abnormal > 0) >= 2", by=("env",)),)):
        again = Fleet(*rules, alerts=(fleet.alert(),))
        [change] = again.cohorts.deserted(["prod"], at=START)
        assert change.alert is not None
        assert change.alert.cause is Cause.RULE_REMOVED


def test_an_alert_keeps_its_name_when_only_the_labels_of_its_rule_change() -> None:
    fleet = Fleet(MANY)
    fleet.poll(0, A, 1)
    fleet.poll(1, B, 1)
    relabelled = Rule("many", when=MANY.when, severity=MANY.severity, by=MANY.by, labels={"team": "data"})
    again = restarted(fleet, relabelled)
    assert again.cohorts.deserted(["prod"], at=START) == []
    again.poll(30, A, 0)
    assert again.alert().state is State.RESOLVED


# --- the same as looking at everyone anew, at every sample

CONDITIONS = [
    "count(abnormal > 0) >= 2",
    "count(up == 0 and age > 1m30s) >= 2",
    "count(age >= 1m or abnormal > 2) > 1",
    "count(age < running * 10s) >= 1",
    "count(not age == 45s) >= 1",
    "count(suspicious == 1) > 0",
    "count(increase(abnormal, 2m) > 0) > 0",
    "sum(abnormal) > 3",
    "sum(abnormal / running) > 1",
    "avg(running) < 3",
    "min(running) < 2",
    "max(abnormal / running) > 50%",
    "max(age) > 2m",
    "min(age) > 10s",
    "sum(age) > 3m",
    "avg(age) > 50s",
    "max(failures) > 2",
    "max(latency) > 1s",
    "sum(increase(abnormal, 2m)) > 2",
    "max(max_over_time(abnormal, 1m)) > 2",
]
polls = st.tuples(
    st.sampled_from([0, 1, 14_999_999, 15_000_000, 30_000_000, 45_000_000]),  # microseconds since the poll before
    st.sampled_from([A, B, C, OTHER]),
    st.none() | st.integers(0, 3),
    st.integers(0, 4),
    st.booleans(),  # leaves, and comes back
)


def naive(call: Call, last_good: Mapping[str, Facts], members: list[Facts]) -> float:
    [argument] = call.arguments
    if call.function == "count":
        truths = [found for one in members if (found := compile_truth(argument, {})(one)) is not None]
        return sum(truths) if truths else math.nan
    values = [float(value) for one in members if not math.isnan(value := compile_value(argument, {})(one))]
    if not values:
        return math.nan
    if call.function in ("min", "max"):
        return min(values) if call.function == "min" else max(values)
    return math.fsum(values) / (len(values) if call.function == "avg" else 1)


@pytest.mark.parametrize("when", CONDITIONS)
@settings(max_examples=30)
@given(played=st.lists(polls, min_size=6, max_size=25))
def test_a_group_is_always_what_its_members_are(
    when: str, played: list[tuple[int, Instance, int | None, int, bool]]
) -> None:
    fleet = Fleet(Rule("r", when=when, by=()), members=(A, B, C, OTHER))
    tree = parse(when)
    assert isinstance(tree, Comparison)
    assert isinstance(tree.left, Call)
    at, latencies = START, dict[str, float]()
    for wait, one, abnormal, running, leaves in played:
        at += timedelta(microseconds=wait)
        if leaves:
            fleet.cohorts.leave([one.key])
            latencies.pop(one.name, None)
            fleet.join(one)
        fleet.poll((at - START).total_seconds(), one, abnormal, running=running, latency=running / 2)
        if abnormal is not None:
            latencies[one.name] = running / 2
        members = []
        for watch in fleet.watches.values():
            health = watch.health
            if health is None or health.run is None:
                continue
            seen, good = health.good_at or health.first_at, health.good
            members.append(
                Facts(
                    at=seen,
                    common=good.common if good else None,
                    cdc=good.cdc if good else None,
                    up=health.run.failure is None,
                    failures=health.failures,
                    suspicious=health.suspicious,
                    age=(at - seen).total_seconds(),
                    latency=latencies.get(watch.instance.name, math.nan),
                    history=watch.window,
                )
            )
        [cohort] = fleet.cohorts._cohorts.values()
        [found] = cohort._aggregates(at).values()
        expected = naive(tree.left, {}, members)
        assert (math.isnan(found) and math.isnan(expected)) or math.isclose(found, expected, rel_tol=1e-12), (
            at - START,
            found,
            expected,
        )
