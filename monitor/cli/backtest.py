"""`fdi-monitor backtest`: the stored history under the rules as they are now."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from monitor import clock
from monitor.cli import GOOD
from monitor.cli.archive import Span, brief, deaf, progress, read_pasts, seconds, share
from monitor.cli.check import environment
from monitor.cli.start import begin
from monitor.errors import UsageError
from monitor.garbage import look_rarely
from monitor.policy.loader import load
from monitor.rules.backtest import NOT_KEPT, Backtest
from monitor.rules.backtest import backtest as replay
from monitor.rules.rule import Rule
from monitor.writing import moment

WIDE = 200


@click.command()
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--since", type=Span(), default="7d", show_default=True, help="How far to go back, such as 30d or 12h.")
@click.option("--rule", "names", multiple=True, metavar="NAME", help="Only this rule; may be given several times.")
@click.option("--json", "as_json", is_flag=True, help="Prints the figures as JSON.")
def backtest(directory: Path | None, since: timedelta, names: Sequence[str], as_json: bool) -> int:
    """Replays the stored history through the rules in DIR, and suggests better timers.

    For each rule: how often it would have fired and how long, the share of its firings that resolved within five
    minutes, the share that came within half an hour after the same alert had resolved, and the messages of each
    receiver. The history is read from the data folder (FDI_MONITOR_DATA) and not changed; the service may be running.
    DIR is by default the folder that FDI_MONITOR_RULES names, else ./rules. The replay begins without alerts.

    \b
    Example:
      fdi-monitor backtest rules --since 30d --rule tasks-abnormal
    """
    settings = begin()
    look_rarely()
    policy = load(directory or settings.rules, environment(), doors=False)
    rules = _chosen(policy.rules, names)
    until = clock.now()
    start = until - since
    pasts = read_pasts(settings, start, until, rules)
    if not pasts:
        raise UsageError(f"nothing was polled in the last {brief(since)}: go further back with --since")
    with progress("replaying", start, until) as tell:
        terms = policy.route, policy.quieting
        done = replay(pasts, rules, *terms, since=start, until=until, deaf=deaf(policy), progress=tell)
    if as_json:
        click.echo(json.dumps(plain(done), indent=2, ensure_ascii=False))
    else:
        _show(done)
    return GOOD


def _chosen(rules: tuple[Rule, ...], names: Sequence[str]) -> tuple[Rule, ...]:
    known = {rule.name: rule for rule in rules}
    for name in names:
        if name not in known:
            raise UsageError(f"there is no rule {name}: the policy has {', '.join(known)}")
    return tuple(known[name] for name in known if not names or name in names)


def plain(done: Backtest) -> dict[str, object]:
    """For programs: times in seconds, moments in ISO 8601."""
    return {
        "since": done.since.isoformat(),
        "until": done.until.isoformat(),
        "instances": done.instances,
        "polls": done.polls,
        "judged": done.judged,
        "rules": [
            {
                "rule": one.rule,
                "firings": one.firings,
                "instances": one.instances,
                "total_seconds": seconds(one.total),
                "typical_seconds": seconds(one.typical),
                "longest_seconds": seconds(one.longest),
                "self_resolved": one.self_resolved,
                "flapping": one.flapping,
                "messages": dict(one.messages),
            }
            for one in done.rules
        ],
        "messages": dict(done.messages),
        "suggestions": [
            {
                "rule": one.rule,
                "key": one.key,
                "value": one.value,
                "firings": one.firings,
                "removed": one.removed,
                "delayed_seconds": seconds(one.delayed),
                "longer_seconds": seconds(one.longer),
                "evidence": one.evidence,
            }
            for one in done.suggestions
        ],
        "not_replayed": list(done.blind),
    }


def _show(done: Backtest) -> None:
    zone = clock.zone()
    click.echo(
        f"{moment(done.since, zone)} to {moment(done.until, zone)}: "
        f"{done.polls:,} polls of {done.instances} instance{'s' * (done.instances != 1)}\n"
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("rule", no_wrap=True)
    for heading in ("fired", "instances", "typical", "longest", "in all", "self-resolved", "flapping"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("messages", overflow="fold")
    for one in done.rules:
        figures = (str(one.firings), str(one.instances), brief(one.typical), brief(one.longest), brief(one.total))
        table.add_row(one.rule, *figures, share(one.self_resolved), share(one.flapping), counted(one.messages))
    # A pipe has no width of its own: nothing is folded for whoever reads it.
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)
    click.echo(f"\nmessages: {counted(done.messages)}")
    for name in done.blind:
        click.echo(f"note: {name} reads {NOT_KEPT}, which history does not hold: it was taken as 0")
    if done.suggestions:
        click.echo("\nsuggestions")
    for found in done.suggestions:
        click.echo(f"  {found.rule}: {found.evidence}")


def counted(messages: Mapping[str, int]) -> str:
    """Messages by receiver, in words."""
    return ", ".join(f"{receiver} {number}" for receiver, number in messages.items()) or "none"
