"""`fdi-monitor config`: the settings in effect."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import click
from pydantic import SecretStr

from monitor import durations, environment
from monitor.cli import PROGRAM
from monitor.redaction import MASK
from monitor.settings import flat


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts: one object by variable, and the warnings.")
def config(as_json: bool) -> None:
    """Shows the settings in effect and where each comes from.

    Secrets are masked. Variables that nothing reads are named, so that a misspelt one is found.

    \b
    Example:
      fdi-monitor config
      FDI_MONITOR_WEB__PORT=9090 fdi-monitor config --json
    """
    loaded = environment.load()
    rows = [(variable, _shown(value), loaded.origins[variable]) for variable, value in flat(loaded.settings)]
    if as_json:
        settings = {variable: {"value": value, "origin": origin} for variable, value, origin in rows}
        click.echo(json.dumps({"settings": settings, "warnings": loaded.warnings}, indent=2, ensure_ascii=False))
        return
    widths = [max(len(str(row[column])) for row in rows) for column in (0, 1)]
    for variable, value, origin in rows:
        click.echo(f"{variable:<{widths[0]}}  {value!s:<{widths[1]}}  {origin}")
    for warning in loaded.warnings:
        click.echo(f"{PROGRAM}: warning: {warning}", err=True)


def _shown(value: object) -> str | int:
    match value:
        case None:
            return ""
        case SecretStr():
            return MASK if value.get_secret_value() else ""
        case Path():
            return str(value.absolute())
        case timedelta():
            return durations.show(value)
        case int():
            return value
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)
