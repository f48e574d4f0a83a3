"""How a command begins its work: settings, logs and an event loop, the same way for each.

@click.command()
@aio
async def poll() -> None:
    settings = begin()
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from monitor.cli import PROGRAM

if TYPE_CHECKING:
    from monitor.settings import Settings

# Settings and logs are imported where they are needed: it takes as long as checking a thousand rules.

P = ParamSpec("P")
R = TypeVar("R")


def begin() -> Settings:
    """Reads the settings of this machine, directs the logs, and warns of variables that nothing reads.

    Raises:
        UsageError: a setting cannot be used.
    """
    from monitor import environment, telemetry

    loaded = environment.load()
    telemetry.set_up(level=loaded.settings.log.level, style=loaded.settings.log.format)
    for warning in loaded.warnings:
        click.echo(f"{PROGRAM}: warning: {warning}", err=True)
    return loaded.settings


def rules_folder(given: Path | None) -> Path:
    """The folder of the policy: the one given, else that of the settings.

    Raises:
        UsageError: a setting cannot be used.
    """
    if given is not None:
        return given
    from monitor import environment

    return environment.load().settings.rules


def aio(function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    """Makes a coroutine function callable as a command: each call has an event loop of its own."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        # with a factory of its own the runner does not replace the loop that belongs to whoever calls a command
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(function(*args, **kwargs))

    return run
