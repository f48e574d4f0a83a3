"""A megabyte of anything where a rule is written is refused at once, wherever it stands."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from policy_folders import ACCOUNTS, ENVIRONMENT, TELLING, folder

from monitor.policy.loader import examine

MEGABYTE = 1_000_000
PIECES = ("(", "-", "not ", "1+", "ago(", "count(", "9", "5m", "a.", "0 < ", "abnormal > 0 or ", "😀", " ")
PLACES = {
    "when": 'when: "%s"',
    "when of a group": 'by: [account], when: "%s"',
    "levels": 'levels: {warning: "%s"}',
    "clear": 'when: abnormal > 0, clear: "%s"',
    "threshold": 'thresholds: {most: "%s"}, when: abnormal > most',
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("piece", PIECES)
def test_a_megabyte_is_refused_at_once(piece: str, place: str, tmp_path: Path) -> None:
    severity = "" if place == "levels" else "severity: info, "
    rule = PLACES[place] % (piece * (MEGABYTE // len(piece)))
    policy = folder(tmp_path / "rules", ACCOUNTS + TELLING + f"rules:\n  - {{name: a, {severity}{rule}}}\n")
    began = time.process_time()
    examined = examine(policy, ENVIRONMENT)
    took = time.process_time() - began
    assert [fault.path for fault in examined.faults] != []
    assert all(fault.path.startswith("rules.0") for fault in examined.faults)
    assert max(len(str(fault)) for fault in examined.faults) < 1000
    # A tenth of a second on a machine of its own; it reads the file and the two others as well.
    assert took < 0.5
