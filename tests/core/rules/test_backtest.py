"""A back-test counts what a rule did, and says which timers would have done better, with the evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.matchers import EVERYTHING
from monitor.model import Counts, Instance, Run
from monitor.routing import Route
from monitor.rules.backtest import Backtest, backtest
from monitor.rules.past import past_of
from monitor.rules.quantity import Quantity
from monitor.rules.rule import Rule

START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
UNTIL = START + timedelta(days=30)
STEP = timedelta(seconds=30)
ROUTE = Route("{}", "ops", EVERYTHING, ("alertname",), timedelta(seconds=10), timedelta(minutes=1), timedelta(hours=4))


def played(*lengths: tuple[int, int], rule: Rule, worst: int = 1, deaf: frozenset[str] = frozenset()) -> Backtest:
    """Ten quiet polls, then `worst` abnormal tasks for (so many polls, and so many of quiet after them)."""
    runs, at = [], START
    for polls, abnormal in [(10, 0), *((n, c) for bad, quiet in lengths for n, c in ((bad, worst), (quiet, 0)))]:
        runs.append(Run(at, at + (polls - 1) * STEP, polls, Counts(5, abnormal), Counts()))
        at += polls * STEP
    orders = Instance("prod", "id-1", "orders")
    past = past_of(orders, first_at=START, runs=runs, good=None, since=START, until=UNTIL)
    return backtest([past], (rule,), ROUTE, since=START, until=UNTIL, deaf=deaf)


def rule(**changes: object) -> Rule:
    return Rule("tasks-abnormal", **{"when": "abnormal > 0", **changes})  # type: ignore[arg-type]


def test_a_rule_is_counted() -> None:
    done = played((4, 200), (10, 20), (40, 100), rule=rule())
    [tally] = done.rules
    assert (tally.firings, tally.instances) == (3, 1)
    assert (tally.typical, tally.longest, tally.total) == (STEP * 10, STEP * 40, STEP * 54)
    assert tally.self_resolved == pytest.approx(2 / 3), "two and five minutes; not twenty"
    assert tally.flapping == pytest.approx(1 / 3), "ten minutes after the one before it; the other came after 100"
    assert (done.polls, done.judged < 30) == (384, True)
    # a firing and its end each time
    assert (tally.messages, done.messages) == ({"ops": 6}, {"ops": 6})


def test_a_rule_that_never_fired_is_listed_too() -> None:
    done = played((4, 200), rule=rule(when="abnormal > 5"))
    [tally] = done.rules
    assert (tally.firings, tally.typical, tally.self_resolved, tally.flapping, tally.messages) == (
        0,
        None,
        None,
        None,
        {},
    )
    assert done.suggestions == []


def test_a_receiver_that_does_not_hear_of_ends_is_sent_fewer_messages() -> None:
    assert played((4, 200), (4, 200), rule=rule(), deaf=frozenset({"ops"})).messages == {"ops": 2}


def test_a_longer_for_is_suggested_with_what_it_would_have_removed() -> None:
    short = [(4, 120)] * 38
    done = played(*short, (40, 120), (60, 120), (80, 120), rule=rule())
    [found] = done.suggestions
    assert (found.rule, found.key, found.value, found.firings, found.removed) == ("tasks-abnormal", "for", "2m", 41, 38)
    assert found.evidence == "for: 2m would have removed 38 of 41 firings and delayed the other 3 by 2m"


def test_the_evidence_is_what_a_replay_with_that_timer_gives() -> None:
    lengths = [(4, 120), (7, 120), (3, 120), (40, 120), (5, 120), (90, 120), (5, 200)]
    [found] = played(*lengths, rule=rule(hold=timedelta(seconds=30))).suggestions
    assert found.key == "for"
    [after] = played(*lengths, rule=rule(hold=timedelta(minutes=int(found.value[:-1])))).rules
    assert after.firings == found.firings - found.removed
    assert found.delayed == timedelta(minutes=int(found.value[:-1])) - timedelta(seconds=30)


def test_of_many_firings_the_latest_are_looked_at() -> None:
    # the old ones are longer than any timer; of the latest five hundred every second is
    done = played(*[(40, 4)] * 100, *[(4, 4), (40, 4)] * 250, rule=rule())
    found = next(one for one in done.suggestions if one.key == "for")
    assert (done.rules[0].firings, found.firings, found.removed) == (600, 500, 250)
    assert found.evidence == "for: 2m would have removed 250 of the latest 500 firings and delayed the other 250 by 2m"


def test_what_fires_again_and_again_is_offered_another_end() -> None:
    # five times above ten, with nine of them in between: it never was well
    runs = [(30, 8)] * 5
    done = played(*runs, (30, 200), rule=rule(when="abnormal > 10", hold=timedelta(minutes=2)), worst=12)
    found = next(one for one in done.suggestions if one.key != "for")
    assert (found.key, found.value, found.firings, found.removed) == ("keep_firing_for", "5m", 6, 5)
    assert found.evidence == "keep_firing_for: 5m would have made 1 of 6 firings, which fire 35m longer altogether"


def test_a_condition_that_hovers_at_its_limit_is_offered_a_lower_end() -> None:
    runs, at = [], START
    for abnormal in [0, *([12, 9] * 6), 3, 0]:
        runs.append(Run(at, at + 19 * STEP, 20, Counts(5, abnormal), Counts()))
        at += 20 * STEP
    past = past_of(Instance("prod", "i", "orders"), first_at=START, runs=runs, good=None, since=START, until=UNTIL)
    hovering = rule(when="abnormal > most", thresholds={"most": Quantity(10.0)})
    done = backtest([past], (hovering,), ROUTE, since=START, until=UNTIL)
    clear = next(one for one in done.suggestions if one.key == "clear")
    assert (clear.value, clear.firings, clear.removed) == ("abnormal <= 5", 6, 5)
    assert clear.evidence == "clear: abnormal <= 5 would have made 1 of 6 firings, which fire 1h longer altogether"


def test_few_firings_and_good_timers_are_left_alone() -> None:
    assert played((4, 200), (4, 200), rule=rule()).suggestions == []
    assert played((60, 200), (90, 200), (70, 200), (60, 200), rule=rule()).suggestions == []


def test_a_rule_that_reads_what_is_not_stored_is_named() -> None:
    assert played((4, 200), rule=rule(when="abnormal > 0 or latency > 5s")).blind == ["tasks-abnormal"]
    assert played((4, 200), rule=rule(clear="latency < 1s")).blind == ["tasks-abnormal"]
    assert played((4, 200), rule=rule()).blind == []


def test_messages_are_counted_once_each() -> None:
    both = (rule(), Rule("also", when="abnormal > 0"))
    together = Route("{}", "ops", EVERYTHING, (), timedelta(seconds=10), timedelta(minutes=1), timedelta(hours=4))
    runs = [Run(START, START + STEP * 9, 10, Counts(5, 1), Counts())]
    past = past_of(Instance("prod", "i", "orders"), first_at=START, runs=runs, good=None, since=START, until=UNTIL)
    done = backtest([past], both, together, since=START, until=START + STEP * 20)
    assert [one.messages for one in done.rules] == [{"ops": 1}, {"ops": 1}]
    assert done.messages == {"ops": 1}
