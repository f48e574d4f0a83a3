"""`fdi-monitor poll`: one poll of everything, now."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import click
from rich.console import Console
from rich.table import Table

from monitor import clock
from monitor.cli import GOOD, TROUBLE
from monitor.cli.policies import chosen, load_policy
from monitor.cli.start import aio, begin
from monitor.errors import UsageError
from monitor.fdi.account import Account
from monitor.fdi.cloud import Cloud
from monitor.fdi.wire import make_session
from monitor.model import KINDS, STATUSES, Alert, Instance, InstanceKey, Sample
from monitor.policy.policy import Policy
from monitor.rules.stage import Stage

WIDE = 400


@dataclass(frozen=True, slots=True)
class Seen:
    """One sample and the rules it breaches, whatever their `for`."""

    sample: Sample
    findings: tuple[str, ...]


@click.command()
@click.option("--account", help="Only this account.")
@click.option("--instance", help="Only the instances of this name or id.")
@click.option(
    "--rules", type=click.Path(path_type=Path), help="The folder of the policy; else FDI_MONITOR_RULES, else ./rules."
)
@click.option("--json", "as_json", is_flag=True, help="Prints the samples as JSON.")
@aio
async def poll(account: str | None, instance: str | None, rules: Path | None, as_json: bool) -> int:
    """Polls once now and shows the counts, and which rules they breach.

    Nothing is stored and nobody is told. Rules over several instances stand below the table. Exit code 1 when a poll
    failed.

    \b
    Example:
      fdi-monitor poll --account prod --instance orders
    """
    settings = begin()
    policy = load_policy(rules or settings.rules)
    accounts = chosen(policy, account)
    async with make_session() as session:
        polled = await asyncio.gather(*(_poll(one, instance, session) for one in accounts))
    samples = [sample for of_account in polled for sample in of_account]
    if not samples:
        raise UsageError("there is nothing to poll: " + _nothing(instance))
    breached = _breached(samples, policy)
    seen = [Seen(sample, tuple(map(_finding, breached.get(sample.instance.key, ())))) for sample in samples]
    if as_json:
        click.echo(json.dumps([_plain(one) for one in seen], indent=2, ensure_ascii=False))
    else:
        _show(seen)
        if instance is None:
            _show_together(breached.get(None, ()))
    return GOOD if all(sample.up for sample in samples) else TROUBLE


def _nothing(instance: str | None) -> str:
    return f"no instance is called {instance}" if instance else "the accounts have no running instances"


async def _poll(account: Account, name: str | None, session: aiohttp.ClientSession) -> Iterable[Sample]:
    """Samples of the account's instances, at most `concurrency` at a time."""
    cloud = Cloud(account, session, clock.now)
    found = {one.key: one for one in account.instances}
    if account.discover is not None:
        found |= {one.key: one for one in await cloud.instances()}
    wanted = [one for one in found.values() if name in (None, one.name, one.id)]
    workers = asyncio.Semaphore(account.concurrency)

    async def sample(instance: Instance) -> Sample:
        async with workers:
            return await cloud.sample(instance)

    return await asyncio.gather(*(sample(one) for one in sorted(wanted, key=lambda one: one.name)))


def _breached(samples: Sequence[Sample], policy: Policy) -> dict[InstanceKey | None, list[Alert]]:
    """The alerts that these samples begin, by instance; None for those of several instances together."""
    stage = Stage((sample.instance for sample in samples), policy.rules, policy.route)
    for sample in sorted(samples, key=lambda one: one.at):
        stage.take(sample)
    breached: dict[InstanceKey | None, list[Alert]] = {}
    for alert in stage.alerts():
        breached.setdefault(alert.instance, []).append(alert)
    return breached


def _finding(alert: Alert) -> str:
    return f"{alert.rule} ({alert.severity})"


def _plain(seen: Seen) -> dict[str, object]:
    sample = seen.sample
    return {
        "account": sample.instance.account,
        "instance": sample.instance.name,
        "instance_id": sample.instance.id,
        "at": sample.at.isoformat(),
        "latency": round(sample.latency.total_seconds(), 4),
        "up": sample.up,
        "common": sample.common._asdict() if sample.common else None,
        "cdc": sample.cdc._asdict() if sample.cdc else None,
        "failure": sample.failure.reason if sample.failure else None,
        "request_id": sample.failure.request_id if sample.failure else None,
        "findings": list(seen.findings),
    }


def _show(seen: Sequence[Seen]) -> None:
    """A line for each kind of task, so that the table fits a terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("account", "instance", ""):
        table.add_column(heading, no_wrap=True)
    for heading in (*STATUSES, "ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("findings", overflow="fold")
    for one in seen:
        sample = one.sample
        milliseconds = f"{sample.latency.total_seconds() * 1000:.0f}"
        for kind, counts in (("common", sample.common), ("cdc", sample.cdc)):
            numbers = [str(number) for number in counts] if counts else ["-"] * len(STATUSES)
            first = kind == KINDS[0]
            names = (sample.instance.account, sample.instance.name) if first else ("", "")
            table.add_row(*names, kind, *numbers, milliseconds if first else "", _told(one) if first else "")
    # A pipe has no width of its own: nothing is folded for whoever reads it.
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


def _show_together(alerts: Iterable[Alert]) -> None:
    """A line for each rule that several instances breach together."""
    for alert in alerts:
        shared = ", ".join(f"{name}={value}" for name, value in alert.labels.items() if name != "alertname")
        click.echo(f"together{f' ({shared})' if shared else ''}: {_finding(alert)}")


def _told(one: Seen) -> str:
    """What the last column says: why there are no counts, and which rules are breached."""
    failure = one.sample.failure
    if failure is None:
        return ", ".join(one.findings) or "-"
    request = f" (request {failure.request_id})" if failure.request_id else ""
    return "; ".join([f"not polled: {failure.reason}{request}", *one.findings])
