"""The built-in alert about files of the policy that cannot be used as they are. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from monitor import lifecycle
from monitor.builtin import TIMERS, finding
from monitor.errors import Fault
from monitor.model import Alert, Truth
from monitor.rules.change import Change

RULE = "policy-invalid"


def judged(known: Mapping[str, Alert], faults: Sequence[Fault], *, at: datetime) -> list[Change]:
    """What `faults`, found at `at`, change: one alert for each file, which ends when its file is good again.

    `known` are the alerts about no instance, by key.
    """
    by_file: dict[str, list[Fault]] = {one.labels["file"]: [] for one in known.values() if one.rule == RULE}
    for fault in faults:
        by_file.setdefault(fault.file, []).append(fault)
    changes = (_change(known, file, found, at=at) for file, found in sorted(by_file.items()))
    return [change for change in changes if change]


def summary(faults: Sequence[Fault]) -> str:
    """The words of the alert: the first fault with its place."""
    first, more = faults[0], len(faults) - 1
    others = f" (and {more} more)" if more else ""
    return f"{first.place}: {first.message.splitlines()[0]}{others}; what was last good stays in force"


def _change(known: Mapping[str, Alert], file: str, faults: Sequence[Fault], *, at: datetime) -> Change | None:
    labels = {"alertname": RULE, "file": file}
    found = finding(RULE, labels, Truth.BREACH if faults else Truth.CLEAR, at=at)
    alert = known.get(found.key)
    moved, transition = lifecycle.advance(alert, found, TIMERS)
    if moved is not None and faults:
        moved = replace(moved, annotations={"summary": summary(faults)})
    return None if moved == alert else Change(RULE, found.key, moved, transition)
