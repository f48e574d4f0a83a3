"""`fdi-monitor silence`: what people do not want to hear of for a while."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import click

from monitor import clock
from monitor.cli import GOOD
from monitor.cli.ack import span, whoami
from monitor.cli.alerts import parsed
from monitor.cli.remote import Service, local, remote, show, tell, written
from monitor.matchers import Matcher
from monitor.web.amshape import matcher as shape
from monitor.web.amshape import moment

_WORKS = timedelta(hours=1)
_UNTIL_RESOLVED = timedelta(days=7)
_SHOWN = 10
"""Alerts of the past that are named."""


@click.group()
def silence() -> None:
    """Makes, lists and ends silences.

    \b
    Examples:
      fdi-monitor silence add 'instance="orders"' --for 2h --comment "migration"
      fdi-monitor silence list
    """


@silence.command()
@click.argument("matchers", nargs=-1, required=True)
@click.option("--for", "length", metavar="DURATION", help="How long; 1h, or 7d at most with --until-resolved.")
@click.option("--start", metavar="TIME", help="When it begins, such as 2026-01-05T22:00:00+08:00; else now.")
@click.option("--unless", metavar="MATCHERS", help='What it never hides, such as severity="critical".')
@click.option("--until-resolved", is_flag=True, help="Ends it as soon as nothing that matches fires any more.")
@click.option("--window", default="", help="Only while this window of the policy is open, again and again.")
@click.option("--author", help="Who wants it; else the user of this machine.")
@click.option("--comment", default="", help="Why.")
@click.option("--dry-run", is_flag=True, help="Only shows what it would hide now, and would have hidden.")
@click.option("--json", "as_json", is_flag=True, help="Prints its id, what it hides and would have hidden as JSON.")
@remote
async def add(service: Service, matchers: tuple[str, ...], dry_run: bool, as_json: bool, **given: Any) -> int:
    """Makes a silence and shows what it hides now, and what it would have hidden in the last seven days.

    Every MATCHERS must hold, such as alertname="tasks-abnormal" or instance=~"orders-.*".

    \b
    Examples:
      fdi-monitor silence add 'instance="orders"' --for 2h --comment "migration"
      fdi-monitor silence add 'account="test"' --for 30d --window nights --unless 'severity="critical"'
    """
    body = _body(matchers, **given)
    preview = await service.post("/api/fdi/v1/silences/preview", body)
    hidden, past = preview["alerts"], preview["past"]
    made = None if dry_run else (await service.post("/api/v2/silences", body))["silenceID"]
    if as_json:
        tell({"id": made, "hides": hidden, "past": past})
        return GOOD
    if made is not None:
        click.echo(f"{made} until {local(body['endsAt'])}")
    names = [_named(one["labels"]) for one in hidden]
    would = "would hide" if dry_run else "hides"
    click.echo(f"it {would} {len(names)} now: {'; '.join(names)}" if names else f"it {would} nothing now")
    click.echo(_past(past))
    return GOOD


def _past(past: Mapping[str, Any]) -> str:
    """What it would have hidden, in a sentence, with the alerts that fired most often."""
    since = f"since {local(past['since'])}"
    if not past["alerts"] and not past["messages"]:
        return f"{since} it would have hidden nothing"
    messages = sum(past["messages"].values())
    told = ", ".join(f"{name} {number}" for name, number in past["messages"].items())
    counted = [f"{_many(messages, 'message')} ({told})" if told else "no message whole"]
    counted += [f"a part of {_many(past['shortened'], 'message')}"] if past["shortened"] else []
    shown = [f"{_named(one['labels'])}, fired {_many(one['times'], 'time')}" for one in past["alerts"][:_SHOWN]]
    more = len(past["alerts"]) - len(shown)
    shown += [f"and {_many(more, 'more alert')}"] if more else []
    return "\n".join([f"{since} it would have hidden {' and '.join(counted)}", *(f"  {one}" for one in shown)])


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _body(
    matchers: Sequence[str],
    *,
    length: str | None,
    start: str | None,
    unless: str | None,
    until_resolved: bool,
    window: str,
    author: str | None,
    comment: str,
) -> dict[str, Any]:
    """What the API is sent."""
    begins = written(start) if start else clock.now()
    lasting = span(length) or (_UNTIL_RESOLVED if until_resolved else _WORKS)
    body: dict[str, Any] = {
        "matchers": [shape(one) for text in matchers for one in parsed(text).matchers],
        "startsAt": moment(begins),
        "endsAt": moment(begins + lasting),
        "createdBy": author or whoami(),
        "comment": comment,
    }
    if unless:
        body["unless"] = str(parsed(unless))
    if until_resolved:
        body["until"] = "resolved"
    if window:
        body["window"] = window
    return body


@silence.command(name="list")
@click.argument("matchers", metavar="[MATCHERS]", default="")
@click.option("--expired", is_flag=True, help="Those that are over as well.")
@click.option("--json", "as_json", is_flag=True, help="Prints the silences as JSON.")
@remote
async def listed(service: Service, matchers: str, expired: bool, as_json: bool) -> int:
    """Lists the silences that are in force or will be.

    \b
    Example:
      fdi-monitor silence list --expired
    """
    wanted = parsed(matchers)
    query = {"filter": str(wanted)} if wanted.matchers else {}
    found = await service.get("/api/v2/silences", **query, expired=json.dumps(expired))
    if as_json:
        tell(found)
    elif not found:
        click.echo("there are no silences")
    else:
        show(("id", "matchers", "state", "until", "by", "comment"), [_row(one) for one in found])
    return GOOD


@silence.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@remote
async def expire(service: Service, ids: tuple[str, ...]) -> int:
    """Ends silences now. What they hid and still fires is told.

    \b
    Example:
      fdi-monitor silence expire 3f0c1b7e-8a51-4f0e-9d3c-2b6f5a4e1c90
    """
    for name in ids:
        await service.delete(f"/api/v2/silence/{name}")
        click.echo(f"{name} has ended")
    return GOOD


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    written = ",".join(_matcher(each) for each in one["matchers"])
    more = [f"unless {one['unless']}"] if "unless" in one else []
    more += ["until resolved"] if "until" in one else []
    more += [f"in {one['window']}"] if "window" in one else []
    texts = (" ".join((written, *more)), one["status"]["state"], local(one["endsAt"]), one["createdBy"], one["comment"])
    return (one["id"], *texts)


def _matcher(one: Mapping[str, Any]) -> str:
    op = {(True, False): "=", (True, True): "=~", (False, False): "!=", (False, True): "!~"}
    return str(Matcher(one["name"], op[one["isEqual"], one["isRegex"]], one["value"]))


def _named(labels: Mapping[str, str]) -> str:
    parts = (labels.get("alertname", ""), labels.get("account", ""), labels.get("instance", ""))
    return " · ".join(part for part in parts if part)
