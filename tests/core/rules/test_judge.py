"""Verdicts: what breaches, what clears, how bad it is, and what a failed poll may say."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Counts, Severity, Truth
from monitor.rules.facts import Facts
from monitor.rules.judge import Judge, Verdict
from monitor.rules.rule import Rule

AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
BREACH, CLEAR, UNKNOWN = Truth.BREACH, Truth.CLEAR, Truth.UNKNOWN


def good(abnormal: int, running: int = 10) -> Facts:
    return Facts(at=AT, common=Counts(running=running), cdc=Counts(abnormal=abnormal), up=True)


def half(abnormal: int) -> Facts:
    """A good poll that told of CDC tasks only."""
    return Facts(at=AT, common=None, cdc=Counts(abnormal=abnormal), up=True)


def lost(age: float = 60.0) -> Facts:
    return Facts(at=AT, common=None, cdc=None, up=False, failures=2, age=age)


def judge(when: str | None = None, *, clear: str | None = None, **levels: str) -> Judge:
    stages = tuple((Severity(name), text) for name, text in levels.items())
    bound = Rule("r", when=when, levels=stages, clear=clear, severity=CRITICAL).bind({})
    assert bound is not None
    return bound


def test_a_rule_breaches_when_its_condition_holds_and_clears_when_not() -> None:
    simple = judge("cdc.abnormal > 0")
    assert simple.verdict(good(1), firing=False, severity=None) == (BREACH, CRITICAL)
    assert simple.verdict(good(0), firing=False, severity=None) == (CLEAR, CRITICAL)
    assert simple.verdict(good(1), firing=True, severity=CRITICAL) == (BREACH, CRITICAL)
    assert simple.verdict(good(0), firing=True, severity=CRITICAL) == (CLEAR, CRITICAL)


def test_a_failed_poll_makes_counts_unknown() -> None:
    simple = judge("cdc.abnormal > 0")
    assert simple.verdict(lost(), firing=False, severity=None).truth is UNKNOWN
    assert simple.verdict(lost(), firing=True, severity=CRITICAL) == (UNKNOWN, CRITICAL)


def test_a_failed_poll_can_breach_but_never_clear() -> None:
    unreachable = judge("up == 0 and age > 3m")
    assert unreachable.verdict(lost(age=200), firing=False, severity=None).truth is BREACH
    assert unreachable.verdict(lost(age=100), firing=False, severity=None).truth is UNKNOWN
    assert unreachable.verdict(lost(age=100), firing=True, severity=CRITICAL).truth is UNKNOWN
    assert unreachable.verdict(good(0), firing=True, severity=CRITICAL).truth is CLEAR
    resting = judge("up == 0", clear="age > 1h")
    assert resting.verdict(lost(age=7200), firing=True, severity=CRITICAL).truth is UNKNOWN


def test_while_it_fires_only_clear_counts() -> None:
    held = judge("abnormal > 5", clear="abnormal == 0")
    assert held.verdict(good(3), firing=False, severity=None).truth is CLEAR
    assert held.verdict(good(3), firing=True, severity=CRITICAL).truth is BREACH
    assert held.verdict(good(0), firing=True, severity=CRITICAL).truth is CLEAR
    assert held.verdict(lost(), firing=True, severity=CRITICAL).truth is UNKNOWN


def test_clear_wins_over_when_and_when_does_not_matter_while_clear_is_unknown() -> None:
    odd = judge("cdc.abnormal > 0", clear="abnormal < 5")
    assert odd.verdict(good(2), firing=True, severity=CRITICAL).truth is CLEAR
    assert odd.verdict(half(2), firing=True, severity=CRITICAL).truth is UNKNOWN


LEVELS = {"info": "abnormal > 0", "critical": "abnormal > 9", "warning": "abnormal > 4"}


@pytest.mark.parametrize(
    ("abnormal", "severity"), [(1, INFO), (4, INFO), (5, WARNING), (9, WARNING), (10, CRITICAL), (99, CRITICAL)]
)
@pytest.mark.parametrize("present", [None, INFO, WARNING, CRITICAL])
def test_the_highest_true_level_gives_the_severity_at_once(
    abnormal: int, severity: Severity, present: Severity | None
) -> None:
    leveled = judge(**LEVELS)
    assert leveled.verdict(good(abnormal), firing=present is not None, severity=present) == (BREACH, severity)


def test_levels_clear_when_none_is_true() -> None:
    assert judge(**LEVELS).verdict(good(0), firing=False, severity=None) == (CLEAR, INFO)
    assert judge(**LEVELS).verdict(good(0), firing=True, severity=CRITICAL) == (CLEAR, CRITICAL)
    assert judge(**LEVELS).verdict(lost(), firing=True, severity=WARNING) == (UNKNOWN, WARNING)


@pytest.mark.parametrize(
    ("present", "severity"), [(None, INFO), (INFO, INFO), (WARNING, WARNING), (CRITICAL, CRITICAL)]
)
def test_the_severity_is_not_lowered_while_a_higher_level_is_unknown(
    present: Severity | None, severity: Severity
) -> None:
    leveled = judge(info="cdc.abnormal > 0", warning="cdc.abnormal > 4", critical="abnormal > 9")
    assert leveled.verdict(half(1), firing=True, severity=present) == (BREACH, severity)


def test_an_unknown_level_below_the_true_one_does_not_matter() -> None:
    leveled = judge(info="abnormal > 0", warning="cdc.abnormal > 0")
    assert leveled.verdict(half(1), firing=True, severity=WARNING) == (BREACH, WARNING)
    assert leveled.verdict(half(1), firing=True, severity=INFO) == (BREACH, WARNING)


def test_a_failed_poll_raises_the_severity_but_does_not_lower_it() -> None:
    leveled = judge(warning="abnormal > 0 or up == 0", critical="up == 1 and abnormal > 9 or age > 10m")
    assert leveled.verdict(lost(age=900), firing=True, severity=WARNING) == (BREACH, CRITICAL)
    assert leveled.verdict(lost(age=60), firing=True, severity=CRITICAL) == (BREACH, CRITICAL)
    assert leveled.verdict(lost(age=60), firing=False, severity=None) == (BREACH, WARNING)


def test_levels_keep_their_severity_until_clear_holds_once_none_is_true() -> None:
    held = judge(warning="abnormal >= 5", critical="abnormal >= 9", clear="abnormal == 0")
    assert held.verdict(good(3), firing=False, severity=None) == (CLEAR, WARNING)
    assert held.verdict(good(3), firing=True, severity=CRITICAL) == (BREACH, CRITICAL)
    assert held.verdict(good(6), firing=True, severity=CRITICAL) == (BREACH, WARNING)
    assert held.verdict(good(9), firing=True, severity=WARNING) == (BREACH, CRITICAL)
    assert held.verdict(good(0), firing=True, severity=CRITICAL) == (CLEAR, CRITICAL)
    assert held.verdict(lost(), firing=True, severity=CRITICAL) == (UNKNOWN, CRITICAL)


def test_under_hysteresis_too_the_severity_is_not_lowered_while_a_higher_level_is_unknown() -> None:
    held = judge(warning="cdc.abnormal > 0", critical="abnormal > 9", clear="cdc.abnormal == 0")
    assert held.verdict(half(3), firing=True, severity=CRITICAL) == (BREACH, CRITICAL)
    assert held.verdict(half(3), firing=True, severity=WARNING) == (BREACH, WARNING)


def test_while_clear_is_unknown_a_worse_level_still_raises_the_severity() -> None:
    held = judge(warning="abnormal > 0 or up == 0", critical="age > 10m", clear="abnormal == 0")
    assert held.verdict(lost(age=60), firing=True, severity=WARNING) == (UNKNOWN, WARNING)
    assert held.verdict(lost(age=900), firing=True, severity=WARNING) == (BREACH, CRITICAL)
    assert held.verdict(lost(age=900), firing=True, severity=CRITICAL) == (UNKNOWN, CRITICAL)


def test_a_severity_that_the_rule_no_longer_has_becomes_one_that_it_has() -> None:
    lowered = judge(info="abnormal > 5", warning="abnormal > 9", clear="abnormal == 0")
    assert lowered.verdict(good(3), firing=True, severity=CRITICAL) == (BREACH, WARNING)
    raised = judge(warning="abnormal > 5", critical="abnormal > 9", clear="abnormal == 0")
    assert raised.verdict(good(3), firing=True, severity=INFO) == (BREACH, WARNING)


def test_messages_are_given_the_number_of_the_level_they_speak_of() -> None:
    leveled = judge(warning="abnormal > 0", critical="abnormal / running > 20%")
    assert leveled.value(good(4)) == 4
    assert leveled.value(good(4), CRITICAL) == 0.4
    assert leveled.value(lost(), CRITICAL) is None
    assert leveled.filled(good(4)) == "abnormal 4 > 0"
    assert leveled.filled(good(4), CRITICAL) == "abnormal 4 / running 10 > 20%"


def test_verdicts_are_not_made_anew_at_each_poll() -> None:
    simple = judge("abnormal > 0")
    facts = good(1)
    first, second = (simple.verdict(facts, firing=False, severity=None) for _ in range(2))
    assert first is second
    assert isinstance(first, Verdict)


CONDITION = {True: "1 > 0", False: "0 > 1", None: "0 / 0 > 1"}
truths = st.sampled_from((True, False, None))


@given(
    levels=st.tuples(truths, truths, truths),
    clear=st.sampled_from(("none", True, False, None)),
    up=st.booleans(),
    firing=st.booleans(),
    present=st.sampled_from(Severity),
)
def test_whatever_is_known_no_alert_is_cleared_or_calmed_without_knowing(
    levels: tuple[bool | None, ...], clear: bool | str | None, up: bool, firing: bool, present: Severity
) -> None:
    texts = dict(zip(("info", "warning", "critical"), (CONDITION[each] for each in levels), strict=True))
    text = None if isinstance(clear, str) else CONDITION[clear]
    facts = Facts(at=AT, common=None, cdc=None, up=up)
    verdict = judge(clear=text, **texts).verdict(facts, firing=firing, severity=present)
    held = firing and clear != "none"
    if verdict.truth is CLEAR:
        assert up
        assert clear is True if held else levels == (False, False, False)
    if held and clear is False:
        assert verdict.truth is BREACH
    if verdict.severity.rank < present.rank:
        assert up
        higher = levels[verdict.severity.rank + 1 :]
        assert verdict.truth is BREACH
        assert levels[verdict.severity.rank] is True
        assert higher == (False,) * len(higher)
    if verdict.severity.rank > present.rank:
        assert levels[verdict.severity.rank] is True


@pytest.mark.parametrize(("when", "clear"), list(product(CONDITION.values(), CONDITION.values())))
def test_clear_is_not_asked_before_the_alert_fires(when: str, clear: str) -> None:
    facts = good(0)
    with_clear = judge(when, clear=clear).verdict(facts, firing=False, severity=None)
    assert with_clear == judge(when).verdict(facts, firing=False, severity=None)
