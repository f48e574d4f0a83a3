"""`fdi-monitor demo`: everything at work on a simulated cloud, no credentials needed."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import timedelta
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from monitor import clock, durations, telemetry
from monitor.app import Service, World, running
from monitor.cli import GOOD
from monitor.cli.signals import stop_on_signals
from monitor.cli.start import aio
from monitor.policy.loader import load
from monitor.settings import Settings, Web
from monitor.simulator import Simulator, SimulatorOptions
from monitor.store import alerts, outbox
from monitor.store.outbox import Standing

QUOTA = "20/s"


def _duration(_ctx: click.Context, _param: click.Parameter, value: str | None) -> timedelta | None:
    try:
        return durations.parse(value) if value else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.option("--for", "lasts", callback=_duration, metavar="DURATION", help="End after this time, such as 30s.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Where the pages are.")
@click.option("--instances", type=click.IntRange(1, 1000), default=12, show_default=True, help="How many there are.")
@aio
async def demo(lasts: timedelta | None, port: int, instances: int) -> int:
    """Shows everything at work on a simulated cloud.

    A simulated FDI cloud in which tasks break and recover, the service that watches it, a chat room and the dashboard,
    all on this machine. With --for it ends by itself and says what happened; else Ctrl-C ends it.

    \b
    Example:
      fdi-monitor demo --for 30s
    """
    telemetry.set_up(level="warning")
    stop = stop_on_signals(asyncio.get_running_loop())
    async with Simulator(SimulatorOptions(instances=instances, quota=QUOTA)) as simulator:
        with tempfile.TemporaryDirectory(prefix="fdi-monitor-demo-") as data, as_file(_rules()) as rules:
            settings = Settings(data=Path(data), web=Web(port=port))
            policy = load(rules, _environment(simulator))
            async with running(settings, policy, World(clock.now, clock.zone(), clock.now, at_hand=True)) as service:
                _welcome(service, simulator, lasts)
                await _until(stop, lasts)
                click.echo(await _summary(service, simulator))
    return GOOD


def _rules() -> Traversable:
    return files("monitor.cli") / "demo_rules"


def _environment(simulator: Simulator) -> dict[str, str]:
    """What the demo's policy asks for in its `${...}`."""
    return {name.upper(): value for name, value in simulator.credentials.as_dict().items()}


def _welcome(service: Service, simulator: Simulator, lasts: timedelta | None) -> None:
    click.echo(f"dashboard        {service.address}/")
    click.echo(f"chat room        {simulator.credentials.chat}")
    click.echo(f"simulated cloud  {simulator.url}  (project {simulator.credentials.project_id})")
    end = f"ends after {durations.show(lasts)}" if lasts else "Ctrl-C ends it"
    click.echo(f"The first tasks break within seconds; {end}.\n")


async def _until(stop: asyncio.Event, lasts: timedelta | None) -> None:
    try:
        async with asyncio.timeout(lasts.total_seconds() if lasts else None):
            await stop.wait()
    except TimeoutError:
        return


async def _summary(service: Service, simulator: Simulator) -> str:
    """What happened, from what the service counted and stored and from what the cloud saw."""
    async with service.store.read() as tx:
        fired, resolved = await alerts.tally(tx)
        letters = await outbox.tally(tx)
    polls = {outcome: service.meters.polls_of("demo", outcome) for outcome in ("good", "failed")}
    stats = simulator.cloud.stats()
    lines = [
        "",
        f"polls      {sum(polls.values())}, failed {polls['failed']}",
        f"alerts     {fired} fired, {resolved} resolved",
    ]
    for receiver in sorted({receiver for receiver, _ in letters}):
        sent, waiting, dead = (
            letters.get((receiver, standing), 0) for standing in (Standing.SENT, Standing.WAITING, Standing.DEAD)
        )
        rest = "".join(f", {number} {word}" for number, word in ((waiting, "waiting"), (dead, "given up")) if number)
        lines.append(f"messages   {sent} delivered to {receiver}{rest}")
    lines.append(
        f"quota      at most {stats['highest_in_a_window']} requests in any second, {stats['quota']['requests']} are "
        f"allowed; {stats['refused'].get('quota', 0)} refused"
    )
    return "\n".join(lines)
