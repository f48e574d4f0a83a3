"""Which fault is in force for whom: set by the control API, bounded in time, thinned by a seeded die. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from monitor.simulator.durations import seconds

EVERYONE = "*"
"""Every call to FDI, the instance list included."""
LISTING = "instances"
"""The instance list."""
STATISTICS = "statistics"
"""The counts of every instance."""
TASK_MONITORS = "task-monitors"
"""The task names of every instance."""
IAM = "iam"
"""Tokens and projects."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave. `target` is an instance's id or name, a kind of call from above, or `*`.

    `since` and `until` are seconds of the epoch; `rate` is the share of requests hit; what `value` means is up to the
    kind (seconds of skew, between two bytes, to stay away); None is the kind's own default.
    """

    kind: str
    target: str = EVERYONE
    since: float = 0.0
    until: float | None = None
    rate: float = 1.0
    value: float | None = None


def parse(raw: object, *, at: float, kinds: frozenset[str]) -> Fault:
    """A fault out of `{"instance", "kind", "for", "rate", "value"}`. Raises `ValueError` naming what is wrong."""
    if not isinstance(raw, Mapping):
        raise ValueError('write an object such as {"instance": "*", "kind": "503", "for": 10}')  # noqa: TRY004
    if unknown := set(raw) - {"instance", "kind", "for", "rate", "value"}:
        raise ValueError(f"no field {min(map(str, unknown))!r}; there are instance, kind, for, rate, value")
    kind = str(raw.get("kind", ""))
    if kind not in kinds:
        raise ValueError(f"no fault {kind!r}; there are {', '.join(sorted(kinds))}")
    lasts = raw.get("for")
    return Fault(
        kind=kind,
        target=str(raw.get("instance", EVERYONE)),
        since=at,
        until=None if lasts is None else at + seconds(lasts),
        rate=number(raw.get("rate", 1.0), "rate", 0, 1),
        value=None if raw.get("value") is None else number(raw["value"], "value", -1e9, 1e9),
    )


def number(raw: object, name: str, lowest: float, highest: float) -> float:
    """`raw` as a number within bounds. Raises `ValueError` naming what is wrong."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not lowest <= raw <= highest:
        raise ValueError(f"{name}: {raw!r} is not a number from {lowest:g} to {highest:g}")
    return float(raw)


class Faults:
    """The faults in force. The one set last wins."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(f"{seed}/faults")
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults = [fault, *self.listed(fault.since)]

    def clear(self) -> None:
        self._faults.clear()

    def listed(self, at: float) -> list[Fault]:
        """Those in force at `at`."""
        self._faults = [fault for fault in self._faults if fault.until is None or at < fault.until]
        return list(self._faults)

    def pick(self, targets: tuple[str, ...], at: float, scripted: Fault | None = None) -> Fault | None:
        """The fault that hits a call to any of `targets` now; `scripted` is the scenario's, if none was set by hand."""
        for fault in self._faults:
            if fault.target in targets and (fault.until is None or at < fault.until):
                return self._thin(fault)
        return self._thin(scripted) if scripted is not None else None

    def _thin(self, fault: Fault) -> Fault | None:
        return fault if fault.rate >= 1 or self._dice.random() < fault.rate else None
