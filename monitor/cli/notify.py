"""`fdi-monitor notify`: one test message to a receiver."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path

import click

from monitor import clock
from monitor.app import carriers
from monitor.cli import GOOD, TROUBLE
from monitor.cli.policies import load_policy
from monitor.cli.start import aio, begin
from monitor.errors import UsageError
from monitor.fdi.wire import make_session
from monitor.message import render
from monitor.model import Severity
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.notifiers import Outcome


@click.command()
@click.argument("receiver")
@click.option(
    "--rules", type=click.Path(path_type=Path), help="The folder of the policy; else FDI_MONITOR_RULES, else ./rules."
)
@aio
async def notify(receiver: str, rules: Path | None) -> int:
    """Sends one test message to a receiver, and says what became of it.

    Exit code 0 when every kind under the receiver's name took it, 1 when one did not.

    \b
    Example:
      fdi-monitor notify ops-chat
    """
    settings = begin()
    policy = load_policy(rules or settings.rules)
    if receiver not in {known.name for known in policy.receivers}:
        names = ", ".join(known.name for known in policy.receivers)
        raise UsageError(f"there is no receiver {receiver}: the policy has {names}")
    delivered = True
    async with make_session(trust_env=True) as session:
        for (name, _), carrier in carriers(settings, policy, session, clock.now).items():
            if name != receiver:
                continue
            notification = _test_message(receiver, clock.now())
            message = render(notification, language=carrier.language, zone=clock.zone(), public_url=settings.public_url)
            verdict = await carrier.notifier.send(message)
            delivered = delivered and verdict.outcome is Outcome.DELIVERED
            reason = f": {verdict.reason}" if verdict.reason else ""
            click.echo(f"{receiver} ({carrier.kind}): {verdict.outcome}{reason}")
    return GOOD if delivered else TROUBLE


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
