"""Scenario files: YAML to `Scenario`.

loop: 2m                       # optional: begin anew every two minutes
steps:
  - {at: 4s, for: 11s, instance: orders, cdc: {abnormal: 3, running: 9}}
  - {at: 20s, instance: "订单*", common: {abnormal: 1}}         # no `for`: until something else is said
  - {at: 10s, for: 12s, instance: invoices, fault: "503", rate: 1, value: null}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from monitor.simulator.counts import states
from monitor.simulator.durations import seconds
from monitor.simulator.faults import Fault, number
from monitor.simulator.scenario import Scenario, Step

_STEP = frozenset({"at", "for", "instance", "common", "cdc", "fault", "rate", "value"})


def load(text: str, *, source: str, kinds: frozenset[str]) -> Scenario:
    """The scenario in `text`. Raises `ValueError` with one line that names the place. `kinds` are the known faults."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        raise ValueError(f"{source}{place}: not YAML: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(raw, Mapping) or set(raw) - {"loop", "steps"} or not isinstance(raw.get("steps"), list):
        raise ValueError(f"{source}: a scenario has `steps:`, a list, and perhaps `loop:`")
    try:
        loop = None if raw.get("loop") is None else seconds(raw["loop"])
        steps = [_step(step, f"steps[{place}]", kinds) for place, step in enumerate(raw["steps"])]
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error
    if loop == 0:
        raise ValueError(f"{source}: loop: must be longer than nothing")
    return Scenario(steps, loop=loop)


def _step(raw: Any, where: str, kinds: frozenset[str]) -> Step:
    if not isinstance(raw, Mapping) or not {"at", "instance"} <= set(raw):
        raise ValueError(f"{where}: a step has at least `at:` and `instance:`")
    if unknown := set(raw) - _STEP:
        raise ValueError(f"{where}: no field {min(map(str, unknown))!r}; there are {', '.join(sorted(_STEP))}")
    at = _seconds(raw["at"], f"{where}.at")
    lasts = raw.get("for")
    return Step(
        at=at,
        target=str(raw["instance"]),
        until=None if lasts is None else at + _seconds(lasts, f"{where}.for"),
        common=states(raw.get("common"), f"{where}.common"),
        cdc=states(raw.get("cdc"), f"{where}.cdc"),
        fault=_fault(raw, where, kinds),
    )


def _seconds(raw: object, where: str) -> float:
    try:
        return seconds(raw)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _fault(raw: Mapping[str, Any], where: str, kinds: frozenset[str]) -> Fault | None:
    if raw.get("fault") is None:
        return None
    kind = str(raw["fault"])
    if kind not in kinds:
        raise ValueError(f"{where}.fault: no fault {kind!r}; there are {', '.join(sorted(kinds))}")
    value = raw.get("value")
    return Fault(
        kind=kind,
        target=str(raw["instance"]),
        rate=number(raw.get("rate", 1), f"{where}.rate", 0, 1),
        value=None if value is None else number(value, f"{where}.value", -1e9, 1e9),
    )
