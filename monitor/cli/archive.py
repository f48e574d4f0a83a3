"""How a command reads what the service stored, while that may be running: history and alerts, read only."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from monitor import durations
from monitor.cli.start import aio
from monitor.policy.policy import Policy
from monitor.rules.past import Past
from monitor.rules.replay import Progress as Tell
from monitor.rules.rule import Rule
from monitor.settings import Settings
from monitor.store import pasts
from monitor.store.database import open_archive


class Span(click.ParamType[Any]):
    """A duration as the policy writes it: `7d`, `90m`."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The duration; longer than none."""
        if isinstance(value, timedelta):
            return value
        try:
            length = durations.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not length:
            self.fail("that is no time at all: write 7d, 12h or 90m", param, ctx)
        return length


@aio
async def read_pasts(settings: Settings, since: datetime, until: datetime, rules: Sequence[Rule]) -> list[Past]:
    """The history of every instance from `since` to `until`, with what the windows of `rules` need before it.

    Raises:
        UsageError: nothing is stored where the settings say.
        StoreFailed: the database did not answer.
    """
    reach = max((rule.reach for rule in rules), default=timedelta())
    async with open_archive(settings.data, settings.database) as archive, archive.read() as tx:
        return await pasts.between(tx, since, until, reach=reach)


def deaf(policy: Policy) -> frozenset[str]:
    """The receivers none of whose kinds takes a message that only tells of ends."""
    return frozenset(
        one.name for one in policy.receivers if not any(kind.options.send_resolved for kind in one.integrations)
    )


@contextmanager
def progress(task: str, since: datetime, until: datetime) -> Iterator[Tell | None]:
    """A bar on a terminal, by the time that was replayed; nothing where standard error is none."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task(task, total=(until - since).total_seconds())
        yield lambda at: bar.update(shown, completed=(at - since).total_seconds())


def brief(length: timedelta | None) -> str:
    """A duration that people read: seconds below an hour, then minutes, then hours."""
    if length is None:
        return "-"
    unit = next((size for least, size in ((timedelta(days=2), "h"), (timedelta(hours=1), "m")) if length >= least), "s")
    return durations.show(round(length / durations.UNITS[unit]) * durations.UNITS[unit])


def seconds(length: timedelta | None) -> float | None:
    """A duration for programs."""
    return None if length is None else round(length.total_seconds(), 3)


def share(part: float | None) -> str:
    """A share that people read."""
    return "-" if part is None else f"{part:.0%}"
