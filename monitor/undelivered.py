"""The built-in alerts about receivers that cannot be told: as their messages show it, and as drills do. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from monitor import lifecycle
from monitor.builtin import TIMERS, VERSION, finding
from monitor.model import Alert, Labels, Truth
from monitor.rules.change import Change

RULE = "delivery-failing"
DRILL = "drill-failed"

_SUMMARIES = {RULE: "messages to {} are not delivered: {}", DRILL: "the drill did not arrive at {}: {}"}


def judged(known: Mapping[str, Alert], failing: Mapping[str, str], *, at: datetime) -> list[Change]:
    """What changes while the receivers in `failing` cannot be told, each with the reason.

    One alert for each receiver; it ends when its receiver takes a message again, or is gone from the policy. `known`
    are the alerts about no instance, by key.
    """
    mine = (one for one in known.values() if one.rule == RULE and one.rule_version == VERSION)
    heard = {one.labels["receiver"] for one in mine} - failing.keys()
    return _changes(RULE, known, failing, heard, at)


def rehearsed(
    known: Mapping[str, Alert], failing: Mapping[str, str], *, heard: Collection[str], at: datetime
) -> list[Change]:
    """What changes after a drill that the receivers in `failing` did not get in time, each with the reason, and those
    in `heard` did. Those that it was not for stay as they are."""
    return _changes(DRILL, known, failing, heard, at)


def is_about(labels: Labels, receiver: str) -> bool:
    """Whether an alert with these labels says that this receiver cannot be told: it is the one not to tell."""
    return labels.get("alertname") in _SUMMARIES and labels.get("receiver") == receiver


def _changes(
    rule: str, known: Mapping[str, Alert], failing: Mapping[str, str], heard: Collection[str], at: datetime
) -> list[Change]:
    receivers = sorted({*heard, *failing})
    changes = (_change(rule, known, receiver, failing.get(receiver, ""), at=at) for receiver in receivers)
    return [change for change in changes if change is not None]


def _change(rule: str, known: Mapping[str, Alert], receiver: str, reason: str, *, at: datetime) -> Change | None:
    labels = {"alertname": rule, "receiver": receiver}
    found = finding(rule, labels, Truth.BREACH if reason else Truth.CLEAR, at=at)
    moved, transition = lifecycle.advance(known.get(found.key), found, TIMERS)
    if transition is None:
        return None
    if moved is not None and reason:
        moved = replace(moved, annotations={"summary": _SUMMARIES[rule].format(receiver, reason)})
    return Change(rule, found.key, moved, transition)
