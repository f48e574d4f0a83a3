"""One instance under its rules: what each sample changes in its health and in its alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matchers import parse
from monitor.model import Alert, Cause, Counts, Failure, FailureKind, Instance, Run, Sample, Severity, State
from monitor.rules.rule import Rule
from monitor.rules.watch import Step, Watch

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ORDERS = Instance("prod", "i-1", "orders", "cn-north-4", "p-1", {"env": "prod"})
EVERY = timedelta(seconds=30)
COMMON, CDC = Counts(5, 0, 0, 9), Counts(2, 0, 0, 1)
NONE = Counts()
ABNORMAL = Rule("abnormal", when="abnormal > 0", summary="{{ abnormal }} on {{ instance }}")
SUSPICIOUS = Rule("suspicious", when="suspicious == 1")
SILENT = Rule("silent", when="up == 0 and age > 3m")

Seen = tuple[Counts, Counts] | FailureKind


def normal(abnormal: int = 0, *, completed: int = 9, running: int = 5) -> Seen:
    return Counts(running, abnormal, 0, completed), CDC


GONE: Seen = (NONE, NONE)
LOST = FailureKind.UNREACHABLE
SLOW = FailureKind.TIMEOUT


class Polled:
    """A watch that is polled every 30 seconds from START on, as the engine does it."""

    def __init__(self, *rules: Rule, history: tuple[Run, ...] = ()) -> None:
        self.watch = Watch(ORDERS, rules, health=None, history=history)
        self.alerts: dict[str, Alert] = {}
        self.polls = 0

    def poll(self, *seen: Seen) -> Step:
        """What the last of these polls changed."""
        for each in seen:
            step = self.take(self.sample(each))
        return step

    def take(self, sample: Sample) -> Step:
        step = self.watch.step(sample, self.alerts)
        self.polls += 1
        self.watch.health = step.health
        for change in step.changes:
            self.alerts.pop(change.rule, None)
            if change.alert is not None:
                self.alerts[change.rule] = change.alert
        return step

    def state(self, rule: Rule) -> State:
        return self.alerts[rule.name].state if rule.name in self.alerts else State.NONE

    def sample(self, seen: Seen) -> Sample:
        at, latency = START + self.polls * EVERY, timedelta(seconds=0.2)
        if isinstance(seen, FailureKind):
            return Sample(ORDERS, at, latency, failure=Failure(seen, f"poll {self.polls}"))
        return Sample(ORDERS, at, latency, *seen)


def after(polls: int) -> datetime:
    """When the poll of that number took place, the first being 0."""
    return START + polls * EVERY


# --- health and runs


def test_polls_that_see_the_same_are_one_run_and_only_the_first_begins_it() -> None:
    polled = Polled()
    assert [polled.poll(normal()).began for _ in range(3)] == [True, False, False]
    assert polled.watch.health is not None
    assert polled.watch.health.run == Run(START, after(2), 3, COMMON, CDC)
    assert polled.watch.health.good == polled.watch.health.run


def test_other_counts_and_other_kinds_of_failure_begin_a_run_and_other_reasons_do_not() -> None:
    polled = Polled()
    assert [polled.poll(seen).began for seen in (normal(), normal(1), LOST, LOST, SLOW, normal(1))] == [
        True,
        True,
        True,
        False,
        True,
        True,
    ]


def test_a_run_of_failures_keeps_the_reason_of_its_first_and_the_last_good_run_is_not_forgotten() -> None:
    health = Polled().poll(normal(), normal(), LOST, LOST).health
    assert health.run == Run(after(2), after(3), 2, failure=Failure(LOST, "poll 2"))
    assert health.good == Run(START, after(1), 2, COMMON, CDC)


def test_failures_are_counted_in_a_row_and_forgotten_at_the_first_good_poll() -> None:
    polled = Polled()
    seen = (LOST, SLOW, LOST, normal(), normal(), LOST)
    assert [polled.poll(each).health.failures for each in seen] == [1, 2, 3, 0, 0, 1]


def test_the_age_is_the_time_since_the_last_good_poll() -> None:
    polled = Polled(SILENT)
    polled.poll(normal(), *[LOST] * 6)
    assert polled.state(SILENT) is State.NONE, "180 s are not more than 3 min"
    polled.poll(LOST)
    alert = polled.alerts["silent"]
    assert (alert.state, alert.values["age"], alert.values["failures"]) == (State.FIRING, 210, 7)
    assert (alert.values["up"], alert.values["latency"]) == (0, 0.2)
    assert "abnormal" not in alert.values
    polled.poll(normal())
    assert polled.state(SILENT) is State.RESOLVED
    assert polled.alerts["silent"].values["age"] == 0


def test_an_instance_that_never_answered_ages_from_its_first_poll() -> None:
    polled = Polled(SILENT)
    polled.poll(*[LOST] * 7)
    assert polled.state(SILENT) is State.NONE
    polled.poll(LOST)
    assert polled.alerts["silent"].values["age"] == 210


def test_a_step_is_not_in_force_before_its_health_is_set() -> None:
    polled = Polled(ABNORMAL)
    polled.poll(normal())
    before = polled.watch.health
    sample = Sample(ORDERS, after(1), timedelta(), Counts(5, 1, 0, 9), CDC)
    first, again = (polled.watch.step(sample, {}) for _ in range(2))
    assert polled.watch.health is before
    assert first == again


# --- suspicious counts

ODD = [
    ("all counts fall to zero", normal(), GONE),
    ("all counts fall to zero where none was completed", (Counts(5), NONE), GONE),
    ("fewer are completed", normal(), normal(completed=8)),
    ("fewer are completed and others rise", normal(), normal(3, completed=1, running=99)),
]


@pytest.mark.parametrize(("before", "odd"), [odd[1:] for odd in ODD], ids=[odd[0] for odd in ODD])
def test_counts_that_fall_at_once_are_suspicious_until_they_move_again(before: Seen, odd: Seen) -> None:
    polled = Polled(SUSPICIOUS)
    assert [polled.poll(seen).health.suspicious for seen in (before, before, odd, odd, odd)] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert polled.state(SUSPICIOUS) is State.FIRING
    assert not polled.poll(normal(4, completed=50)).health.suspicious
    assert polled.state(SUSPICIOUS) is State.RESOLVED


def test_failed_polls_neither_end_nor_begin_a_suspicion() -> None:
    polled = Polled(SUSPICIOUS)
    assert [polled.poll(seen).health.suspicious for seen in (normal(), LOST, GONE, LOST, SLOW, GONE)] == [
        False,
        False,
        True,
        True,
        True,
        True,
    ]
    assert polled.state(SUSPICIOUS) is State.FIRING
    assert polled.alerts["suspicious"].fired_at == after(2)


def test_counts_that_fall_while_polls_fail_are_suspicious_at_the_first_good_one() -> None:
    assert Polled().poll(normal(), LOST, LOST, LOST, GONE).health.suspicious


def test_a_fall_to_zero_that_falls_no_further_stays_suspicious_and_a_second_fall_is_one_again() -> None:
    polled = Polled()
    assert polled.poll(normal(), normal(completed=8), normal(completed=7)).health.suspicious
    assert polled.poll(GONE).health.suspicious
    assert not polled.poll(normal()).health.suspicious
    assert polled.poll(GONE).health.suspicious


@pytest.mark.parametrize(
    ("before", "after_it"),
    [
        (GONE, GONE),
        (GONE, normal()),
        (normal(), normal(completed=10)),
        (normal(), normal(3, running=0)),
        (normal(), (Counts(0, 0, 0, 9), Counts(0, 0, 0, 1))),
    ],
)
def test_what_never_had_tasks_grows_or_only_stops_running_is_not_suspicious(before: Seen, after_it: Seen) -> None:
    assert not Polled().poll(before, after_it).health.suspicious


def test_the_first_poll_of_all_is_not_suspicious() -> None:
    assert not Polled().poll(GONE).health.suspicious
    assert not Polled().poll(LOST, GONE).health.suspicious


def test_a_clear_that_asks_for_trusted_counts_holds_an_alert_when_all_counts_vanish() -> None:
    trusting, guarded = ABNORMAL, Rule("guarded", when="abnormal > 0", clear="abnormal == 0 and suspicious == 0")
    polled = Polled(trusting, guarded)
    polled.poll(normal(2), GONE, GONE)
    assert (polled.state(trusting), polled.state(guarded)) == (State.RESOLVED, State.FIRING)
    polled.poll(normal())
    assert polled.state(guarded) is State.RESOLVED


# --- alerts


def test_an_alert_carries_the_labels_the_numbers_and_the_words_of_its_sample() -> None:
    rule = replace(ABNORMAL, severity=Severity.CRITICAL, labels={"team": "data"}, runbook="https://wiki/{{ instance }}")
    [change] = Polled(rule).poll(normal(3)).changes
    assert change.alert is not None
    assert change.transition is not None
    assert change.key == change.alert.key == change.transition.alert
    assert change.alert.all_labels == {
        "alertname": "abnormal",
        "account": "prod",
        "region": "cn-north-4",
        "project_id": "p-1",
        "instance": "orders",
        "instance_id": "i-1",
        "env": "prod",
        "team": "data",
        "severity": "critical",
    }
    assert (change.alert.values["abnormal"], change.alert.values_at) == (3, START)
    assert change.alert.annotations == {"summary": "3 on orders", "runbook": "https://wiki/orders"}


def test_nothing_changes_while_nothing_is_wrong_or_while_the_same_is_wrong() -> None:
    polled = Polled(ABNORMAL)
    assert polled.poll(normal()).changes == ()
    assert polled.poll(normal()).changes == ()
    assert len(polled.poll(normal(1)).changes) == 1
    assert polled.poll(normal(1)).changes == ()


def test_new_numbers_of_a_firing_alert_are_a_change_without_a_transition() -> None:
    polled = Polled(ABNORMAL)
    [change] = polled.poll(normal(1), normal(4)).changes
    assert change.transition is None
    assert polled.alerts["abnormal"].values["abnormal"] == 4
    assert polled.alerts["abnormal"].annotations == {"summary": "4 on orders"}
    assert polled.alerts["abnormal"].fired_at == START


def test_a_failed_poll_moves_no_alert_about_counts_and_resets_no_timer() -> None:
    slow = replace(ABNORMAL, name="slow", hold=timedelta(seconds=90))
    polled = Polled(ABNORMAL, slow)
    assert polled.poll(normal(2), LOST).changes == ()
    assert polled.poll(SLOW).changes == ()
    assert polled.alerts["abnormal"].values["abnormal"] == 2
    polled.poll(normal(2))
    assert polled.state(slow) is State.FIRING


def test_a_pending_alert_that_clears_is_dropped_and_one_that_fired_before_is_resolved_again() -> None:
    slow = replace(ABNORMAL, hold=timedelta(seconds=30))
    polled = Polled(slow)
    [dropped] = polled.poll(normal(1), normal()).changes
    assert dropped.alert is None
    assert dropped.transition is not None
    assert dropped.transition.cause is Cause.DROPPED
    polled.poll(normal(1), normal(1), normal())
    assert polled.state(slow) is State.RESOLVED
    [again] = polled.poll(normal(1), normal()).changes
    assert again.alert is not None
    assert (again.alert.state, again.alert.resolved_at) == (State.RESOLVED, after(4))


def test_the_words_of_what_is_over_are_those_of_its_last_breach() -> None:
    polled = Polled(ABNORMAL)
    [change] = polled.poll(normal(1), normal(7), normal()).changes
    assert change.alert is not None
    assert change.alert.state is State.RESOLVED
    assert change.alert.values["abnormal"] == 0
    assert change.alert.annotations == {"summary": "7 on orders"}


@pytest.mark.parametrize("text", ["{{ abnormal + instance }}", "{{ nothing.of_the_kind }}", "{{ 'x' * 10 ** 9 }}"])
def test_words_that_cannot_be_rendered_do_not_hold_the_alert_back(text: str) -> None:
    rule = replace(ABNORMAL, summary=text, runbook="https://wiki/{{ instance }}")
    [change] = Polled(rule).poll(normal(1)).changes
    assert change.alert is not None
    assert change.alert.state is State.FIRING
    assert change.alert.annotations["summary"].startswith("abnormal (summary cannot be rendered: ")
    assert change.alert.annotations["runbook"] == "https://wiki/orders"


def test_a_rule_that_is_not_for_the_instance_says_nothing_and_one_without_words_has_no_annotations() -> None:
    polled = Polled(replace(ABNORMAL, name="other", match=parse('env="test"')), Rule("bare", when="abnormal > 0"))
    polled.poll(normal(1))
    assert list(polled.alerts) == ["bare"]
    assert polled.alerts["bare"].annotations == {}


def test_history_that_was_kept_counts_and_failed_polls_add_none() -> None:
    jump = Rule("jump", when="increase(abnormal, 10m) >= 5")
    past = Run(START - timedelta(minutes=5), START - timedelta(minutes=4), 3, Counts(5, 1, 0, 9), CDC)
    polled = Polled(jump, history=(past,))
    polled.poll(LOST, normal(5))
    assert polled.state(jump) is State.NONE
    polled.poll(LOST, normal(6))
    assert polled.state(jump) is State.FIRING
    assert Polled(ABNORMAL).watch.window is None, "nobody looks back"


# --- whatever comes

seen = st.one_of(
    st.sampled_from((LOST, SLOW)),
    st.builds(lambda common, cdc: (Counts(*common), Counts(*cdc)), *[st.tuples(*[st.integers(0, 2)] * 4)] * 2),
)


@given(st.lists(seen, min_size=1, max_size=12))
def test_whatever_comes_only_good_counts_resolve_and_the_runs_tell_of_every_poll(polls: list[Seen]) -> None:
    polled = Polled(ABNORMAL, SUSPICIOUS, SILENT)
    runs: list[Run] = []
    for each in polls:
        before = dict(polled.alerts)
        step = polled.poll(each)
        assert step.health.run is not None
        runs = [*(runs if step.began else runs[:-1]), step.health.run]
        ended = {name for name, alert in before.items() if alert.state.fires and not polled.alerts[name].state.fires}
        if isinstance(each, FailureKind):
            assert ended == set()
        elif "abnormal" in ended:
            assert each[0].abnormal + each[1].abnormal == 0
    assert sum(run.polls for run in runs) == len(polls)


def test_rules_that_come_while_a_step_is_written_down_are_asked_by_the_next_poll() -> None:
    polled = Polled(SILENT)
    step = polled.watch.step(polled.sample(normal(1)), polled.alerts)
    polled.watch.rebind(polled.watch.bind([ABNORMAL]))
    polled.watch.health = step.health
    polled.polls += 1
    [change] = polled.poll(normal(1)).changes
    assert change.rule == ABNORMAL.name


CONDITIONS = (
    "abnormal > 1",
    "cdc.abnormal > 0 and running > 1",
    "abnormal / running > 40%",
    "not (completed >= 1)",
    "suspicious == 1",
    "up == 0 and age > 45s",
    "failures >= 2",
    "latency > 1s",
    "up == 0 and latency > 1s",
    "increase(completed, 90s) >= 2",
    "avg_over_time(abnormal, 60s) > 1",
    "ago(running, 60s) - running > 0",
    "age > 0s or failures * 2 > 3",
)
spans = st.sampled_from((0, 30, 45, 90)).map(lambda seconds: timedelta(seconds=seconds))
conditions = st.sampled_from(CONDITIONS)
rules = st.builds(
    lambda when, clear, hold, keep: Rule("any", when=when, clear=clear, hold=hold, keep=keep, summary="{{ abnormal }}"),
    conditions,
    st.none() | conditions,
    spans,
    spans,
)


@given(
    st.lists(rules, min_size=1, max_size=4),
    st.lists(st.tuples(seen, st.integers(1, 6), st.sampled_from((0.2, 1.5))), min_size=1, max_size=8),
)
def test_a_watch_that_asks_only_who_may_have_changed_says_what_one_that_asks_all_says(
    made: list[Rule], polls: list[tuple[Seen, int, float]]
) -> None:
    chosen = [replace(rule, name=f"rule-{number}") for number, rule in enumerate(made)]
    polled, alerts = Polled(*chosen), dict[str, Alert]()
    for each, times, latency in polls:
        for _ in range(times):
            watch = polled.watch
            anew = Watch(ORDERS, chosen, health=watch.health, history=watch.past)
            sample = replace(polled.sample(each), latency=timedelta(seconds=latency))
            expected = anew.step(sample, alerts)
            assert polled.take(sample) == expected
            alerts = dict(polled.alerts)
