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
@click.option("--json", "as_json", is_flag=True, help="Prints what became of each message as JSON.")
@remote
async def drill(service: Service, receivers: tuple[str, ...], wait: str, as_json: bool) -> int:
    """Sends a message marked as a drill through the running service, and says how long it took.

    It takes the way of every message: group, outbox, courier, receiver. Exit code 1 unless all are delivered in time.

    \b
    Examples:
      fdi-monitor drill
      fdi-monitor drill --receiver ops-chat --wait 10s --json
    """
    patience = span(wait) or timedelta()
    begun = await service.post("/api/fdi/v1/drills", {"receivers": list(receivers)})
    found = await _settled(service, begun["messages"], patience)
    if as_json:
        tell(found)
    else:
        show(("receiver", "kind", "verdict", "seconds", "tries", "reason"), [_row(one) for one in found])
    return GOOD if found and all(one["delivered"] for one in found) else TROUBLE


async def _settled(service: Service, sent: list[dict[str, Any]], patience: timedelta) -> list[dict[str, Any]]:
    """What became of the messages once all are settled, or when nobody waits any longer."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience.total_seconds()
    found = sent
    while True:
        found = [
            one if one["state"] != "waiting" else await service.get(f"/api/fdi/v1/drills/{one['id']}") for one in found
        ]
        if all(one["state"] != "waiting" for one in found) or loop.time() >= until:
            return found
        await asyncio.sleep(_LOOK_AGAIN)


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    took = f"{one['seconds']:.3f}" if one["seconds"] is not None else ""
    verdict = one["verdict"] if one["attempts"] else "not tried yet"
    return one["receiver"], one["kind"], verdict, took, str(one["attempts"]), one["reason"]
