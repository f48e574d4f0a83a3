"""What a benchmark says at its end: one row for each figure, with its goal, and what others do in the same run."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

ROWS = "FDI_BENCH_ROWS"
"""Names the file to which rows are added, for `python -m benchmarks`, which makes the page of them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `held` says whether `ours` reaches the goal; None where there is none."""

    what: str
    goal: str
    ours: str
    beside: str = ""
    held: bool | None = None

    @property
    def verdict(self) -> str:
        """In a word."""
        return {True: "held", False: "MISSED", None: "-"}[self.held]


def tell(*rows: Row) -> bool:
    """Prints the rows. Whether every goal is held."""
    print()
    for row in rows:
        beside = f"; beside it: {row.beside}" if row.beside else ""
        goal = f" (goal {row.goal})" if row.goal else ""
        print(f"{row.verdict}: {row.what}: {row.ours}{goal}{beside}", flush=True)
    if ROWS in os.environ:
        with Path(os.environ[ROWS]).open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)
    return all(row.held is not False for row in rows)
