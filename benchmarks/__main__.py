"""Runs the benchmarks one after the other and writes what they say to docs/benchmarks.md.

    python -m benchmarks [--only quota,rules] [--page docs/benchmarks.md]

It takes about half an hour on two cores, which should have nothing else to do. With `--only` no page is written.
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
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import monitor
from benchmarks import peers
from benchmarks.report import ROWS, Row
from monitor import clock

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
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
    "soak": ("--minutes", "5"),
}
"""Each with its arguments, in the order of the page. `benchmarks.trust` has a page of its own, docs/trust.md."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One benchmark: its command, its code, what it printed, its figures, and how long it took."""

    command: str
    code: int
    printed: str
    rows: Sequence[Row]
    seconds: float


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
    command = " ".join(["python", *words])
    return Ran(command, process.returncode, "".join(printed), rows, time.perf_counter() - began)


def machine() -> Iterator[str]:
    """Lines on where this was measured."""
    cpus = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(": ")[2] for line in cpus if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.system()} {platform.release()}"
    libraries = ", ".join(f"{name} {metadata.version(name)}" for name in ("aiohttp", "SQLAlchemy", "pydantic"))
    yield f"FDI Monitor {monitor.__version__}, Python {platform.python_version()}, {libraries}"
    if not peers.missing():
        yield f"beside it, as Debian packages: {peers.version(peers.PROMETHEUS)}, {peers.version(peers.ALERTMANAGER)}"


def page(ran: Sequence[Ran]) -> str:
    """The whole document."""
    return "\n".join([*_head(), *_table(ran), *(line for one in ran for line in _detail(one))]) + "\n"


def _head() -> Iterator[str]:
    yield "# What it costs and how fast it is"
    yield ""
    yield "`make bench` measures all of this anew and writes this page. What stands beside a figure was measured in the"
    yield "same run on the same machine: compare ratios, rather than seconds, with a machine of your own."
    yield ""
    yield from (f"* {line}" for line in machine())
    yield f"* measured on {clock.now():%Y-%m-%d}"
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
    tables = one.printed.partition("\nheld: ")[0].partition("\nMISSED: ")[0].strip("\n")
    yield from ("```text", *(line.rstrip() for line in tables.splitlines()), "```", "")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names with commas between them")
    parser.add_argument("--page", type=Path, default=PAGE)
    chosen = parser.parse_args()
    names = chosen.only.split(",") if chosen.only else list(SUITE)
    if unknown := [name for name in names if name not in SUITE]:
        parser.error(f"there is no benchmark {unknown[0]}: there are {', '.join(SUITE)}")
    if absent := peers.missing():
        sys.exit(absent)
    ran = []
    for number, name in enumerate(names, start=1):
        print(f"\n[{number} of {len(names)}] {name}", flush=True)
        ran.append(run(name))
        print(f"({ran[-1].seconds:.0f} s)", flush=True)
    missed = [row.what for one in ran for row in one.rows if row.held is False]
    failed = [one.command for one in ran if one.code and not one.rows]
    if not chosen.only:
        chosen.page.write_text(page(ran), encoding="utf-8")
        print(f"\nwritten: {chosen.page}")
    print(f"{len(missed)} missed, {len(failed)} failed", *missed, *failed, sep="\n  ")
    return 1 if missed or failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
