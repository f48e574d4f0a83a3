"""When instances are polled."""

from __future__ import annotations

from collections import Counter

from monitor.model import InstanceKey
from monitor.schedule import Schedule, offset

MANY = [InstanceKey("prod", f"i-{number}") for number in range(3000)]


def slots(schedule: Schedule, since: int, until: int) -> list[tuple[float, InstanceKey]]:
    return [found for second in range(since, until + 1) for found in schedule.due(float(second))]


def test_every_instance_has_one_slot_in_every_interval() -> None:
    schedule = Schedule(30.0)
    schedule.keep(MANY[:50], at=1000.0)
    slots(schedule, 1000, 1030)
    found = slots(schedule, 1031, 1090)
    assert Counter(key for _, key in found) == dict.fromkeys(MANY[:50], 2)


def test_who_joins_is_polled_a_little_sooner_once_and_then_in_its_slots() -> None:
    schedule = Schedule(100.0)
    schedule.keep(MANY[:300], at=1000.0)
    firsts = {key: planned for planned, key in slots(schedule, 1000, 1095)}
    assert firsts.keys() == set(MANY[:300])
    seconds = {key: planned for planned, key in slots(schedule, 1096, 1200)}
    for key in MANY[:300]:
        assert round(seconds[key] % 100.0, 6) == round(offset(key, 100.0), 6)
        assert 100 <= seconds[key] - firsts[key] <= 105


def test_slots_are_the_same_after_a_restart() -> None:
    before, after = Schedule(30.0), Schedule(30.0)
    before.keep(MANY[:5], at=1000.0)
    slots(before, 1000, 1100)
    after.keep(MANY[:5], at=1070.0)
    slots(after, 1070, 1100)
    assert slots(before, 1101, 1130) == slots(after, 1101, 1130)


def test_a_start_is_no_crowd() -> None:
    schedule = Schedule(30.0)
    schedule.keep(MANY, at=1000.0)
    by_second = Counter(int(planned) for planned, _ in slots(schedule, 1000, 1030))
    assert max(by_second.values()) < 1.6 * len(MANY) / 30


def test_offsets_fill_the_interval_evenly() -> None:
    tenths = Counter(int(offset(key, 1.0) * 10) for key in MANY)
    assert set(tenths) == set(range(10))
    assert min(tenths.values()) > 0.8 * len(MANY) / 10


def test_after_a_pause_each_instance_is_polled_once_and_keeps_its_slot() -> None:
    schedule = Schedule(30.0)
    schedule.keep(MANY[:20], at=1000.0)
    slots(schedule, 1000, 1030)
    shift = {key: round(planned % 30, 6) for planned, key in slots(schedule, 1031, 1060)}
    found = schedule.due(5000.0)
    assert len(found) == 20
    later = slots(schedule, 5001, 5030)
    assert {key: round(planned % 30, 6) for planned, key in later} == shift


def test_who_joins_is_polled_and_who_leaves_is_not() -> None:
    schedule = Schedule(10.0)
    schedule.keep(MANY[:2], at=1000.0)
    schedule.keep(MANY[1:3], at=1000.0)
    assert {key for _, key in slots(schedule, 1000, 1010)} == set(MANY[1:3])
    schedule.keep([], at=1011.0)
    assert (slots(schedule, 1011, 1030), schedule.next_at()) == ([], None)


def test_who_leaves_and_returns_has_one_slot() -> None:
    schedule = Schedule(10.0)
    for keys in (MANY[:1], [], MANY[:1]):
        schedule.keep(keys, at=1000.0)
    assert len(slots(schedule, 1000, 1010)) == 1


def test_who_missed_its_last_slot_is_polled_at_once_and_keeps_its_next_ones() -> None:
    schedule, plain = Schedule(10.0), Schedule(10.0)
    schedule.keep(MANY[:3], at=1000.0, missed=MANY[:1])
    plain.keep(MANY[:3], at=1000.0)
    assert schedule.due(1000.0) == [(1000.0, MANY[0])]
    plain.due(1010.0)
    schedule.due(1010.0)
    assert slots(schedule, 1010, 1020) == slots(plain, 1010, 1020)
