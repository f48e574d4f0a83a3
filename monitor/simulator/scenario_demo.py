"""The built-in scenario: within half a minute things break, get worse, fall silent and recover. Pure, seeded."""

from __future__ import annotations

import random
from collections.abc import Sequence

from monitor.simulator.counts import Counts
from monitor.simulator.faults import Fault
from monitor.simulator.fleet import Machine
from monitor.simulator.scenario import Scenario, Step

LOOP = 300.0
"""After five minutes it begins anew."""

SHARE = 0.25
"""Of the instances without a part of their own, how many have a bad moment in every round."""


def demo(machines: Sequence[Machine], seed: int) -> Scenario:
    """The first five instances play the parts below, the others have bad moments at random."""
    dice = random.Random(f"{seed}/scenario")
    parts = (_breaks, _worsens, _silent, _both_kinds, _flaps)
    steps: list[Step] = []
    for machine, part in zip(machines, parts, strict=False):
        steps += part(machine, dice)
    for machine in machines[len(parts) :]:
        steps += _perhaps(machine, dice)
    return Scenario(steps, loop=LOOP)


def _broken(machine: Machine, at: float, until: float, *, common: int = 0, cdc: int = 0) -> Step:
    return Step(at, machine.name, until, common=_moved(machine.common, common), cdc=_moved(machine.cdc, cdc))


def _moved(counts: Counts, broken: int) -> dict[str, int]:
    """Tasks that break stop running."""
    if broken == 0:
        return {}
    return {"abnormal": counts.abnormal + broken, "running": max(0, counts.running - broken)}


def _breaks(machine: Machine, dice: random.Random) -> list[Step]:
    at = dice.uniform(3, 5)
    return [_broken(machine, at, at + dice.uniform(10.5, 11.5), cdc=3)]


def _worsens(machine: Machine, dice: random.Random) -> list[Step]:
    at = dice.uniform(6, 8)
    return [
        _broken(machine, at, at + 5, common=2),
        _broken(machine, at + 5, at + 10, common=6),
        _broken(machine, at + 10, at + 14, common=1),
    ]


def _silent(machine: Machine, dice: random.Random) -> list[Step]:
    at = dice.uniform(8, 10)
    return [Step(at, machine.name, at + 11, fault=Fault("503"))]


def _both_kinds(machine: Machine, dice: random.Random) -> list[Step]:
    at = dice.uniform(40, 60)
    return [_broken(machine, at, at + dice.uniform(20, 40), common=1, cdc=2)]


def _flaps(machine: Machine, dice: random.Random) -> list[Step]:
    start = dice.uniform(90, 110)
    return [_broken(machine, start + 8 * turn, start + 8 * turn + 4, cdc=1) for turn in range(5)]


def _perhaps(machine: Machine, dice: random.Random) -> list[Step]:
    happens, at, lasts = dice.random() < SHARE, dice.uniform(20, 260), dice.uniform(8, 35)
    common, cdc = dice.randint(0, 4), dice.randint(0, 2)
    return [_broken(machine, at, at + lasts, common=common, cdc=cdc or 1)] if happens else []
