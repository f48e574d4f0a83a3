"""When a whole account counts as out of reach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.model import Counts, Failure, FailureKind, Instance, Sample, Truth
from monitor.outage import RULE, Outage, key_of, summary

ONE, TWO = (Instance("prod", f"i-{number}", f"n-{number}", region="cn-north-4") for number in (1, 2))
START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def good(instance: Instance) -> Sample:
    return Sample(instance, START, timedelta(), Counts(), Counts())


def failed(instance: Instance, kind: FailureKind = FailureKind.UNREACHABLE) -> Sample:
    return Sample(instance, START, timedelta(), failure=Failure(kind, "no answer in 10s"))


def test_it_takes_all_of_its_instances() -> None:
    state = Outage("prod")
    assert state.saw(failed(ONE), polled=2) is Truth.UNKNOWN
    assert state.saw(failed(TWO), polled=2) is Truth.BREACH


def test_one_instance_alone_does_not_speak_for_its_account() -> None:
    assert Outage("prod").saw(failed(ONE), polled=1) is Truth.UNKNOWN


def test_refused_credentials_concern_all() -> None:
    assert Outage("prod").saw(failed(ONE, FailureKind.AUTH), polled=9) is Truth.BREACH


def test_throttling_is_no_outage() -> None:
    state = Outage("prod")
    truths = [state.saw(failed(one, FailureKind.THROTTLED), polled=2) for one in (ONE, TWO)]
    assert truths == [Truth.UNKNOWN, Truth.UNKNOWN]


def test_a_good_sample_clears_and_its_instance_fails_no_more() -> None:
    state = Outage("prod")
    state.saw(failed(ONE), polled=2)
    assert state.saw(good(ONE), polled=2) is Truth.CLEAR
    assert state.saw(failed(TWO), polled=2) is Truth.UNKNOWN


def out(number: int) -> Outage:
    state = Outage("prod")
    for one in (ONE, TWO):
        state.saw(failed(one), polled=number)
    return state


def test_an_outage_is_over_once_all_were_polled_again() -> None:
    state = out(2)
    assert state.saw(good(ONE), polled=2) is Truth.UNKNOWN
    assert state.saw(good(ONE), polled=2) is Truth.UNKNOWN
    assert state.saw(good(TWO), polled=2) is Truth.CLEAR
    assert state.saw(good(ONE), polled=2) is Truth.CLEAR


def test_one_that_stays_ill_by_itself_does_not_make_the_outage_last() -> None:
    state = out(2)
    assert state.saw(good(ONE), polled=2) is Truth.UNKNOWN
    assert state.saw(failed(TWO), polled=2) is Truth.UNKNOWN
    assert state.saw(good(ONE), polled=2) is Truth.CLEAR


def test_a_relapse_begins_the_count_anew() -> None:
    state = out(2)
    state.saw(good(ONE), polled=2)
    assert state.saw(failed(ONE), polled=2) is Truth.BREACH
    assert state.saw(good(TWO), polled=2) is Truth.UNKNOWN
    assert state.saw(good(ONE), polled=2) is Truth.CLEAR


def test_a_process_that_starts_within_an_outage_waits_for_all_as_well() -> None:
    state = Outage("prod", out=True)
    assert state.saw(good(ONE), polled=2) is Truth.UNKNOWN
    assert state.saw(good(TWO), polled=2) is Truth.CLEAR


def test_one_that_leaves_is_not_waited_for() -> None:
    state = out(2)
    state.saw(good(ONE), polled=2)
    state.forget(TWO.key)
    assert state.saw(good(ONE), polled=1) is Truth.CLEAR


def test_one_that_left_is_not_counted() -> None:
    state = Outage("prod")
    state.saw(failed(ONE), polled=2)
    state.forget(ONE.key)
    assert state.saw(failed(TWO), polled=2) is Truth.UNKNOWN


def test_the_finding_names_the_account_and_no_instance() -> None:
    finding = Outage("prod").finding(failed(ONE), Truth.BREACH)
    assert finding.labels == {"alertname": RULE, "account": "prod", "region": "cn-north-4"}
    assert finding.instance == key_of("prod")
    assert summary(failed(ONE)) == "account prod cannot be polled: no answer in 10s"
