"""How a command reads the policy: the folder, with this machine's environment for its `${...}`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from monitor.cli import PROGRAM
from monitor.cli.check import environment
from monitor.errors import UsageError
from monitor.fdi.account import Account
from monitor.policy.loader import load
from monitor.policy.policy import Policy


def load_policy(folder: Path, *, briefly: bool = False) -> Policy:
    """The policy in `folder`, its warnings printed, or `briefly` only counted. Its secrets are masked in every log from
    here on: the loader sees to that.

    Raises:
        PolicyError: every fault of every file.
        UsageError: the folder is not there, or holds no policy file.
    """
    policy = load(folder, environment())
    if briefly and (count := len(policy.warnings)):
        named = "a warning" if count == 1 else f"{count} warnings"
        click.echo(f"{PROGRAM}: the policy has {named}: fdi-monitor check shows them", err=True)
    for warning in () if briefly else policy.warnings:
        click.echo(f"{PROGRAM}: warning: {warning}", err=True)
    return policy


def chosen(policy: Policy, name: str | None) -> Sequence[Account]:
    """The accounts of the policy, or the one of that name. Raises UsageError where there is none."""
    found = [one for one in policy.accounts if name in (None, one.name)]
    if not found:
        known = ", ".join(one.name for one in policy.accounts)
        raise UsageError(f"there is no account {name}: the policy has {known}")
    return found
