"""`fdi-monitor outbox`: what waits to be delivered, and what was given up."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from monitor.cli import GOOD
from monitor.cli.remote import Service, local, remote, show, tell

_HEADINGS = ("id", "receiver", "kind", "state", "verdict", "tries", "next try", "reason")
_STATES = ("waiting", "sent", "dead")


@click.group()
def outbox() -> None:
    """Lists messages, tries them again, drops them.

    \b
    Examples:
      fdi-monitor outbox ls --state dead
      fdi-monitor outbox retry 3f0c1b7e-8a51-4f0e-9d3c-2b6f5a4e1c90
    """


@outbox.command(name="ls")
@click.option("--state", "states", type=click.Choice(_STATES), multiple=True, help="Only those; can be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Prints the messages as JSON.")
@remote
async def listed(service: Service, states: tuple[str, ...], as_json: bool) -> int:
    """Lists the messages: undelivered ones first, each newest first.

    \b
    Examples:
      fdi-monitor outbox ls
      fdi-monitor outbox ls --state waiting --state dead --json
    """
    chosen = "&".join(f"state={one}" for one in states)
    found = (await service.get("/api/fdi/v1/outbox" + (f"?{chosen}" if chosen else "")))["messages"]
    if as_json:
        tell(found)
    elif not found:
        click.echo("there are no such messages" if states else "the outbox is empty")
    else:
        show(_HEADINGS, [_row(one) for one in found])
    return GOOD


@outbox.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@remote
async def retry(service: Service, ids: tuple[str, ...]) -> int:
    """Tries messages again now that wait or were given up. They keep their ids.

    \b
    Example:
      fdi-monitor outbox retry 3f0c1b7e-8a51-4f0e-9d3c-2b6f5a4e1c90
    """
    for name in ids:
        await service.post(f"/api/fdi/v1/outbox/{quote(name, safe='')}/retry", {})
        click.echo(f"{name} is tried again")
    return GOOD


@outbox.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@remote
async def drop(service: Service, ids: tuple[str, ...]) -> int:
    """Forgets messages that were not delivered. Nobody will get them.

    \b
    Example:
      fdi-monitor outbox drop 3f0c1b7e-8a51-4f0e-9d3c-2b6f5a4e1c90
    """
    for name in ids:
        await service.delete(f"/api/fdi/v1/outbox/{quote(name, safe='')}")
        click.echo(f"{name} is dropped")
    return GOOD


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    next_at = local(one["next_at"]) if one["next_at"] else ""
    texts = (one["id"], one["receiver"], one["kind"], one["state"], one["verdict"])
    return (*texts, str(one["attempts"]), next_at, one["reason"])
