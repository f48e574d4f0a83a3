"""Runs the benchmarks one after the other and writes what they say to docs/benchmarks.md.

    python -m benchmarks [--only quota,rules]

It takes about an hour on two cores, which should have nothing else to do. What was measured last stands in
docs/benchmarks.json; with `--only` the others stay as they were.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import monitor
from benchmarks import peers
from benchmarks.report import ROWS, Row
from monitor import clock

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
RESULTS = PAGE.with_suffix(".json")
STYLE: dict[str, Any] = {"indent": 1, "ensure_ascii": False}
SUITE: dict[str, tuple[str, ...]] = {
    "poll_cost": (),
    "quota": (),
    "latency": (),
    "scale": (),
    "rules": (),
    "backtest": (),
    "storm": (),
    "restart": (),
    "failover": (),
    "check": (),
    "pages": (),
    "exposition": (),
    "million": (),
    "soak": (),
}
"""Each with its arguments, in the order of the page. `benchmarks.trust` has a page of its own, docs/trust.md."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One benchmark: its command, its code, what it printed, its figures, how long it took, and when and where."""

    command: str
    code: int
    printed: str
    rows: Sequence[Row]
    seconds: float
    at: str
    machine: Sequence[str]


def run(name: str) -> Ran:
    """Runs one in a process of its own; what it prints is shown as it comes."""
    words = ["-m", f"benchmarks.{name}", *SUITE[name]]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows"
        began, printed = time.perf_counter(), []
        environment = {**os.environ, ROWS: str(file), "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True, env=environment) as process:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                printed.append(line)
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = [Row(**json.loads(line)) for line in lines]
    tables = "".join(printed).partition("\nheld: ")[0].partition("\nMISSED: ")[0].strip("\n")
    took, today = time.perf_counter() - began, f"{clock.now():%Y-%m-%d}"
    return Ran(" ".join(["python", *words]), process.returncode, tables, rows, took, today, list(machine()))


def known() -> dict[str, Ran]:
    """What was measured last, by name."""
    if not RESULTS.exists():
        return {}
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    return {name: Ran(**{**one, "rows": [Row(**row) for row in one["rows"]]}) for name, one in found.items()}


def machine() -> Iterator[str]:
    """Lines on where this was measured."""
    cpus = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(": ")[2] for line in cpus if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    yield f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {system}"
    libraries = ", ".join(f"{name} {metadata.version(name)}" for name in ("aiohttp", "SQLAlchemy", "pydantic"))
    yield f"FDI Monitor {monitor.__version__}, Python {platform.python_version()}, {libraries}"
    if not peers.missing():
        yield f"beside it, as Debian packages: {peers.version(peers.PROMETHEUS)}, {peers.version(peers.ALERTMANAGER)}"


def page(ran: Sequence[Ran]) -> str:
    """The whole document."""
    return "\n".join([*_head(ran), *_table(ran), *(line for one in ran for line in _detail(one))]).rstrip("\n") + "\n"


def _head(ran: Sequence[Ran]) -> Iterator[str]:
    yield "# What it costs and how fast it is"
    yield ""
    yield "`make bench` measures all of this anew and writes this page. What stands beside a figure was measured in the"
    yield "same run on the same machine: compare ratios, rather than seconds, with a machine of your own."
    yield ""
    for place in dict.fromkeys(tuple(one.machine) for one in ran):
        yield from (f"* {line}" for line in place)
    days = sorted({one.at for one in ran})
    yield f"* measured on {days[0]}" + (f" to {days[-1]}" if len(days) > 1 else "")
    yield ""


def _table(ran: Sequence[Ran]) -> Iterator[str]:
    yield "| what | goal | ours | beside it | |"
    yield "| --- | --- | --- | --- | --- |"
    for row in (row for one in ran for row in one.rows):
        cells = (row.what, row.goal, row.ours, row.beside, row.verdict)
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
    yield ""
    yield "What became of messages when something broke, here and with Alertmanager, is in [trust.md](trust.md)."
    yield ""


def _detail(one: Ran) -> Iterator[str]:
    yield f"## `{one.command}`"
    yield ""
    if one.code and not one.rows:
        yield f"It ended with code {one.code}."
        yield ""
    if one.printed:
        yield from ("```text", *(line.rstrip() for line in one.printed.splitlines()), "```", "")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names with commas between them")
    chosen = parser.parse_args()
    names = chosen.only.split(",") if chosen.only else list(SUITE)
    if unknown := [name for name in names if name not in SUITE]:
        parser.error(f"there is no benchmark {unknown[0]}: there are {', '.join(SUITE)}")
    if absent := peers.missing():
        sys.exit(absent)
    found = known()
    for number, name in enumerate(names, start=1):
        print(f"\n[{number} of {len(names)}] {name}", flush=True)
        found[name] = run(name)
        print(f"({found[name].seconds:.0f} s)", flush=True)
        # after each, so that what was measured is not lost with what comes after it
        RESULTS.write_text(json.dumps({key: asdict(found[key]) for key in SUITE if key in found}, **STYLE) + "\n")
        PAGE.write_text(page([found[key] for key in SUITE if key in found]), encoding="utf-8")
    missed = [row.what for name in names for row in found[name].rows if row.held is False]
    failed = [found[name].command for name in names if found[name].code and not found[name].rows]
    print(f"{len(missed)} missed, {len(failed)} failed", *missed, *failed, sep="\n  ")
    return 1 if missed or failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
