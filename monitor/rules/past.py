"""What is stored of an instance, cut at a moment: what was known by then, and what came after. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model import Instance, Run
from monitor.rules.health import Health, health_of

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Past:
    """One instance on the way through its history.

    `health` and `before` (runs, oldest first) are what is known when the way begins, None and empty where it was
    never polled until then; `runs` are what follows.
    """

    instance: Instance
    health: Health | None
    before: Sequence[Run]
    runs: Sequence[Run]


def past_of(
    instance: Instance, *, first_at: datetime, runs: Iterable[Run], good: Run | None, since: datetime, until: datetime
) -> Past:
    """The instance from `since` to `until`. `runs` are those that reach beyond the windows' look-back, oldest first;
    `good` is the last good one before them; `first_at` is when it was polled first."""
    before: list[Run] = []
    after: list[Run] = []
    for run in runs:
        earlier, rest = split(run, since)
        if earlier is not None:
            before.append(earlier)
        within, _ = split(rest, until + _TICK) if rest is not None else (None, None)
        if within is not None:
            after.append(within)
    known_good = next((run for run in reversed(before) if run.failure is None), good)
    last = before[-1] if before else known_good
    health = health_of(min(first_at, since), last, known_good) if last is not None else None
    return Past(instance, health, before, after)


def spacing(run: Run) -> timedelta:
    """The time between two polls of the run, whole microseconds; zero where it has one."""
    return (run.end - run.start) // (run.polls - 1) if run.polls > 1 else timedelta()


def moment(run: Run, number: int) -> datetime:
    """When the run's poll `number` (0 is the first) was. They are evenly spaced; the last one is at the end."""
    return run.end if number >= run.polls - 1 else run.start + number * spacing(run)


def number_at(run: Run, at: datetime) -> int:
    """Which of the run's polls is the first at or after `at`; as many as it has polls where none is."""
    if at <= run.start:
        return 0
    if at > run.end:
        return run.polls
    step = spacing(run)
    return min(-((run.start - at) // step), run.polls - 1) if step else run.polls - 1


def split(run: Run, at: datetime) -> tuple[Run | None, Run | None]:
    """The run's polls before `at`, and those from then on."""
    number = number_at(run, at)
    if number == 0:
        return None, run
    if number >= run.polls:
        return run, None
    earlier = replace(run, end=moment(run, number - 1), polls=number)
    return earlier, replace(run, start=moment(run, number), polls=run.polls - number)
