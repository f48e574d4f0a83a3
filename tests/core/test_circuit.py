"""How rarely an instance that keeps failing is polled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.circuit import Circuit
from monitor.model import Counts, Failure, FailureKind, Instance, Sample

ORDERS = Instance("prod", "i-1", "orders")
START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def sample(kind: FailureKind | None) -> Sample:
    if kind is None:
        return Sample(ORDERS, START, timedelta(), Counts(), Counts())
    return Sample(ORDERS, START, timedelta(), failure=Failure(kind, "no"))


def polled(interval: float, until: float, *, kind: FailureKind | None = FailureKind.TIMEOUT) -> list[float]:
    """The slots in which an instance is polled that always gives this."""
    circuit = Circuit(interval)
    slots = [number * interval for number in range(int(until / interval))]
    taken = []
    for slot in slots:
        if not circuit.rests(ORDERS.key, at=slot):
            taken.append(slot)
            circuit.saw(sample(kind), planned=slot, polled=5)
    return taken


def test_failing_it_is_polled_ever_more_rarely_and_at_least_every_five_minutes() -> None:
    assert polled(30, 1800) == [0, 30, 60, 90, 120, 180, 300, 540, 840, 1140, 1440, 1740]


def test_well_it_is_polled_in_every_slot() -> None:
    assert len(polled(30, 1800, kind=None)) == 60


def test_what_befalls_the_whole_account_is_not_held_against_the_instance() -> None:
    assert len(polled(30, 1800, kind=FailureKind.AUTH)) == 60
    assert len(polled(30, 1800, kind=FailureKind.THROTTLED)) == 60


def test_an_interval_longer_than_the_longest_pause_stays_as_it_is() -> None:
    assert len(polled(600, 36000)) == 60


def test_the_first_success_ends_it() -> None:
    circuit = Circuit(30)
    for slot in (0.0, 30.0, 60.0, 90.0, 120.0):
        circuit.saw(sample(FailureKind.GARBAGE), planned=slot, polled=5)
    assert circuit.rests(ORDERS.key, at=150)
    assert len(circuit) == 1
    circuit.saw(sample(None), planned=180, polled=5)
    assert not circuit.rests(ORDERS.key, at=210)
    assert len(circuit) == 0


def test_when_the_account_answers_again_all_of_its_instances_are_polled_in_their_next_slots() -> None:
    circuit = Circuit(30)
    others = [replace(ORDERS, id=f"i-{number}") for number in range(3)]
    for one in others:
        for slot in range(9):
            circuit.saw(replace(sample(FailureKind.UNREACHABLE), instance=one), planned=slot * 30.0, polled=3)
    assert len(circuit) == 3
    circuit.saw(replace(sample(None), instance=others[0]), planned=600.0, polled=3)
    assert len(circuit) == 0
    assert not any(circuit.rests(one.key, at=270.0) for one in others)


def test_one_that_is_polled_no_more_is_forgotten() -> None:
    circuit = Circuit(30)
    for slot in range(9):
        circuit.saw(sample(FailureKind.TIMEOUT), planned=slot * 30.0, polled=5)
    circuit.forget(ORDERS.key)
    assert len(circuit) == 0
