"""Stretches of time with a name: from one moment to another, or again and again by a cron expression. Pure.

A recurring window opens when the clocks of its zone show what the cron expression says, and stays open for its
duration of real time. Clocks that are put forward or back follow Debian's cron: an opening that the clocks skip is at
the moment after the gap, one that they show twice is at the first.

    Window("nights", cron="0 22 * * *", duration=9h, zone=Asia/Shanghai)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice

from cronsim import CronSim, CronSimError

from monitor.textfault import TextFault, quoted

_LOOK_AHEAD = 500
"""Openings that are joined into one spell at most: a window that never closes is looked at again now and then."""
_BACK = timedelta(hours=3)
"""More than clocks are ever put back."""


@dataclass(frozen=True, slots=True)
class Spell:
    """Whether something is in force, and `until` when that surely stays so (exclusive); None for ever."""

    open: bool
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """A window that is open once, from `start` until before `end`."""

    name: str
    start: datetime
    end: datetime

    def at(self, at: datetime) -> Spell:
        """How it stands at `at`."""
        return between(self.start, self.end, at)


@dataclass(frozen=True, slots=True)
class Recurring:
    """A window that opens by `cron` (five fields) on the clocks of `zone`, each time for `duration`."""

    name: str
    cron: str
    duration: timedelta
    zone: tzinfo

    def at(self, at: datetime) -> Spell:
        """How it stands at `at`. Openings that overlap or touch are one spell."""
        opened = openings(self.cron, self.zone, at - self.duration)
        first = next(opened, None)
        if first is None or first > at:
            return Spell(False, first)
        end = first + self.duration
        for opening in islice(opened, _LOOK_AHEAD):
            if opening > end:
                break
            end = opening + self.duration
        return Spell(True, end)


Window = Fixed | Recurring
Windows = Mapping[str, Window]
"""By name."""
Spells = Mapping[str, Spell]
"""How windows stand at one moment, by name."""


def spells(windows: Windows, at: datetime) -> dict[str, Spell]:
    """How each window stands at `at`."""
    return {name: window.at(at) for name, window in windows.items()}


def openings(cron: str, zone: tzinfo, at: datetime) -> Iterator[datetime]:
    """When the clocks of `zone` show what `cron` says, after `at`, in UTC. What cron gives is asked for from before an
    hour that comes twice."""
    for opening in CronSim(cron, (at - _BACK).astimezone(zone)):
        moment = opening.astimezone(UTC)
        if moment > at:
            yield moment


def between(start: datetime, end: datetime, at: datetime) -> Spell:
    """What is in force from `start` until before `end`."""
    if at < start:
        return Spell(False, start)
    return Spell(True, end) if at < end else Spell(False)


def check_cron(text: str) -> str:
    """`text`, if it is a cron expression of five fields that comes true at all; TextFault if not."""
    if len(text.split()) != 5:
        raise TextFault(
            f'{quoted(text)} is not a cron expression: write minute, hour, day, month and weekday, as "0 22 * * *"',
            width=len(text),
        )
    try:
        opening = next(CronSim(text, datetime(2026, 1, 1, tzinfo=UTC)), None)
    except CronSimError as error:
        raise TextFault(f"{quoted(text)} is not a cron expression: {str(error).lower()}", width=len(text)) from None
    if opening is None:
        raise TextFault(f"{quoted(text)} never comes true", width=len(text))
    return text
