"""`fdi-monitor notify`: one test message to a receiver."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import click

from monitor import clock
from monitor.carriage import GRACE, sound
from monitor.carriers import carriers
from monitor.cli import GOOD, PROGRAM, TROUBLE
from monitor.cli.exchanges import protect_options, sent, shown
from monitor.cli.policies import load_policy
from monitor.cli.start import aio, begin
from monitor.cli.turn import turn
from monitor.errors import UsageError
from monitor.fdi.wire import make_session
from monitor.message import render
from monitor.model import Severity
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.notifiers import Exchange, Outcome, Verdict
from monitor.redaction import redact
from monitor.standin import Carrier


@click.command()
@click.argument("receiver")
@click.option(
    "--rules", type=click.Path(path_type=Path), help="The folder of the policy; else FDI_MONITOR_RULES, else ./rules."
)
@click.option("--quiet", is_flag=True, help="The verdicts alone, without requests and answers.")
@click.option("--json", "as_json", is_flag=True, help="Prints the verdicts as JSON.")
@aio
async def notify(receiver: str, rules: Path | None, quiet: bool, as_json: bool) -> int:
    """Sends one test message to a receiver, and says what became of it.

    Shown are the verdict, how long it took, the request without its secrets, and the answer. It goes out beside the
    running service, once that leaves room within the chat's limit, and stands in no outbox: `fdi-monitor drill
    --receiver` goes the whole way through the service.

    Exit code 0 when every kind under the receiver's name took it, 1 when one did not.

    \b
    Example:
      fdi-monitor notify ops-chat
    """
    settings = begin()
    policy = load_policy(rules or settings.rules, briefly=True)
    known = next((one for one in policy.receivers if one.name == receiver), None)
    if known is None:
        names = ", ".join(one.name for one in policy.receivers)
        raise UsageError(f"there is no receiver {receiver}: the policy has {names}")
    for integration in known.integrations:
        protect_options(integration.options)
    heard: list[Exchange] = []
    told: list[Told] = []
    async with make_session(trust_env=True) as session:
        every = carriers(settings, policy, session, clock.now, seen=heard.append)
        for (name, position), carrier in every.items():
            if name != receiver:
                continue
            await _wait(await turn(settings, carrier.kind, (name, position), clock.now()), receiver, carrier.kind)
            heard.clear()
            told.append(await _tell(carrier, _test_message(receiver, clock.now()), settings.public_url))
            if not as_json:
                _print(receiver, told[-1], None if quiet else heard)
    if as_json:
        click.echo(json.dumps([_as_json(receiver, one) for one in told], ensure_ascii=False, indent=2))
    return GOOD if all(one.verdict.outcome is Outcome.DELIVERED for one in told) else TROUBLE


async def _wait(until: datetime, receiver: str, kind: str) -> None:
    seconds = (until - clock.now()).total_seconds()
    if seconds > 0:
        reason = f"the service has sent what {kind} takes; waiting {seconds:.0f} s for room"
        click.echo(f"{PROGRAM}: {receiver} ({kind}): {reason}", err=True)
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the message of one kind; `text` is it where it did not go over HTTP."""

    kind: str
    verdict: Verdict
    took: float
    text: str


async def _tell(carrier: Carrier, notification: Notification, public_url: str) -> Told:
    message = render(notification, language=carrier.language, zone=clock.zone(), public_url=public_url)
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout((carrier.within + GRACE).total_seconds()):
            verdict = sound(await carrier.notifier.send(message))
        text = _written(carrier.notifier.payload(message))
    except Exception as error:  # noqa: BLE001 - plugins are other people's code; the other kinds are to be tried
        reason = f"the notifier itself failed: {type(error).__name__}: {error}".rstrip(": ")
        verdict, text = Verdict(Outcome.UNREACHABLE, reason), ""
    return Told(carrier.kind, verdict, asyncio.get_running_loop().time() - began, text)


def _written(payload: object) -> str:
    """Text as it is, of an e-mail its text; else JSON."""
    if isinstance(payload, str):
        return payload
    if isinstance(payload, EmailMessage):
        body = payload.get_body(("plain",))
        heads = "\n".join(f"{name}: {value}" for name, value in payload.items())
        return f"{heads}\n\n{body.get_content() if body else ''}"
    return json.dumps(payload, ensure_ascii=False, indent=2, default=str)


def _print(receiver: str, told: Told, heard: Sequence[Exchange] | None) -> None:
    reason = f": {told.verdict.reason}" if told.verdict.reason else ""
    click.echo(redact(f"{receiver} ({told.kind}): {told.verdict.outcome}{reason} ({told.took * 1000:.0f} ms)"))
    if told.kind == "console" or heard is None:
        return
    lines = [line for exchange in heard for line in shown(exchange)] or list(sent(told.text))
    click.echo("\n".join(lines))


def _as_json(receiver: str, told: Told) -> dict[str, object]:
    return {
        "receiver": receiver,
        "kind": told.kind,
        "verdict": str(told.verdict.outcome),
        "reason": redact(told.verdict.reason),
        "milliseconds": round(told.took * 1000),
    }


def _test_message(receiver: str, at: datetime) -> Notification:
    alert = AlertView(
        key="0" * 16,
        labels={"alertname": "test", "instance": "example", "severity": str(Severity.INFO)},
        annotations={"summary": "This is a test message: nothing is wrong."},
        severity=Severity.INFO,
        firing=True,
        change=Change.NEW,
        started_at=at,
        values_at=at,
    )
    return Notification(
        id=str(uuid.uuid4()),
        receiver=receiver,
        group_key='{}:{alertname="test"}',
        group_labels={"alertname": "test"},
        reason=Reason.TEST,
        at=at,
        alerts=(alert,),
    )
