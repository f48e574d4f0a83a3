"""`fdi-monitor simulate`: the simulated cloud alone."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import click

from monitor.cli.signals import stop_on_signals
from monitor.errors import UsageError
from monitor.simulator import KINDS, Scenario, Simulator, SimulatorOptions, load
from monitor.simulator.quota import Limit


def _quota(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    try:
        Limit.parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return value


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=18080, show_default=True, help="Port; 0 takes a free one."
)
@click.option(
    "--instances", type=click.IntRange(0, 100_000), default=20, show_default=True, help="How many instances there are."
)
@click.option("--quota", default="20/s", show_default=True, callback=_quota, help="Requests to FDI let through.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same cloud.")
@click.option(
    "--scenario",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What happens when (YAML); left out, a built-in story repeats every five minutes.",
)
def simulate(host: str, port: int, instances: int, quota: str, seed: int, scenario: Path | None) -> None:
    """Runs the simulated cloud alone, until Ctrl-C or SIGTERM.

    FDI, IAM, chat robots and the chat room share one port. Address and credentials are printed as `key: value` lines.

    \b
    Example:
      fdi-monitor simulate --port 18080 --instances 50 --quota 100/1m
    """
    chosen = _read(scenario)
    asyncio.run(_serve(SimulatorOptions(instances, quota, seed, host, port, chosen)))


async def _serve(options: SimulatorOptions) -> None:
    simulator = Simulator(options)
    stop = stop_on_signals(asyncio.get_running_loop())
    for target in simulator.cloud.scenario.unmatched(simulator.cloud.machines()):
        click.echo(f"warning: the scenario names {target!r}, but no instance is called so", err=True)
    try:
        await simulator.__aenter__()
    except OSError as error:
        raise UsageError(_unheard(error, options.host, options.port)) from error
    try:
        for key, value in simulator.credentials.as_dict().items():
            click.echo(f"{key}: {value}")
        await stop.wait()
    finally:
        await simulator.__aexit__(None, None, None)


def _read(path: Path | None) -> Scenario | None:
    if path is None:
        return None
    try:
        return load(path.read_text(encoding="utf-8"), source=str(path), kinds=KINDS)
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error


def _unheard(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: stop what uses it, or choose another with --port"
    return f"cannot listen on {host}:{port}: {error.strerror or error}; choose others with --host and --port"
