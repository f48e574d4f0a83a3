"""`fdi-monitor record`: a stretch of history as a test of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click

from monitor import clock
from monitor.cli import GOOD, PROGRAM
from monitor.cli.archive import Span, brief, read_pasts
from monitor.cli.check import environment
from monitor.cli.start import begin
from monitor.errors import UsageError
from monitor.policy.loader import load
from monitor.policy.recording import record as recorded
from monitor.policy.recording import written
from monitor.rules.past import Past
from monitor.rules.suite import Suite
from monitor.textfault import TextFault


@click.command()
@click.argument("instance")
@click.option("--since", type=Span(), default="2h", show_default=True, help="How long ago it begins.")
@click.option("--until", type=Span(), help="How long ago it ends; else now.")
@click.option("--account", help="The account of the instance, where several have one of that name.")
@click.option("--rules", type=click.Path(path_type=Path), help="The folder of the policy; else FDI_MONITOR_RULES.")
@click.option("--output", type=click.Path(path_type=Path), help="The file to write; it must not be there yet.")
def record(
    instance: str,
    since: timedelta,
    until: timedelta | None,
    account: str | None,
    rules: Path | None,
    output: Path | None,
) -> int:
    """Writes a stretch of an instance's history as a test of the rules.

    What it expects is what the present rules make of it, so it passes as it is: change the expectations to what should
    have been, then the rules until the test passes. The history is read from the data folder (FDI_MONITOR_DATA) and
    not changed; the service may be running. INSTANCE is a name or an id.

    \b
    Example:
      fdi-monitor record orders --since 2h --output rules/orders.test.yaml
    """
    settings = begin()
    policy = load(rules or settings.rules, environment(), doors=False)
    now = clock.now()
    end = now - until if until is not None else now
    if now - since >= end:
        raise UsageError(f"--until {brief(until)} lies before --since {brief(since)}: swap them")
    past = _chosen(read_pasts(settings, now - since, end, ()), instance, account)
    suite = Suite(policy.rules, policy.route, {receiver.name: receiver.language for receiver in policy.receivers})
    try:
        text = written(recorded(past, suite, zone=clock.zone()), zone=clock.zone())
    except TextFault as fault:
        raise UsageError(fault.message) from fault
    if output is None:
        click.echo(text, nl=False)
        return GOOD
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{output} is there already: name another file, or remove it") from error
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from error
    click.echo(f"{PROGRAM}: wrote {output}", err=True)
    return GOOD


def _chosen(pasts: Sequence[Past], name: str, account: str | None) -> Past:
    found = [
        past
        for past in pasts
        if name in (past.instance.name, past.instance.id) and account in (None, past.instance.account)
    ]
    if not found:
        known = ", ".join(sorted({past.instance.name for past in pasts})) or "none"
        raise UsageError(f"no instance {name} was polled in that time; polled were: {known}")
    if len(found) > 1:
        accounts = ", ".join(sorted(past.instance.account for past in found))
        raise UsageError(f"several instances are called {name}: choose one with --account ({accounts}), or by its id")
    return found[0]
