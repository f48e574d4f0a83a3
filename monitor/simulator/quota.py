"""Request quotas over sliding windows, counted exactly. Pure: the moment of every arrival is an argument."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

from monitor.simulator.durations import seconds

_TEXT = re.compile(r"(\d+)\s*/\s*(\S+)")
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `requests` in any window of `per` seconds."""

    requests: int
    per: float

    @classmethod
    def parse(cls, text: str) -> Limit:
        """`20/s`, `100/1m`, `5/10s`. Raises `ValueError` with a text that says what to write."""
        found = _TEXT.fullmatch(text.strip())
        unit = found[2] if found else ""
        try:
            limit = cls(int(found[1]) if found else 0, seconds(unit if unit[:1].isdigit() else f"1{unit}"))
        except ValueError:
            limit = cls(0, 0)
        if limit.requests == 0 or limit.per == 0:
            raise ValueError(f"{text!r} is not a quota: write requests per time, such as 20/s or 100/1m")
        return limit

    @property
    def words(self) -> str:
        """The limit as the gateway writes it into its refusal: `limit:20,time:1 second`."""
        size, unit = next(((size, unit) for size, unit in _UNITS if self.per % size == 0), (1, "second"))
        return f"limit:{self.requests},time:{self.per / size:g} {unit}"


class Window:
    """What arrived within the last `per` seconds, in (at - per, at]. A clock that goes back counts as standing."""

    __slots__ = ("_arrivals", "highest", "per")

    def __init__(self, per: float) -> None:
        self.per = per
        self.highest = 0
        self._arrivals: deque[float] = deque()

    def count(self, at: float) -> int:
        """How many there are at `at`, before anything arrives."""
        arrivals = self._arrivals
        gone = at - self.per
        while arrivals and arrivals[0] <= gone:
            arrivals.popleft()
        return len(arrivals)

    def add(self, at: float) -> int:
        """One more at `at`; how many there are with it."""
        arrivals = self._arrivals
        self.count(at)
        arrivals.append(max(at, arrivals[-1]) if arrivals else at)
        self.highest = max(self.highest, len(arrivals))
        return len(arrivals)


class Quota:
    """Lets arrivals pass while every limit holds. What is refused takes nothing from the quota."""

    def __init__(self, *limits: Limit) -> None:
        self._windows = tuple((limit, Window(limit.per)) for limit in limits)

    def take(self, at: float) -> Limit | None:
        """None if the arrival at `at` (seconds) passes, else the limit that it would break."""
        for limit, window in self._windows:
            if window.count(at) >= limit.requests:
                return limit
        for _, window in self._windows:
            window.add(at)
        return None
