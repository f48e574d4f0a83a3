"""The values that flow through the house: what was sampled, what is alerting, what moved. Pure data: frozen, aware UTC
datetimes, durations as `timedelta`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

Labels = Mapping[str, str]

STATUSES = ("running", "abnormal", "terminated", "completed")
KINDS = ("common", "cdc")

TASKS = "tasks"
"""The annotation with the names of the broken tasks: found out while the alert fires, not rendered."""


class Severity(enum.StrEnum):
    """How bad it is. `rank` orders them: a higher one is worse."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return _RANK[self]


_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


class Counts(NamedTuple):
    """Tasks of one kind by state, as the statistics call gives them. Never negative."""

    running: int = 0
    abnormal: int = 0
    terminated: int = 0
    completed: int = 0

    def plus(self, other: Counts) -> Counts:
        """Both kinds together, state by state."""
        return Counts(self[0] + other[0], self[1] + other[1], self[2] + other[2], self[3] + other[3])


class InstanceKey(NamedTuple):
    """What tells one instance from all others: its account's name and the cloud's id of it."""

    account: str
    id: str


@dataclass(frozen=True, slots=True)
class Instance:
    """One ROMA Connect instance. `labels` are the account's and its own, the latter win."""

    account: str
    id: str
    name: str
    region: str = ""
    project_id: str = ""
    labels: Labels = field(default_factory=dict, hash=False)

    @property
    def key(self) -> InstanceKey:
        return InstanceKey(self.account, self.id)


class FailureKind(enum.StrEnum):
    """Why a poll gave no counts."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    THROTTLED = "throttled"
    AUTH = "auth"
    REFUSED = "refused"
    GARBAGE = "garbage"
    """An answer, but not the documented one."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed poll, sorted. `reason` is for people and carries no secret; `request_id` is for Huawei's support."""

    kind: FailureKind
    reason: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one poll saw. A failed poll is a sample too: `failure` says why and both counts are None.
    `at` is when the answer (or the failure) was there; `latency` is from the first byte sent until then.
    """

    instance: Instance
    at: datetime
    latency: timedelta
    common: Counts | None = None
    cdc: Counts | None = None
    failure: Failure | None = None

    @property
    def up(self) -> bool:
        return self.failure is None


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of polls that all saw the same: how history is kept.
    `start` and `end` are the moments of the first and the last of `polls` samples. A run of failed polls has a
    `failure` (that of the first) and no counts; polls that fail for another kind of reason begin another run.
    `suspicious`: its counts look like a lost permission or a reset.
    """

    start: datetime
    end: datetime
    polls: int
    common: Counts | None = None
    cdc: Counts | None = None
    failure: Failure | None = None
    suspicious: bool = False

    def goes_on_with(self, sample: Sample) -> bool:
        """Whether `sample` saw the same as this run."""
        if sample.failure is None or self.failure is None:
            return sample.failure is self.failure and (sample.common, sample.cdc) == (self.common, self.cdc)
        return sample.failure.kind is self.failure.kind


class Truth(enum.StrEnum):
    """What a rule says of a sample. UNKNOWN moves nothing."""

    BREACH = "breach"
    CLEAR = "clear"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's verdict about one alert-to-be: which one, what, when, and the numbers it rests on.
    `severity` is that of the highest level that is true, the rule's own where it has no levels; it means nothing
    unless `truth` is BREACH. `labels` carry everything but the severity, and `key` is their fingerprint.
    """

    key: str
    rule: str
    rule_version: str
    instance: InstanceKey | None
    labels: Labels
    truth: Truth
    severity: Severity
    at: datetime
    values: Mapping[str, float] = field(default_factory=dict)


class State(enum.StrEnum):
    """Where an alert stands in its life; see `lifecycle`."""

    NONE = "none"
    PENDING = "pending"
    FIRING = "firing"
    CLEARING = "clearing"
    RESOLVED = "resolved"

    @property
    def fires(self) -> bool:
        """Whether people should count it as a problem now: a clearing alert still fires."""
        return self in (State.FIRING, State.CLEARING)


class Cause(enum.StrEnum):
    """Why an alert moved, or ended. The administrative ones are the only ways to end without a good sample."""

    BREACHED = "breached"
    HELD = "held"
    CLEARED = "cleared"
    BREACHED_AGAIN = "breached-again"
    KEPT = "kept"
    DROPPED = "dropped"
    SEVERITY_ROSE = "severity-rose"
    SEVERITY_FELL = "severity-fell"
    RULE_REMOVED = "rule-removed"
    INSTANCE_REMOVED = "instance-removed"
    ACCOUNT_REMOVED = "account-removed"
    RULE_UNMATCHED = "rule-unmatched"
    ENDED = "ended"
    TIMED_OUT = "timed-out"
    """Whoever posted it said that it is over; or said nothing of it any more."""
    RULE_CHANGED = "rule-changed"
    """It did not move: from here on it is judged by what its rule means now."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert in its life. It is the same alert (the same `key`) while its severity moves.
    `labels` carry everything but the severity. `since` is when the breach began, `state_since` when the present
    state was entered; `fired_at` and `resolved_at` tell of the last time it fired, which for a pending alert is an
    earlier time. `values` are the numbers of the last sample that was known to the rule; `annotations` (`summary`,
    `runbook`) are rendered from those of the last breach. `source` is None for those of our own rules; one that was
    posted by another system has its address or "" there, all of its labels in `labels`, and the end that was posted.
    """

    key: str
    rule: str
    rule_version: str
    instance: InstanceKey | None
    labels: Labels
    severity: Severity
    state: State
    since: datetime
    state_since: datetime
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    cause: Cause = Cause.BREACHED
    values: Mapping[str, float] = field(default_factory=dict)
    values_at: datetime | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    ends_at: datetime | None = None

    @property
    def all_labels(self) -> dict[str, str]:
        """The labels as receivers see them, severity included."""
        return {**self.labels, "severity": str(self.severity)} if self.source is None else dict(self.labels)


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of an alert's life, recorded with its cause and the numbers that caused it."""

    alert: str
    at: datetime
    before: State
    after: State
    cause: Cause
    severity: Severity
    rule: str
    rule_version: str
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def audible(self) -> bool:
        """Whether people may have to hear of it: it began or ceased to fire, or its severity moved meanwhile."""
        turned = self.after is State.RESOLVED or self.before.fires is not self.after.fires
        return turned or (self.after.fires and self.cause in (Cause.SEVERITY_ROSE, Cause.SEVERITY_FELL))
