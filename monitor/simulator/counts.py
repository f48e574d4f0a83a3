"""Task counts of an instance, as the documented statistics call writes them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple


class Counts(NamedTuple):
    """Tasks of one kind by state."""

    running: int = 0
    abnormal: int = 0
    terminated: int = 0
    completed: int = 0

    def changed(self, states: Mapping[str, int]) -> Counts:
        """These counts with the named states replaced."""
        return self._replace(**states) if states else self


NONE = Counts()


def states(raw: object, where: str) -> dict[str, int]:
    """A mapping of states to counts out of JSON or YAML. Raises `ValueError` naming what is wrong with it."""
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise ValueError(f"{where}: write a mapping such as {{abnormal: 3}}, not {raw!r}")  # noqa: TRY004
    for state, count in raw.items():
        if state not in Counts._fields:
            raise ValueError(f"{where}: no state {state!r}; there are {', '.join(Counts._fields)}")
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ValueError(f"{where}.{state}: {count!r} is not a whole number from 0")
    return dict(raw)


def details(counts: Counts) -> dict[str, int]:
    """One block of the documented body."""
    return {f"{state}_tasks_count": count for state, count in counts._asdict().items()}


@lru_cache(maxsize=4096)
def statistics_body(common: Counts, cdc: Counts) -> bytes:
    """The documented body of the statistics call."""
    return json.dumps({"common_task_details": details(common), "cdc_task_details": details(cdc)}).encode()
