"""`fdi-monitor plan`: what other rules would change, before they are applied."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import click

from monitor import clock, outage
from monitor.cli import GOOD, PROGRAM, TROUBLE
from monitor.cli.archive import brief, deaf, progress, seconds
from monitor.cli.check import environment
from monitor.cli.start import aio, begin
from monitor.errors import UsageError
from monitor.garbage import look_rarely
from monitor.model import Alert
from monitor.policy.loader import load
from monitor.policy.policy import Policy
from monitor.rules.backtest import replay
from monitor.rules.differences import shown
from monitor.rules.past import Past
from monitor.rules.plan import Effect, Planned
from monitor.rules.plan import plan as planned
from monitor.rules.scores import messages, scores
from monitor.settings import Settings
from monitor.store import alerts, outbox, pasts
from monitor.store.database import open_archive

WEEK = timedelta(days=7)
_WORDS = {
    Effect.FIRES: "would fire",
    Effect.RESOLVES: "would resolve",
    Effect.RISES: "would become worse",
    Effect.FALLS: "would become milder",
    Effect.ENDS: "would end: the rule is gone",
    Effect.KEEPS: "would go on firing",
}


@dataclass(frozen=True, slots=True)
class _Stored:
    pasts: Sequence[Past]
    alerts: Sequence[Alert]
    told: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Week:
    """One policy over the last seven days: messages by receiver, and firings by rule where they are known."""

    messages: Mapping[str, int]
    firings: Mapping[str, int]


@click.command()
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--against", type=click.Path(path_type=Path), help="The folder of the policy that it would replace.")
@click.option("--max-new-alerts", type=click.IntRange(0), metavar="N", help="Exit code 1 where more would fire.")
@click.option("--json", "as_json", is_flag=True, help="Prints the plan as JSON.")
def plan(directory: Path | None, against: Path | None, max_new_alerts: int | None, as_json: bool) -> int:
    """Shows what applying the rules in DIR would change, now and over the last seven days.

    Now: which alerts would fire, resolve, change their severity or go on, if every instance went on showing what it
    showed last. Then the messages of each receiver over the last seven days, before and after. Before is the policy in
    --against; without it that in the folder FDI_MONITOR_RULES names (else ./rules), if DIR is another one; and if DIR
    is that folder, edited in place, it is what the service did send. Accounts are not compared. Nothing is changed, and
    the service may be running.

    \b
    Example:
      fdi-monitor plan new-rules --max-new-alerts 5
    """
    settings = begin()
    look_rarely()
    folder = directory or settings.rules
    if against is None and folder.resolve() != settings.rules.resolve() and settings.rules.is_dir():
        against = settings.rules
    after, before = _load(folder), _load(against) if against else None
    until = clock.now()
    since = until - WEEK
    reach = max((rule.reach for policy in (after, before) if policy for rule in policy.rules), default=timedelta())
    stored = _read(settings, since, until, reach)
    if not stored.pasts:
        raise UsageError("nothing was polled in the last seven days: there is nothing to compare with")
    found = planned(stored.pasts, [one for one in stored.alerts if one.rule != outage.RULE], after.rules)
    weeks = [
        _week(stored.pasts, policy, since, until) if policy else _Week(stored.told, {}) for policy in (before, after)
    ]
    new = sum(one.effect is Effect.FIRES for one in found)
    good = max_new_alerts is None or new <= max_new_alerts
    if as_json:
        click.echo(json.dumps(_plain(found, weeks, against, since, until, good=good), indent=2, ensure_ascii=False))
    else:
        _show(found, weeks, against)
        if not good:
            click.echo(f"{PROGRAM}: {new} new alerts would fire, at most {max_new_alerts} may", err=True)
    return GOOD if good else TROUBLE


def _load(folder: Path) -> Policy:
    return load(folder, environment(), doors=False)


@aio
async def _read(settings: Settings, since: datetime, until: datetime, reach: timedelta) -> _Stored:
    async with open_archive(settings.data, settings.database) as archive, archive.read() as tx:
        found = await pasts.between(tx, since, until, reach=reach)
        return _Stored(found, await alerts.known(tx), await outbox.told(tx, since))


def _week(found: Sequence[Past], policy: Policy, since: datetime, until: datetime) -> _Week:
    with progress("replaying", since, until) as tell:
        done = replay(found, policy.rules, policy.route, policy.quieting, until=until, deaf=deaf(policy), progress=tell)
    counted = scores([rule.name for rule in policy.rules], done, until=until)
    return _Week(messages(done), {one.rule: one.firings for one in counted})


def _changes(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    return {name: (before.get(name, 0), after.get(name, 0)) for name in sorted({*before, *after})}


def _plain(
    found: Sequence[Planned],
    weeks: Sequence[_Week],
    against: Path | None,
    since: datetime,
    until: datetime,
    *,
    good: bool,
) -> dict[str, object]:
    before, after = weeks
    return {
        "ok": good,
        "new_alerts": sum(one.effect is Effect.FIRES for one in found),
        "alerts": [
            {
                "effect": str(one.effect),
                "labels": dict(one.labels),
                "severity_before": one.before,
                "severity_after": one.after,
                "in_seconds": seconds(one.wait),
            }
            for one in found
        ],
        "history": {
            "since": since.isoformat(),
            "until": until.isoformat(),
            "before": str(against) if against else "sent",
            "messages": {
                receiver: {"before": was, "after": now}
                for receiver, (was, now) in _changes(before.messages, after.messages).items()
            },
            "firings": {
                rule: {"before": before.firings.get(rule), "after": after.firings.get(rule)}
                for rule in sorted({*before.firings, *after.firings})
            },
        },
    }


def _show(found: Sequence[Planned], weeks: Sequence[_Week], against: Path | None) -> None:
    for effect, words in _WORDS.items():
        chosen = [one for one in found if one.effect is effect]
        if chosen:
            click.echo(f"{len(chosen)} {words}")
        for one in chosen:
            click.echo(f"  {_line(one)}")
    if not found:
        click.echo("nothing fires, and nothing would")
    before, after = weeks
    by = f"before as in {against}" if against else "before as it was sent"
    click.echo(f"\nmessages over the last seven days, {by}")
    for receiver, (was, now) in _changes(before.messages, after.messages).items():
        click.echo(f"  {receiver}: {was} -> {now}")
    if not before.messages and not after.messages:
        click.echo("  none -> none")
    moved = {rule: pair for rule, pair in _changes(before.firings, after.firings).items() if pair[0] != pair[1]}
    if before.firings and moved:
        click.echo("\nfirings")
        for rule, (was, now) in moved.items():
            click.echo(f"  {rule}: {was} -> {now}")


def _line(one: Planned) -> str:
    names = ("alertname", "instance", "account")
    labels = {name: one.labels[name] for name in names if name in one.labels}
    severities = dict.fromkeys(str(severity) for severity in (one.before, one.after) if severity)
    wait = f" in {brief(one.wait)}" if one.wait else ""
    return f"{shown(labels)} ({' -> '.join(severities)}){wait}"
