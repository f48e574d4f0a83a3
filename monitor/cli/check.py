"""`fdi-monitor check`: the whole policy, every fault at its place."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click
from dotenv import dotenv_values

from monitor.cli.start import rules_folder
from monitor.errors import UsageError, columns
from monitor.policy import quota
from monitor.policy.loader import Examined, examine
from monitor.policy.policy import Policy
from monitor.policy.preview import previews
from monitor.policy.source import visible

DOTENV = Path(".env")
_NAMED = 5
"""Rules without a test that are named; more are counted."""


@click.command()
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Prints errors and warnings as JSON.")
@click.option("--strict", is_flag=True, help="Lets warnings count as errors.")
@click.option("--preview", is_flag=True, help="Shows each rule's summary, filled in with sample values.")
def check(directory: Path | None, as_json: bool, strict: bool, preview: bool) -> int:
    """Checks the whole policy in DIR and shows every fault at its place.

    DIR is by default the folder that FDI_MONITOR_RULES names, else ./rules. Exit code 0: good, perhaps with warnings;
    1: errors, or warnings with --strict; 2: there is no such folder.

    \b
    Examples:
      fdi-monitor check
      fdi-monitor check --strict --json rules
      fdi-monitor check --preview rules
    """
    if as_json and preview:
        raise UsageError("--preview is for people: leave out --json, or --preview")
    examined = examine(rules_folder(directory), environment())
    if as_json:
        click.echo(json.dumps(_answer(examined), indent=2, ensure_ascii=False))
    else:
        _show(examined, preview=preview)
    return 1 if examined.policy is None or (strict and examined.warnings) else 0


def environment(dotenv: Path = DOTENV) -> Mapping[str, str]:
    """What references in the policy are filled in from: the environment, and beneath it `dotenv` where it exists."""
    try:
        written = dotenv_values(dotenv) if dotenv.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{dotenv} cannot be read: make it a readable text file in UTF-8, or remove it") from error
    return {name: value for name, value in written.items() if value is not None} | dict(os.environ)


def _answer(examined: Examined) -> dict[str, object]:
    return {
        "ok": examined.policy is not None,
        "errors": [fault.as_dict() for fault in examined.faults],
        "warnings": [fault.as_dict() for fault in examined.warnings],
    }


def _show(examined: Examined, *, preview: bool) -> None:
    for fault in examined.faults:
        click.echo(f"{fault}\n")
    for warning in examined.warnings:
        click.echo(f"warning: {warning}\n")
    if examined.policy is None:
        found = [_counted(examined.faults, "error")]
        if examined.warnings:
            found.append(_counted(examined.warnings, "warning"))
        click.echo(f"{', '.join(found)} in {_counted(examined.files, 'file')}")
        return
    for account in examined.policy.accounts:
        click.echo(f"{visible(account.name)}: {quota.arithmetic(account)}")
    if preview:
        _show_summaries(examined.policy)
    # A note, for --strict to leave alone: a rule may well be tried before its test is written.
    if untested := examined.policy.untested:
        click.echo(f"note: no test expects an alert of {_some(untested)}")
    warned = f" ({_counted(examined.warnings, 'warning')})" if examined.warnings else ""
    click.echo(f"ok: {_contents(examined.policy)}{warned}")


def _show_summaries(policy: Policy) -> None:
    found = list(previews(policy))
    width = max((columns(each.rule) for each in found), default=0)
    for each in found:
        name = visible(each.rule) + " " * (width - columns(each.rule))
        click.echo(f"  {name}  {each.severity:8}  {visible(each.text) or '(no summary)'}")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(visible(name) for name in names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


def _contents(policy: Policy) -> str:
    return ", ".join(
        [
            _counted(policy.accounts, "account"),
            _counted(policy.rules, "rule"),
            _counted(policy.receivers, "receiver"),
            _counted(policy.cases, "test"),
        ]
    )


def _counted(things: Iterable[object], noun: str) -> str:
    count = len(tuple(things))
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
