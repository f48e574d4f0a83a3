"""History is replayed by jumping from one poll that matters to the next, and comes out as if every poll was judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from monitor.matchers import EVERYTHING, parse
from monitor.model import Counts, Failure, FailureKind, Instance, Run, Severity
from monitor.routing import Route
from monitor.rules.past import Past, past_of, split
from monitor.rules.quantity import Dimension, Quantity
from monitor.rules.replay import Firing, Replay, Replayed
from monitor.rules.rule import Rule

START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
STEP = timedelta(seconds=30)
ROUTE = Route(
    path="{}",
    receiver="ops",
    matchers=EVERYTHING,
    group_by=("alertname",),
    group_wait=timedelta(seconds=10),
    group_interval=timedelta(minutes=1),
    repeat_interval=timedelta(minutes=20),
)
LOST = Failure(FailureKind.TIMEOUT, "no answer within 10s")


def run(first: float, polls: int, abnormal: int | None, *, running: int = 5, every: timedelta = STEP) -> Run:
    """A run from `first` (seconds after the start); failed where `abnormal` is None."""
    start = START + timedelta(seconds=first)
    end = start + (polls - 1) * every
    if abnormal is None:
        return Run(start, end, polls, failure=LOST)
    return Run(start, end, polls, Counts(running, abnormal), Counts())


def past(*runs: Run, name: str = "orders") -> Past:
    instance = Instance("prod", name, name)
    return past_of(instance, first_at=START, runs=runs, good=None, since=START, until=START + timedelta(days=100))


def replay(pasts: Sequence[Past], *rules: Rule, jumps: bool = True, route: Route | None = ROUTE) -> Replayed:
    return Replay(pasts, rules, route, jumps=jumps).play(START + timedelta(days=100))


def times(firing: Firing) -> tuple[float | None, ...]:
    return tuple(
        None if at is None else (at - START).total_seconds()
        for at in (firing.since, firing.fired_at, firing.cleared_at, firing.resolved_at)
    )


def test_a_long_quiet_run_is_judged_a_handful_of_times() -> None:
    rules = Rule("abnormal", when="abnormal > 0", hold=timedelta(minutes=5), keep=timedelta(minutes=10))
    done = replay([past(run(0, 100_000, 0), run(3_000_000, 2_000, 1), run(3_060_000, 100_000, 0))], rules)
    assert done.polls == 202_000
    assert done.judged < 15
    assert [times(one) for one in done.firings] == [(3_000_000, 3_000_300, 3_060_000, 3_060_600)]


def test_an_outage_fires_by_its_age_at_the_first_poll_beyond_it() -> None:
    rule = Rule("unreachable", when="up == 0 and age > 3m", severity=Severity.CRITICAL)
    done = replay([past(run(0, 11, 0), run(330, 1_000, None), run(30_330, 5, 0))], rule)
    # the last good poll is at 300; 480 is exactly three minutes later, so 510 is the first beyond
    assert [times(one) for one in done.firings] == [(510, 510, 30_330, 30_330)]
    assert done.judged < 12


def test_a_group_is_judged_at_every_poll_only_while_time_may_move_its_alert() -> None:
    rule = Rule("many", when="count(abnormal > 0) >= 2", by=("account",), hold=timedelta(minutes=5))
    one, two = past(run(0, 10_000, 1), name="one"), past(run(7, 5_000, 0), run(150_007, 5_000, 1), name="two")
    done = replay([one, two], rule)
    # the second is broken from 150 007 on; the first poll of either that is five minutes later is that of the second
    assert [times(firing) for firing in done.firings] == [(150_007, 150_307, None, None)]
    assert done.judged < 40


def test_firings_know_when_the_breach_was_over_and_how_bad_it_was() -> None:
    rule = Rule(
        "abnormal",
        levels=((Severity.WARNING, "abnormal > 0"), (Severity.CRITICAL, "abnormal > 4")),
        keep=timedelta(minutes=2),
    )
    runs = (run(0, 2, 1), run(60, 2, 9), run(120, 2, 0), run(180, 2, 1), run(240, 100, 0))
    [firing] = replay([past(*runs)], rule).firings
    assert (times(firing), firing.severity) == ((0, 0, 240, 360), Severity.CRITICAL)


def test_what_still_fires_at_the_end_has_no_end() -> None:
    [firing] = replay([past(run(0, 10, 1))], Rule("abnormal", when="abnormal > 0")).firings
    assert times(firing) == (0, 0, None, None)


def test_messages_are_those_that_the_groups_say_with_the_rules_they_name() -> None:
    pasts = [past(run(0, 10, 1), run(300, 10, 0)), past(run(0, 20, 1), run(600, 10, 0), name="invoices")]
    done = replay(pasts, Rule("abnormal", when="abnormal > 0"))
    assert [((one.at - START).total_seconds(), one.receiver, str(one.reason), set(one.rules)) for one in done.told] == [
        (10, "ops", "first", {"abnormal"}),
        (310, "ops", "some-resolved", {"abnormal"}),
        (610, "ops", "all-resolved", {"abnormal"}),
    ]
    assert replay(pasts, Rule("abnormal", when="abnormal > 0"), route=None).told == ()


def test_a_history_that_begins_in_the_middle_knows_what_was_before() -> None:
    instance = Instance("prod", "orders", "orders")
    runs = [run(0, 20, 1), run(600, 20, 9)]
    cut = past_of(
        instance, first_at=START, runs=runs, good=None, since=START + timedelta(seconds=615), until=START + STEP * 30
    )
    assert [(each.start, each.polls) for each in cut.before] == [(START, 20), (START + STEP * 20, 1)]
    assert [(each.start, each.end, each.polls) for each in cut.runs] == [(START + STEP * 21, START + STEP * 30, 10)]
    assert cut.health is not None
    assert cut.health.good_at == START + STEP * 20
    done = replay([cut], Rule("jump", when="delta(abnormal, 5m) > 5"))
    assert [times(one) for one in done.firings] == [(630, 630, 870, 870)]


def test_a_share_that_two_samples_tell_is_asked_for_when_there_are_two() -> None:
    levels = ((Severity.CRITICAL, "delta(abnormal / running, 2m) != 0"), (Severity.WARNING, "abnormal > 0"))
    done = replay([past(run(0, 1, 1), run(690, 20, 0))], Rule("share", levels=levels))
    # at 690 there is one sample within two minutes, so nobody knows; at 720 there are two, and they are the same
    assert [times(one) for one in done.firings] == [(0, 0, 720, 720)]


def test_a_run_is_split_between_two_polls() -> None:
    whole = run(0, 4, 1)
    assert split(whole, START) == (None, whole)
    assert split(whole, START + STEP) == (run(0, 1, 1), run(30, 3, 1))
    assert split(whole, START + STEP + timedelta(microseconds=1)) == (run(0, 2, 1), run(60, 2, 1))
    assert split(whole, START + STEP * 3) == (run(0, 3, 1), run(90, 1, 1))
    assert split(whole, START + STEP * 4) == (whole, None)


def test_a_share_over_time_is_looked_at_again_when_the_second_poll_after_a_gap_makes_it_known() -> None:
    """Found by chance: what divides looks back evenly, and still takes two polls to compare."""
    divides = Rule("share", when="abnormal > 0", clear="delta(abnormal / running, 2m) != 0", keep=STEP)
    late = START + timedelta(minutes=10)
    runs = [
        Run(START, START, 1, Counts(1, 2), Counts()),
        Run(START + STEP, START + STEP, 1, Counts(1, 1), Counts()),
        Run(late, late + STEP, 2, Counts(1, 2), Counts()),
        Run(late + 2 * STEP, late + 3 * STEP, 2, failure=Failure(FailureKind.TIMEOUT, "")),
    ]
    past = past_of(
        Instance("prod", "one", "one"), first_at=START, runs=runs, good=None, since=START, until=late + STEP * 9
    )
    jumping, stepping = (Replay((past,), (divides,), ROUTE, jumps=jumps) for jumps in (True, False))
    for replay in (jumping, stepping):
        replay.play(late + STEP * 9)
    assert jumping.transitions == stepping.transitions
    assert stepping.transitions[-1].at == late + STEP


CONDITIONS = (
    "abnormal > 0",
    "abnormal >= 2 or common.running == 0",
    "abnormal / running > 50%",
    "cdc.abnormal > 0 or completed > 5",
    "up == 0 and age > 90s",
    "age >= patience",
    "age / 1m > 2 and failures > 1",
    "failures >= 3",
    "2.5 < failures",
    "suspicious == 1",
    "failures * 30s > age",
    "delta(abnormal, 90s) > 0",
    "increase(abnormal, 4m) >= 2",
    "rate(abnormal, 2m) > 1% or failures == 2",
    "changes(running, 3m) > 1",
    "avg_over_time(abnormal, 5m) > 1",
    "delta(abnormal / running, 2m) != 0",
    "max_over_time(abnormal / running, 75s) >= 1",
    "max_over_time(abnormal, 3m) > 1",
    "min_over_time(abnormal, 45s) > 0",
    "not (ago(abnormal, 2m) == abnormal)",
    "ago(running, 30s) > running",
    "delta(abnormal, 30s) == 0",
    "delta(abnormal, 45s) == 0 and abnormal > 0",
)
THRESHOLDS = {"patience": Quantity(150.0, Dimension.DURATION)}
SPANS = st.sampled_from([0, 0, 30, 45, 60, 90, 120, 300]).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def rules_under_test(draw: st.DrawFn, number: int) -> Rule:
    condition = st.sampled_from(CONDITIONS)
    levels = draw(st.booleans())
    return Rule(
        f"rule-{number}",
        when=None if levels else draw(condition),
        levels=((Severity.WARNING, draw(condition)), (Severity.CRITICAL, draw(condition))) if levels else (),
        clear=draw(st.none() | condition | st.just("abnormal == 0")),
        hold=draw(SPANS),
        keep=draw(SPANS),
        match=draw(st.sampled_from([EVERYTHING, parse('instance="one"')])),
        thresholds=THRESHOLDS,
        summary="{{ abnormal }} at {{ age }}",
    )


TOGETHER = (
    "count(abnormal > 0) >= 2",
    "count(up == 0) >= 1",
    "count(up == 1) >= 2",
    "sum(abnormal) > 3",
    "max(abnormal / running) > 50%",
    "avg(running) < 2",
    "min(abnormal) > 0",
    "count(up == 0 and age > 90s) > 0",
    "sum(increase(abnormal, 2m)) > 1",
)


@st.composite
def group_rules(draw: st.DrawFn) -> Rule:
    """A rule over both instances, or over each kind of name alone."""
    condition = st.sampled_from(TOGETHER)
    levels = draw(st.booleans())
    return Rule(
        "together",
        when=None if levels else draw(condition),
        levels=((Severity.WARNING, draw(condition)), (Severity.CRITICAL, draw(condition))) if levels else (),
        clear=draw(st.none() | condition),
        hold=draw(SPANS),
        keep=draw(SPANS),
        by=draw(st.sampled_from([(), ("account",), ("instance",)])),
        summary="{{ value }}",
    )


@st.composite
def histories(draw: st.DrawFn, name: str) -> Past:
    """Runs with steady and with odd spacing, outages, gaps, and counts that come back."""
    at = START + timedelta(seconds=draw(st.integers(0, 40)))
    runs: list[Run] = []
    for _ in range(draw(st.integers(1, 7))):
        polls = draw(st.integers(1, 30))
        every = draw(st.sampled_from([30.0, 30.0, 30.0, 29.998731, 45.0, 60.0]))
        extra = timedelta(microseconds=draw(st.integers(0, 40)) if polls > 1 else 0)
        end = at + (polls - 1) * timedelta(seconds=every) + extra
        if draw(st.integers(0, 3)):
            counts = Counts(draw(st.integers(0, 2)), draw(st.integers(0, 3)), 0, draw(st.sampled_from([0, 0, 4, 7])))
            cdc = Counts(0, draw(st.sampled_from([0, 0, 1])))
            runs.append(Run(at, end, polls, counts, cdc))
        else:
            kind = draw(st.sampled_from([FailureKind.TIMEOUT, FailureKind.GARBAGE]))
            runs.append(Run(at, end, polls, failure=Failure(kind, "")))
        at = end + timedelta(seconds=draw(st.sampled_from([30.0, 30.0, 30.0, 31.5, 600.0])))
    since = START + timedelta(seconds=draw(st.sampled_from([0, 0, 200, 451])))
    instance = Instance("prod", name, name)
    return past_of(instance, first_at=START, runs=runs, good=None, since=since, until=START + timedelta(hours=2))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.tuples(*(rules_under_test(number) for number in range(3))),
    st.none() | group_rules(),
    st.tuples(histories("one"), histories("two")),
)
def test_jumping_comes_out_as_judging_every_poll(
    rules: tuple[Rule, ...], together: Rule | None, pasts: tuple[Past, ...]
) -> None:
    rules = rules if together is None else (*rules, together)
    until = START + timedelta(hours=3)
    jumping, stepping = (Replay(pasts, rules, ROUTE, jumps=jumps) for jumps in (True, False))
    quick, slow = jumping.play(until), stepping.play(until)
    assert jumping.transitions == stepping.transitions
    assert jumping.said == stepping.said
    assert (quick.firings, quick.told, quick.alerts) == (slow.firings, slow.told, slow.alerts)
    assert slow.judged == slow.polls == quick.polls
    assert quick.judged <= slow.judged
    event(f"judged {10 * quick.judged // max(1, quick.polls)} of 10, {min(5, len(quick.firings))} firings")
    for past_ in pasts:
        healths = [each.stage.health(past_.instance.key) for each in (jumping, stepping)]
        assert healths[0] == healths[1]
