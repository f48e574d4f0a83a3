"""What happens to the fleet as time goes by: tasks break and recover, instances fall silent. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from monitor.simulator.counts import Counts
from monitor.simulator.faults import Fault
from monitor.simulator.fleet import Machine


@dataclass(frozen=True, slots=True)
class Step:
    """From `at` on (seconds since the start), until `until`, these counts or this fault are true of `target`.

    `target` is an instance's name or id, or a pattern such as `orders*`. States that are not named stay as they were.
    """

    at: float
    target: str
    until: float | None = None
    common: Mapping[str, int] = field(default_factory=dict, hash=False)
    cdc: Mapping[str, int] = field(default_factory=dict, hash=False)
    fault: Fault | None = None

    def holds(self, elapsed: float) -> bool:
        return self.at <= elapsed and (self.until is None or elapsed < self.until)


@dataclass(frozen=True, slots=True)
class Moment:
    """The truth about one instance at one time."""

    common: Counts
    cdc: Counts
    fault: Fault | None = None


class Timeline:
    """The life of one instance: for every time the moment, worked out beforehand."""

    __slots__ = ("_loop", "_moments", "_starts")

    def __init__(self, machine: Machine, steps: Sequence[Step], loop: float | None) -> None:
        ordered = sorted(steps, key=lambda step: step.at)
        ends = [step.until for step in ordered if step.until is not None]
        self._loop = loop
        self._starts = sorted({0.0, *(step.at for step in ordered), *ends})
        self._moments = [_moment(machine, ordered, start) for start in self._starts]

    def at(self, elapsed: float) -> Moment:
        """The moment `elapsed` seconds after the start; before it, the beginning."""
        place = elapsed % self._loop if self._loop else elapsed
        return self._moments[max(0, bisect_right(self._starts, place) - 1)]


def _moment(machine: Machine, steps: Sequence[Step], elapsed: float) -> Moment:
    common, cdc, fault = machine.common, machine.cdc, None
    for step in steps:
        if step.holds(elapsed):
            common, cdc, fault = common.changed(step.common), cdc.changed(step.cdc), step.fault or fault
    return Moment(common, cdc, fault)


class Scenario:
    """Steps for a whole fleet. With `loop` it begins anew every so many seconds."""

    def __init__(self, steps: Sequence[Step] = (), *, loop: float | None = None) -> None:
        self.loop = loop
        self._named: dict[str, list[Step]] = defaultdict(list)
        self._patterns: list[Step] = []
        for step in steps:
            if any(letter in step.target for letter in "*?["):
                self._patterns.append(step)
            else:
                self._named[step.target].append(step)

    def timeline(self, machine: Machine) -> Timeline:
        """What happens to `machine`."""
        steps = [step for step in self._patterns if _matches(step.target, machine)]
        steps += self._named.get(machine.name, []) + self._named.get(machine.id, [])
        return Timeline(machine, steps, self.loop)

    def unmatched(self, machines: Sequence[Machine]) -> list[str]:
        """The targets that mean none of `machines`: most likely misspelt."""
        known = {name for machine in machines for name in (machine.id, machine.name)}
        patterns = {step.target for step in self._patterns}
        lost = {target for target in patterns if not any(_matches(target, machine) for machine in machines)}
        return sorted(lost | (self._named.keys() - known))


def _matches(pattern: str, machine: Machine) -> bool:
    return fnmatchcase(machine.name, pattern) or fnmatchcase(machine.id, pattern)
