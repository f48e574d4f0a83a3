"""The policy after its files changed: those that are good as they are, the others as they were when they last were.

A file with a fault goes on with its last good version. Where a fault shows in a file that did not change (another one
took away what it needs), the change that does it is looked for; if it is not one file's, everything stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from monitor.errors import Fault, UsageError
from monitor.policy.loader import Examined, examine_files, paths
from monitor.policy.policy import Policy
from monitor.policy.source import PolicyFile, of_data, read
from monitor.reloaded import Reloaded, difference

MOST_SUSPECTS = 20
"""Changed files that are tried one by one."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The policy to go on with; the faults of the files as they are now, and the files that stay as they were."""

    policy: Policy
    faults: tuple[Fault, ...] = ()
    kept: tuple[str, ...] = ()


def again(before: Policy, folder: Path, environ: Mapping[str, str]) -> Attempt:
    """Reads `folder` again; `before` is the policy in force. What is wrong is in the answer, nothing is raised."""
    try:
        files = [read(path) for path in paths(folder)]
    except UsageError as error:
        return Attempt(before, (Fault(str(folder), 0, 0, str(error)),), tuple(sorted(before.contents)))
    found = {file.name: file.data for file in files}
    examined = examine_files(files, folder, environ)
    if examined.policy is not None:
        return Attempt(_shared(before, examined.policy))
    changed = {name for name in found.keys() | before.contents.keys() if found.get(name) != before.contents.get(name)}
    changed |= {name for name, data in found.items() if data is None}
    for kept in _guesses(before, found, changed, examined, folder, environ):
        policy = examine_files(_files(before, found, kept), folder, environ).policy
        if policy is not None:
            return Attempt(_shared(before, policy), examined.faults, tuple(sorted(kept)))
    return Attempt(before, examined.faults, tuple(sorted(changed)))


def _guesses(
    before: Policy,
    found: Mapping[str, bytes | None],
    changed: set[str],
    examined: Examined,
    folder: Path,
    environ: Mapping[str, str],
) -> Iterator[set[str]]:
    """Which files to keep as they were: those with faults, then those whose faults that brings up, then one more."""
    kept: set[str] = set()
    while more := ({fault.file for fault in examined.faults} & changed) - kept:
        kept = kept | more
        yield kept
        examined = examine_files(_files(before, found, kept), folder, environ)
    for suspect in sorted(changed - kept)[:MOST_SUSPECTS]:
        yield kept | {suspect}


def _files(before: Policy, found: Mapping[str, bytes | None], kept: set[str]) -> list[PolicyFile]:
    """The files with those in `kept` as they were; one that was not there before is left out."""
    data = {name: now for name, now in found.items() if name not in kept}
    data |= {name: before.contents[name] for name in kept if name in before.contents}
    return [of_data(name, one) for name, one in sorted(data.items()) if one is not None]


def _shared(before: Policy, after: Policy) -> Policy:
    """`after` with the very rules of `before` where they are equal, and the others compiled as those are."""
    known = {rule.name: rule for rule in before.rules}
    rules = tuple(known[rule.name] if rule == known.get(rule.name) else rule for rule in after.rules)
    for rule in rules:
        _ = rule.version, rule.reach  # both are kept by the rule, and the second compiles all it has
    return replace(after, rules=rules)


def compared(before: Policy, after: Policy) -> Reloaded:
    """What putting `after` in force changes."""
    return Reloaded(
        accounts=difference(before.accounts, after.accounts),
        rules=difference(before.rules, after.rules),
        receivers=difference(before.receivers, after.receivers),
        route=before.route != after.route,
        quieting=before.quieting != after.quieting,
        heartbeat=before.heartbeat != after.heartbeat,
        drill=before.drill != after.drill,
    )
