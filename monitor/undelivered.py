"""The built-in alert about receivers that cannot be told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from monitor import lifecycle
from monitor.builtin import TIMERS, VERSION, finding
from monitor.model import Alert, Labels, Truth
from monitor.rules.change import Change

RULE = "delivery-failing"


def judged(known: Mapping[str, Alert], failing: Mapping[str, str], *, at: datetime) -> list[Change]:
    """What changes while the receivers in `failing` cannot be told, each with the reason.

    One alert for each receiver; it ends when its receiver takes a message again, or is gone from the policy. `known`
    are the alerts about no instance, by key.
    """
    mine = (one for one in known.values() if one.rule == RULE and one.rule_version == VERSION)
    receivers = {one.labels["receiver"] for one in mine} | failing.keys()
    changes = (_change(known, receiver, failing.get(receiver, ""), at=at) for receiver in sorted(receivers))
    return [change for change in changes if change is not None]


def is_about(labels: Labels, receiver: str) -> bool:
    """Whether an alert with these labels says that this receiver cannot be told: it is the one not to tell."""
    return labels.get("alertname") == RULE and labels.get("receiver") == receiver


def _change(known: Mapping[str, Alert], receiver: str, reason: str, *, at: datetime) -> Change | None:
    labels = {"alertname": RULE, "receiver": receiver}
    found = finding(RULE, labels, Truth.BREACH if reason else Truth.CLEAR, at=at)
    moved, transition = lifecycle.advance(known.get(found.key), found, TIMERS)
    if transition is None:
        return None
    if moved is not None and reason:
        moved = replace(moved, annotations={"summary": f"messages to {receiver} are not delivered: {reason}"})
    return Change(RULE, found.key, moved, transition)
