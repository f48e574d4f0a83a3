"""`fdi-monitor doctor`: each account examined."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from monitor import clock
from monitor.cli import GOOD, TROUBLE
from monitor.cli.policies import chosen, load_policy
from monitor.cli.start import aio, begin
from monitor.fdi.checkup import Check, Grade, examine

_COLOURS = {Grade.OK: "green", Grade.WARNING: "yellow", Grade.TROUBLE: "red"}


@click.command()
@click.option("--account", help="Only this account.")
@click.option(
    "--rules", type=click.Path(path_type=Path), help="The folder of the policy; else FDI_MONITOR_RULES, else ./rules."
)
@click.option("--json", "as_json", is_flag=True, help="Prints the checks as JSON.")
@aio
async def doctor(account: str | None, rules: Path | None, as_json: bool) -> int:
    """Examines each account: reachable, accepted, permitted, within its quota.

    A few requests for each account; at most one authentication fails. Nothing is stored and nobody is told. Exit code
    1 when there is trouble.

    \b
    Example:
      fdi-monitor doctor --account prod
    """
    settings = begin()
    accounts = chosen(load_policy(rules or settings.rules), account)
    examined = await asyncio.gather(*(examine(one, clock.now) for one in accounts))
    found = {one.name: checks for one, checks in zip(accounts, examined, strict=True)}
    if as_json:
        rows = [{"account": name, **asdict(check)} for name, checks in found.items() for check in checks]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        _show(found)
    return TROUBLE if any(check.grade is Grade.TROUBLE for checks in found.values() for check in checks) else GOOD


def _show(found: Mapping[str, Sequence[Check]]) -> None:
    for name, checks in found.items():
        click.secho(name, bold=True)
        for check in checks:
            grade = click.style(f"{check.grade:<8}", fg=_COLOURS[check.grade])
            click.echo(f"  {grade} {check.name:<12} {check.found}")
            if check.advice:
                click.echo(f"{'':24}-> {check.advice}")
