"""The recent past of one instance, kept as runs: a new run only when the counts change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from monitor.model import Counts, Run

_TICK = timedelta(microseconds=1)


class Window:
    """The good samples of the last `span`, and the one run before them that `ago` needs.

    Within a run the polls are taken as evenly spaced between its start and its end.
    """

    __slots__ = ("_runs", "span")

    def __init__(self, span: timedelta, runs: Iterable[Run] = ()) -> None:
        """`runs` are those stored, oldest first, not overlapping; those of failed polls are left out."""
        self.span = span
        self._runs = [run for run in runs if run.common is not None and run.cdc is not None]
        if self._runs:
            self._forget(self._runs[-1].end)

    @property
    def runs(self) -> tuple[Run, ...]:
        """Oldest first."""
        return tuple(self._runs)

    def append(self, at: datetime, common: Counts, cdc: Counts) -> None:
        """Adds a good sample. One that is older than the last means that the clock was set back: the past can no
        longer be placed on it, and the window starts anew."""
        if self._runs and at < self._runs[-1].end:
            self._runs.clear()
        last = self._runs[-1] if self._runs else None
        if last is not None and last.common == common and last.cdc == cdc:
            self._runs[-1] = Run(last.start, at, last.polls + 1, last.common, last.cdc, None, last.suspicious)
        else:
            self._runs.append(Run(at, at, 1, common, cdc))
        self._forget(at)

    def extend(self, at: datetime, polls: int) -> None:
        """Adds so many samples up to `at` that saw what the last one saw."""
        last = self._runs[-1]
        self._runs[-1] = Run(last.start, at, last.polls + polls, last.common, last.cdc, None, last.suspicious)
        self._forget(at)

    def within(self, after: datetime, until: datetime) -> list[tuple[Run, int]]:
        """The runs with samples in (after, until], oldest first, each with how many those are."""
        found = []
        for run in reversed(self._runs):
            if run.end <= after:
                break
            if run.start > after and run.end <= until:
                found.append((run, run.polls))
            elif polls := _polls_up_to(run, until) - _polls_up_to(run, after):
                found.append((run, polls))
        found.reverse()
        return found

    def before(self, moment: datetime) -> Run | None:
        """The run of the last sample at or before `moment`, if the window reaches that far."""
        return next((run for run in reversed(self._runs) if run.start <= moment), None)

    def _forget(self, at: datetime) -> None:
        edge = at - self.span
        outlived = 0
        while outlived + 1 < len(self._runs) and self._runs[outlived + 1].start <= edge:
            outlived += 1
        if outlived:
            del self._runs[:outlived]


def _polls_up_to(run: Run, moment: datetime) -> int:
    """How many of the run's polls were at or before `moment`."""
    if moment < run.start:
        return 0
    if moment >= run.end:
        return run.polls
    return (moment - run.start) // _TICK * (run.polls - 1) // ((run.end - run.start) // _TICK) + 1
