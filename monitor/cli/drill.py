"""`fdi-monitor drill`: a marked message on the whole way that every other takes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import click

from monitor.cli import GOOD, TROUBLE
from monitor.cli.ack import span
from monitor.cli.remote import Service, remote, show, tell

_LOOK_AGAIN = 0.1


@click.command()
@click.option("--receiver", "receivers", multiple=True, help="Only this one; may be given several times. Else all.")
@click.option("--wait", default="30s", metavar="DURATION", show_default=True, help="How long it may take.")
@click.option("--json", "as_json", is_flag=True, help="Prints the steps and what became of each message as JSON.")
@remote
async def drill(service: Service, receivers: tuple[str, ...], wait: str, as_json: bool) -> int:
    """Sends a drill through the running service, and says how long each step took.

    A sample that nobody took is judged by a rule, its alert is grouped by the route that leads to each receiver, and
    the message, plainly marked, goes out as every other. No alert and no count of the service is touched. Exit code 1
    unless all are delivered in time.

    \b
    Examples:
      fdi-monitor drill
      fdi-monitor drill --receiver ops-chat --wait 10s --json
    """
    patience = span(wait) or timedelta()
    begun = await service.post("/api/fdi/v1/drills", {"receivers": list(receivers)})
    found = await _settled(service, begun, patience)
    sent = found["messages"]
    if as_json:
        tell(found)
        return GOOD if found["delivered"] else TROUBLE
    show(
        ("step", "seconds", "verdict"),
        [(one["step"], f"{one['seconds']:.3f}", one["verdict"]) for one in _steps(found)],
    )
    click.echo()
    show(("receiver", "kind", "verdict", "seconds", "tries", "reason"), [_row(one) for one in sent])
    return GOOD if found["delivered"] else TROUBLE


async def _settled(service: Service, begun: dict[str, Any], patience: timedelta) -> dict[str, Any]:
    """What became of the drill once all its messages are settled, or when nobody waits any longer."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience.total_seconds()
    found = begun
    while any(one["state"] == "waiting" for one in found["messages"]) and loop.time() < until:
        await asyncio.sleep(_LOOK_AGAIN)
        found = await service.get(f"/api/fdi/v1/drills/{begun['id']}")
    return found


def _steps(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The steps up to the outbox, the slowest delivery, and the whole."""
    took = [one["seconds"] for one in found["messages"] if one["delivered"]]
    more = [{"step": "receiver", "seconds": max(took), "verdict": f"{len(took)} of {len(found['messages'])} delivered"}]
    whole = [{"step": "whole", "seconds": found["seconds"], "verdict": "delivered"}]
    return [*found["steps"], *(more if took else ()), *(whole if found["delivered"] else ())]


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    took = f"{one['seconds']:.3f}" if one["seconds"] is not None else ""
    verdict = one["verdict"] if one["attempts"] else "not tried yet"
    return one["receiver"], one["kind"], verdict, took, str(one["attempts"]), one["reason"]
