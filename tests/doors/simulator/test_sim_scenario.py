from __future__ import annotations

import pytest

from monitor.simulator import KINDS, Scenario, Step, load
from monitor.simulator.counts import Counts
from monitor.simulator.durations import seconds
from monitor.simulator.faults import Fault
from monitor.simulator.fleet import Machine, seeded
from monitor.simulator.scenario_demo import LOOP, demo

ORDERS = Machine("id-1", "orders", Counts(10, 0, 1, 2), Counts(5, 0, 0, 0))


def test_a_step_replaces_the_states_it_names_for_as_long_as_it_lasts() -> None:
    life = Scenario([Step(4, "orders", 15, cdc={"abnormal": 3, "running": 2})]).timeline(ORDERS)
    assert life.at(3.99).cdc == Counts(5, 0, 0, 0)
    assert life.at(4).cdc == Counts(2, 3, 0, 0)
    assert life.at(14.99).cdc == Counts(2, 3, 0, 0)
    assert life.at(15).cdc == Counts(5, 0, 0, 0)
    assert life.at(10).common == ORDERS.common


def test_a_later_step_wins_over_an_earlier_one_and_then_the_earlier_one_shows_again() -> None:
    steps = [Step(8, "orders", 12, common={"abnormal": 6}), Step(2, "orders", common={"abnormal": 1})]
    life = Scenario(steps).timeline(ORDERS)
    assert [life.at(at).common.abnormal for at in (1, 2, 9, 12, 1000)] == [0, 1, 6, 1, 1]


def test_steps_find_instances_by_name_by_id_and_by_pattern() -> None:
    steps = [
        Step(0, "id-1", common={"abnormal": 1}),
        Step(0, "ord*", cdc={"abnormal": 2}),
        Step(0, "*", fault=Fault("503")),
        Step(0, "other", common={"abnormal": 9}),
    ]
    moment = Scenario(steps).timeline(ORDERS).at(0)
    assert (moment.common.abnormal, moment.cdc.abnormal, moment.fault) == (1, 2, Fault("503"))
    assert Scenario(steps).unmatched([ORDERS]) == ["other"]


def test_a_scenario_with_a_loop_begins_anew() -> None:
    life = Scenario([Step(2, "orders", 4, common={"abnormal": 1})], loop=10).timeline(ORDERS)
    assert [life.at(at).common.abnormal for at in (0, 3, 5, 13, 25)] == [0, 1, 0, 1, 0]


@pytest.mark.parametrize("seed", range(20))
def test_in_the_built_in_story_orders_breaks_within_five_seconds_and_recovers_at_about_fifteen(seed: int) -> None:
    machines = seeded(3, seed)
    life = demo(machines, seed).timeline(machines[0])
    assert machines[0].name == "orders"
    assert life.at(2.9).cdc.abnormal == 0
    assert life.at(5).cdc.abnormal == life.at(13.4).cdc.abnormal == 3
    assert life.at(16.6).cdc.abnormal == 0
    assert life.at(LOOP + 5).cdc.abnormal == 3


def test_in_the_built_in_story_one_instance_worsens_and_one_falls_silent_within_half_a_minute() -> None:
    machines = seeded(3, 1)
    story = demo(machines, 1)
    worsening = [story.timeline(machines[1]).at(at / 2).common.abnormal for at in range(60)]
    silence = [story.timeline(machines[2]).at(at / 2).fault for at in range(60)]
    assert [count for count, before in zip(worsening[1:], worsening, strict=False) if count != before] == [2, 6, 1, 0]
    assert silence.count(Fault("503")) == 22
    assert silence[0] is silence[-1] is None


def test_a_task_that_breaks_in_the_built_in_story_stops_running() -> None:
    machines = seeded(1, 7)
    life = demo(machines, 7).timeline(machines[0])
    assert sum(life.at(8).cdc) == sum(life.at(0).cdc)


def test_a_seed_gives_the_same_fleet_every_time_and_a_larger_one_begins_with_it() -> None:
    assert seeded(50, 3)[:20] == seeded(20, 3)
    assert seeded(20, 3) != seeded(20, 4)
    assert len({machine.id for machine in seeded(500, 3)} | {machine.name for machine in seeded(500, 3)}) == 1000


def test_a_scenario_file_is_read() -> None:
    text = """
    loop: 2m
    steps:
      - {at: 4s, for: 11s, instance: orders, cdc: {abnormal: 3, running: 9}}
      - {at: 20, instance: "订单*", common: {abnormal: 1}}
      - {at: 10s, for: 1m30s, instance: orders, fault: "503", rate: 0.5}
    """
    scenario = load(text, source="x.yaml", kinds=KINDS)
    moment = scenario.timeline(ORDERS).at(10)
    assert moment.cdc == Counts(9, 3, 0, 0)
    assert moment.fault == Fault("503", "orders", rate=0.5)
    assert scenario.timeline(Machine("9", "订单同步")).at(20).common.abnormal == 1
    assert scenario.timeline(ORDERS).at(120 + 3).cdc.abnormal == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("steps: [", r"x\.yaml:1:9: not YAML"),
        ("[]", "has `steps:`"),
        ("steps: 3", "has `steps:`"),
        ("loop: 0s\nsteps: []", "loop: must be longer"),
        ("steps: [{at: 1s}]", r"steps\[0\]: a step has at least"),
        ("steps: [{at: soon, instance: a}]", r"steps\[0\]\.at: 'soon' is not a duration"),
        ("steps: [{at: 1s, instance: a, four: 2s}]", r"steps\[0\]: no field 'four'"),
        ("steps: [{at: 1s, instance: a, cdc: {broken: 1}}]", r"steps\[0\]\.cdc: no state 'broken'"),
        ("steps: [{at: 1s, instance: a, cdc: {abnormal: -1}}]", r"cdc\.abnormal: -1 is not a whole number"),
        ("steps: [{at: 1s, instance: a, cdc: 3}]", r"steps\[0\]\.cdc: write a mapping"),
        ("steps: [{at: 1s, instance: a, fault: explode}]", r"steps\[0\]\.fault: no fault 'explode'"),
        ("steps: [{at: 1s, instance: a, fault: '503', rate: 2}]", r"steps\[0\]\.rate: 2 is not a number"),
    ],
)
def test_a_wrong_scenario_file_is_one_line_that_names_the_place(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        load(text, source="x.yaml", kinds=KINDS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "value"), [("4s", 4), ("1m30s", 90), ("500ms", 0.5), ("1.5h", 5400), (7, 7)])
def test_durations_are_read(text: object, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "5", "-5s", "s", True, None, -1, float("nan"), float("inf"), "4 s"])
def test_what_is_no_duration_says_what_to_write(text: object) -> None:
    with pytest.raises(ValueError, match="write 4s"):
        seconds(text)
