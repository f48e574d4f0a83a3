"""`fdi-monitor alerts`: what fires and waits in the running service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from monitor.cli import GOOD
from monitor.cli.remote import Service, local, remote, show, tell
from monitor.errors import UsageError
from monitor.matchers import Matchers, parse
from monitor.textfault import TextFault


@click.command()
@click.argument("matchers", metavar="[MATCHERS]", default="")
@click.option("--json", "as_json", is_flag=True, help="Prints the alerts as JSON.")
@remote
async def alerts(service: Service, matchers: str, as_json: bool) -> int:
    """Shows what fires and waits, and what keeps it quiet.

    MATCHERS such as severity="critical" choose some of them. While the store takes no writes, it says so.

    \b
    Examples:
      fdi-monitor alerts
      fdi-monitor alerts 'account="prod", severity=~"critical|warning"' --json
    """
    wanted = parsed(matchers)
    await service.stands()
    found = await matching(service, wanted)
    if as_json:
        tell(found)
    elif not found:
        click.echo("no alert fires or waits" + (" that matches" if matchers else ""))
    else:
        show(("alert", "instance", "severity", "state", "since", "quiet", "fingerprint"), [_row(one) for one in found])
    return GOOD


def parsed(text: str) -> Matchers:
    """The matchers that somebody wrote on the command line.

    Raises:
        UsageError: they are none.
    """
    try:
        return parse(text)
    except TextFault as fault:
        raise UsageError(f"{text}: {fault.message}") from fault


async def matching(service: Service, matchers: Matchers) -> list[Mapping[str, Any]]:
    """The alerts that match, as the API tells them, worst and oldest first."""
    found = await service.all("/api/fdi/v1/alerts", "alerts")
    return [one for one in found if matchers.match(one["labels"])]


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    labels = one["labels"]
    where = labels.get("instance") or labels.get("account", "")
    quiet = [f"silenced by {name}" for name in one["silenced_by"]]
    quiet += [f"inhibited by {name}" for name in one["inhibited_by"]] + [f"window {name}" for name in one["muted_by"]]
    quiet += [f"acknowledged by {one['ack']['owner']}"] if one["ack"] else []
    since = local(one["fired_at"] or one["since"])
    return (
        labels.get("alertname", ""),
        where,
        one["severity"],
        one["state"],
        since,
        ", ".join(quiet),
        one["fingerprint"],
    )
