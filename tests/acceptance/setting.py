"""What a story gives the service: its policy, its settings, the variables of its machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from world import World

import monitor

ROOT = Path(monitor.__file__).parents[1]

ABNORMAL = {
    "name": "tasks-abnormal",
    "when": "abnormal > 0",
    "severity": "critical",
    "summary": "{{ abnormal }} tasks abnormal on {{ instance }}",
}
"""A rule without patience."""


def policy(world: World, **changes: Any) -> dict[str, Any]:
    """One account, one rule without patience, one webhook that hears of everything at once; `changes` replace."""
    route = {"receiver": "hook", "group_wait": "0s", "group_interval": "1s"}
    usual = {
        "accounts": [world.account()],
        "rules": [ABNORMAL],
        "receivers": [{"name": "hook", "webhook": world.hook()}],
    }
    return {**usual, **changes, "route": {**route, **changes.get("route", {})}}


def write(folder: Path, written: Mapping[str, Any] | str) -> Path:
    """A folder of rules."""
    rules = folder / "rules"
    rules.mkdir(exist_ok=True)
    text = written if isinstance(written, str) else yaml.safe_dump(dict(written), allow_unicode=True, sort_keys=False)
    (rules / "policy.yaml").write_text(text, encoding="utf-8")
    return rules


def environment(world: World | None, folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Only what the service needs of this machine, its settings, and the secrets of the world."""
    usual = {"DATA": str(folder / "data"), "WEB__PORT": "0", "LOG__FORMAT": "json"}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "default",
        **(world.environment() if world else {}),
        **{f"FDI_MONITOR_{name}": value for name, value in {**usual, **settings}.items()},
    }
