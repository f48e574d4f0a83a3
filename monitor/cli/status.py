"""`fdi-monitor status`: how the running service stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import click

from monitor.cli import GOOD, TROUBLE
from monitor.cli.remote import Service, local, remote, tell, written_down


def _node(one: Mapping[str, Any]) -> str:
    said = ["silent" if one["silent"] else "lives", *(["forms the groups"] if one["leads"] else [])]
    return f"{one['name']} ({', '.join(said)}) polls {', '.join(one['accounts']) or 'nothing'}"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Prints it as JSON.")
@remote
async def status(service: Service, as_json: bool) -> int:
    """Shows how the running service stands.

    Exit code 1 while something fires that nobody silenced, or while the store takes no writes.

    \b
    Examples:
      fdi-monitor status
      fdi-monitor status --url http://10.0.0.7:8080 --json
    """
    about = await service.stands()
    alerts = await service.all("/api/fdi/v1/alerts", "alerts")
    silences = await service.get("/api/v2/silences", expired="false")
    firing = [one for one in alerts if one["fired_at"]]
    quiet = [one for one in firing if one["silenced_by"] or one["inhibited_by"] or one["muted_by"]]
    found = {
        "address": service.address,
        "version": about["version"],
        "since": about["started_at"],
        "summary": about["summary"],
        "notes": about["notes"],
        "nodes": about["nodes"],
        "unpolled": about["unpolled"],
        "firing": dict(Counter(one["severity"] for one in firing)),
        "suppressed": len(quiet),
        "acknowledged": sum(one["ack"] is not None for one in firing),
        "pending": len(alerts) - len(firing),
        "silences": len(silences),
    }
    if as_json:
        tell(found)
    else:
        told = ", ".join(f"{count} {severity}" for severity, count in found["firing"].items()) or "nothing"
        click.echo(f"fdi-monitor {found['version']} at {found['address']}, since {local(found['since'])}")
        click.echo(f"service:  {'; '.join([found['summary'], *found['notes']])}")
        for node in found["nodes"]:
            click.echo(f"node:     {_node(node)}")
        click.echo(f"fires:    {told} ({found['suppressed']} kept quiet, {found['acknowledged']} acknowledged)")
        click.echo(f"waits:    {found['pending']}")
        click.echo(f"silences: {found['silences']}")
    return GOOD if written_down(about) and len(firing) == len(quiet) else TROUBLE
