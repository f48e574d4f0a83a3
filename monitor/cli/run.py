"""`fdi-monitor run`: the service."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import click
import structlog

from monitor import clock
from monitor.app import World, running
from monitor.cli import GOOD
from monitor.cli.check import environment
from monitor.cli.policies import load_policy
from monitor.cli.signals import call_on_hangup, stop_on_signals
from monitor.cli.start import aio, begin
from monitor.garbage import look_rarely
from monitor.reloader import Source
from monitor.systemd import READY, STOPPING, Systemd
from monitor.tracing import exporting

log = structlog.get_logger()


@click.command()
@click.option(
    "--rules", type=click.Path(path_type=Path), help="The folder of the policy; else FDI_MONITOR_RULES, else ./rules."
)
@click.option("--insecure", is_flag=True, help="Serve the pages beyond this machine without a login.")
@aio
async def run(rules: Path | None, insecure: bool) -> int:
    """Runs the service.

    It polls, judges and tells people until Ctrl-C or SIGTERM; a second Ctrl-C ends it at once. What it knows is kept
    in the data folder (FDI_MONITOR_DATA), so the next start goes on where this one stopped.

    Changed files of the policy are reloaded by themselves, and on SIGHUP or POST /-/reload. A file with a fault stays
    in force as it was when it was last good, and the alert policy-invalid names the place.

    With the extra `otel` it sends traces where OTEL_EXPORTER_OTLP_ENDPOINT says.

    Under systemd it says when it runs and stops, and feeds the watchdog while every loop makes progress.

    \b
    Example:
      FDI_MONITOR_DATA=/var/lib/fdi-monitor fdi-monitor run --rules /etc/fdi-monitor/rules
    """
    settings = begin()
    folder = rules or settings.rules
    policy = load_policy(folder)
    source = Source(folder, environment)
    stop = stop_on_signals(asyncio.get_running_loop())
    call_on_hangup(asyncio.get_running_loop(), source.requests.ask)
    world = World(clock.Steady(stepped=_stepped), clock.zone(), clock.now)
    systemd = Systemd(os.environ, pid=os.getpid())
    async with AsyncExitStack() as stack:
        stack.enter_context(exporting(os.environ))
        service = await stack.enter_async_context(running(settings, policy, world, insecure=insecure, source=source))
        look_rarely()
        watching = asyncio.create_task(systemd.watch(service.pulse, world.now), name="systemd")
        log.info("running", pages=service.address, accounts=len(policy.accounts), rules=len(policy.rules))
        systemd.tell(READY)
        await stop.wait()
        log.info("stopping")
        systemd.tell(STOPPING)
        watching.cancel()
    return GOOD


def _stepped(forward: timedelta) -> None:
    log.warning("the clock of this machine was set, timers do not follow", seconds=round(forward.total_seconds()))
