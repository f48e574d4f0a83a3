"""The links between a sample and a message, as values, and an alert as it was at an earlier moment. Pure."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.acknowledgement import Ack
from monitor.audit import Entry
from monitor.group import Group
from monitor.ledger import Line
from monitor.model import Alert, State, Transition
from monitor.quieting import Suppressed
from monitor.rules.inquest import Inquest


class Stage(enum.StrEnum):
    """The links of the chain, in their order."""

    SAMPLE = "sample"
    RULE = "rule"
    STEP = "step"
    TIMER = "timer"
    QUIET = "quiet"
    ACT = "act"
    GROUP = "group"
    DECISION = "decision"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Fact:
    """One link. `at` is when it came about, or will; None for what has no moment. `name` is whose it is: a rule, a
    receiver... and may be empty."""

    stage: Stage
    text: str
    at: datetime | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """One subject at one moment. `answer` is the whole in one sentence; `fingerprint` is empty for an instance."""

    subject: str
    at: datetime
    answer: str
    facts: tuple[Fact, ...]
    fingerprint: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one kind of receiver, as the outbox knows it."""

    id: str
    receiver: str
    kind: str
    state: str
    attempts: int
    created_at: datetime
    tried_at: datetime | None
    next_at: datetime
    settled_at: datetime | None
    verdict: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is recorded of one alert up to `at`. `alert` is as it was then; `groups` are those that watch it now,
    each with what it decided last, none where `at` is past."""

    at: datetime
    alert: Alert
    inquest: Inquest | None = None
    steps: Sequence[Transition] = ()
    suppressed: Suppressed = field(default_factory=Suppressed)
    ack: Ack | None = None
    acts: Sequence[Entry] = ()
    groups: Sequence[tuple[Group, str]] = ()
    lines: Sequence[Line] = ()
    deliveries: Sequence[Delivery] = ()


def as_of(alert: Alert, steps: Sequence[Transition], at: datetime) -> Alert | None:
    """The alert as it was at `at`, from its steps, oldest first; None where it did not exist yet, as far as known."""
    known: Alert | None = None
    for step in (one for one in steps if one.at <= at):
        began = step.before in (State.NONE, State.RESOLVED)
        fires = step.after.fires and not step.before.fires
        earlier = known or replace(alert, since=step.at, state_since=step.at, fired_at=None, resolved_at=None)
        known = replace(
            earlier,
            state=step.after,
            since=step.at if began else earlier.since,
            state_since=step.at if step.before is not step.after else earlier.state_since,
            fired_at=step.at if fires else earlier.fired_at,
            resolved_at=step.at if step.after is State.RESOLVED else None if fires else earlier.resolved_at,
            severity=step.severity,
            rule_version=step.rule_version,
            cause=step.cause,
            values=step.values,
            values_at=step.at,
        )
    return known
