"""`fdi-monitor ack`: somebody cares for an alert."""

from __future__ import annotations

import getpass
import re
from datetime import timedelta
from typing import Any

import click

from monitor import clock, durations
from monitor.cli import GOOD
from monitor.cli.alerts import matching, parsed
from monitor.cli.remote import Service, local, remote, tell
from monitor.errors import Refused, UsageError
from monitor.matchers import Matcher, Matchers
from monitor.web.amshape import moment

_FINGERPRINT = re.compile("[0-9a-f]{16}")


def span(text: str | None) -> timedelta | None:
    """The duration that somebody wrote on the command line.

    Raises:
        UsageError: it is none, or lasts no time.
    """
    try:
        found = durations.parse(text) if text is not None else None
    except ValueError as error:
        raise UsageError(str(error)) from error
    if found is not None and not found:
        raise UsageError(f"{text!r} lasts no time: write how long, such as 30m or 2h")
    return found


def whoami() -> str:
    """Who sits here, as far as the machine knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


@click.command()
@click.argument("alert")
@click.option("--owner", help="Who cares for it; else the user of this machine.")
@click.option("--comment", default="", help="What is being done.")
@click.option("--for", "length", metavar="DURATION", help="For how long; else until it gets worse or resolves.")
@click.option("--withdraw", is_flag=True, help="Takes the acknowledgement back.")
@click.option("--json", "as_json", is_flag=True, help="Prints the acknowledgements as JSON.")
@remote
async def ack(
    service: Service,
    alert: str,
    owner: str | None,
    comment: str,
    length: str | None,
    withdraw: bool,
    as_json: bool,
) -> int:
    """Says that somebody cares for an alert, so that it is not repeated.

    ALERT is a fingerprint as `alerts` shows it, or a rule's name or matchers: then all that match and fire. It holds
    until the severity rises or the alert resolves. Exit code 1 when no such alert fires.

    \b
    Examples:
      fdi-monitor ack 0f3a4c5d6e7f8091 --comment "the source database is being restarted"
      fdi-monitor ack 'alertname="cdc-tasks-abnormal", instance="orders"' --for 2h
    """
    lasting = span(length)
    body: dict[str, Any] = {"owner": owner or whoami(), "comment": comment}
    if lasting is not None:
        body["expires_at"] = moment(clock.now() + lasting)
    done = []
    for key in await _keys(service, alert, acknowledged=withdraw):
        path = f"/api/fdi/v1/alerts/{key}/ack"
        if withdraw:
            await service.delete(path)
            done.append({"fingerprint": key})
        else:
            done.append({"fingerprint": key, **await service.post(path, body)})
    if as_json:
        tell(done)
        return GOOD
    for one in done:
        until = f" until {local(one['expires_at'])}" if one.get("expires_at") else ""
        click.echo(f"{one['fingerprint']}: " + ("taken back" if withdraw else f"acknowledged by {one['owner']}{until}"))
    return GOOD


async def _keys(service: Service, alert: str, *, acknowledged: bool) -> list[str]:
    """The fingerprints of what is meant."""
    if _FINGERPRINT.fullmatch(alert):
        return [alert]
    by_name = Matchers((Matcher("alertname", "=", alert),))
    wanted = parsed(alert) if re.search("[=~]", alert) else by_name
    found = await matching(service, wanted)
    keys = [one["fingerprint"] for one in found if (one["ack"] if acknowledged else one["fired_at"])]
    if not keys:
        raise Refused(f"no alert that matches {wanted} " + ("is acknowledged" if acknowledged else "fires"))
    return keys
