"""`fdi-monitor explain`: why people heard of something, or did not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from monitor.cli import GOOD
from monitor.cli.remote import Service, local, remote, show, tell, written
from monitor.web.amshape import moment


@click.command()
@click.argument("subject", metavar="ALERT-OR-INSTANCE")
@click.option("--at", "when", metavar="TIME", help="As of then, and not now.")
@click.option("--json", "as_json", is_flag=True, help="Prints the stories as JSON.")
@remote
async def explain(service: Service, subject: str, when: str | None, as_json: bool) -> int:
    """Says why people heard of an alert, or why there was no message.

    ALERT-OR-INSTANCE is a fingerprint as `alerts` shows it, an instance's name or id, or the name of a rule. Everything
    that is said was recorded: sample, condition with its numbers, timers, what kept it quiet, group, deliveries.

    \b
    Examples:
      fdi-monitor explain 0f3a4c5d6e7f8091
      fdi-monitor explain orders --at 2026-01-05T10:00
    """
    query = {"of": subject}
    if when is not None:
        query["at"] = moment(written(when))
    found = await service.get("/api/fdi/v1/explain", **query)
    if as_json:
        tell(found["stories"])
        return GOOD
    for number, one in enumerate(found["stories"]):
        click.echo(("\n" if number else "") + f"{one['subject']}: {one['answer']}")
        show(("stage", "of", "when", "what"), [_row(fact) for fact in one["facts"]])
    return GOOD


def _row(fact: Mapping[str, Any]) -> tuple[str, ...]:
    return fact["stage"], fact["name"], local(fact["at"]) if fact["at"] else "", fact["text"]
