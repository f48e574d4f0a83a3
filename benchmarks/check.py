"""How long `fdi-monitor check` takes for a thousand rules, beside the same process with one rule in the same run.

Run: python -m benchmarks.check. Goal: at most 1 s for a thousand rules, the start of Python and all imports included.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Row, tell

REPEATS = 5
OTHERS = """\
accounts:
  - {name: prod, region: cn-north-4, auth: {token: x}, labels: {env: prod}}
receivers:
  - {name: ops, console: {}}
route:
  receiver: ops
  routes:
    - {match: severity="critical"}
"""
RULE = """\
  - name: rule-%(number)d
    thresholds: {warn: %(warn)d, crit: %(crit)d}
    levels:
      warning: abnormal >= warn
      critical: abnormal >= crit or abnormal / running > %(share)d%%
    clear: abnormal == 0
    for: 5m
    match: env="prod", instance=~"orders-%(number)d.*"
    summary: "{{ abnormal }} tasks abnormal on {{ instance }} (%(number)d)"
    labels: {team: team-%(team)d}
"""


def main() -> int:
    print(f"{'rules':>8}{'best of ' + str(REPEATS):>14}{'in CPU':>10}{'per rule':>14}")
    base = 0.0
    told = []
    for rules in (1, 100, 1_000, 5_000):
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), rules)
            found = sorted(_run("check", folder) for _ in range(REPEATS))
        (wall, cpu), (longest, _) = found[0], found[-1]
        base = base or wall
        per_rule = (wall - base) / rules * 1e6
        print(f"{rules:>8,}{wall:>12.2f} s{cpu:>8.2f} s{per_rule:>11.0f} us")
        if rules == 1_000:
            span = f"{wall:.2f} s ({wall:.2f}..{longest:.2f})"
            told.append(Row("`check` of 1,000 rules", "<= 1 s", span, f"with one rule {base:.2f} s", wall <= 1))
    helped = sorted(_run("--help") for _ in range(REPEATS))
    (fast, _), (slow, _) = helped[0], helped[-1]
    told.append(Row("`fdi-monitor --help`", "<= 0.3 s", f"{fast:.2f} s ({fast:.2f}..{slow:.2f})", held=fast <= 0.3))
    return 0 if tell(*told) else 1


def _write(folder: Path, rules: int) -> None:
    made = (
        RULE % {"number": n, "warn": n % 9 + 1, "crit": n % 9 + 10, "share": n % 90 + 5, "team": n % 10}
        for n in range(rules)
    )
    (folder / "rules.yaml").write_text("rules:\n" + "".join(made))
    (folder / "others.yaml").write_text(OTHERS)


def _run(*words: str) -> tuple[float, float]:
    """Seconds, and seconds of CPU, of one `fdi-monitor` with these words."""
    before, began = os.times(), time.perf_counter()
    subprocess.run([sys.executable, "-m", "monitor", *words], check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, spent


if __name__ == "__main__":
    raise SystemExit(main())
