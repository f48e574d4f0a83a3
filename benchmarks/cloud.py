"""A simulated cloud in a process of its own, so that its work is not counted as ours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cloud(*, instances: int, quota: str) -> Iterator[dict[str, str]]:
    """What `fdi-monitor simulate` printed, while it runs: `url`, `project_id`, `access_key` and so on."""
    command = [sys.executable, "-m", "monitor", "simulate", "--port", "0"]
    command += ["--instances", str(instances), "--quota", quota]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            told: dict[str, str] = {}
            for line in process.stdout or ():
                name, _, value = line.strip().partition(": ")
                told[name] = value
                if name == "chat":
                    break
            yield told
        finally:
            process.terminate()
