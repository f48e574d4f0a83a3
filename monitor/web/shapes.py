"""What our own API tells of alerts, messages and silences, shape by shape; moments are RFC 3339 in UTC."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


class AckTold(TypedDict):
    """Who cares for an alert, since when, and until when at most."""

    owner: str
    comment: str
    at: Moment
    severity: str
    expires_at: Moment | None


class AlertTold(TypedDict):
    """An alert, what keeps it quiet, and who cares for it. `source` leads to what raised one that another system
    posted, and is null for those of our own rules."""

    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    severity: str
    state: str
    since: Moment
    fired_at: Moment | None
    values: dict[str, float]
    source: str | None
    silenced_by: list[str]
    inhibited_by: list[str]
    muted_by: list[str]
    ack: AckTold | None


class AlertsTold(TypedDict):
    """A page of alerts."""

    alerts: list[AlertTold]
    next: str | None


class DecisionTold(TypedDict):
    """What one group decided about one alert: `reason` is how it was told or why not, `because` what that rests on."""

    alert: str
    at: Moment
    receiver: str
    group: str
    verdict: str
    reason: str
    because: str
    message: str


class DecisionsTold(TypedDict):
    """A page of decisions, newest first."""

    decisions: list[DecisionTold]
    next: str | None


class MessageTold(TypedDict):
    """A message without its words. `next_at` is null once nothing more is tried."""

    id: str
    receiver: str
    kind: str
    state: str
    verdict: str
    reason: str
    attempts: int
    next_at: Moment | None


class MessagesTold(TypedDict):
    """A page of messages, undelivered ones first."""

    messages: list[MessageTold]
    next: str | None


class FactTold(TypedDict):
    """One link of the chain from a sample to a message."""

    stage: str
    name: str
    at: Moment | None
    text: str


class StoryTold(TypedDict):
    """One subject at one moment."""

    subject: str
    fingerprint: str
    labels: dict[str, str]
    at: Moment
    answer: str
    facts: list[FactTold]


class StoriesTold(TypedDict):
    """The stories of what was asked for."""

    stories: list[StoryTold]


class HiddenTold(TypedDict):
    """An alert that a silence would hide."""

    fingerprint: str
    state: str
    labels: dict[str, str]


class SilenceTold(TypedDict, total=False):
    """A silence, in Alertmanager's shape; `unless`, `until` and `window` where they say something."""

    id: str
    status: dict[str, str]
    updatedAt: Moment
    matchers: list[dict[str, Any]]
    startsAt: Moment
    endsAt: Moment
    createdBy: str
    comment: str
    annotations: dict[str, str]
    unless: str
    until: str
    window: str


class SilencesTold(TypedDict):
    """A page of silences."""

    silences: list[SilenceTold]
    next: str | None


class PastTold(TypedDict):
    """An alert that a silence would have hidden, how often it began to fire, and when it did last."""

    fingerprint: str
    labels: dict[str, str]
    times: int
    lastAt: Moment


class HindsightTold(TypedDict):
    """What a silence would have hidden since then: how often alerts began to fire, and how many messages by receiver
    it would have spared; `shortened` would have said less."""

    since: Moment
    alerts: list[PastTold]
    fired: int
    messages: dict[str, int]
    shortened: int


class PreviewTold(TypedDict):
    """What a silence would hide now, and would have hidden lately."""

    alerts: list[HiddenTold]
    past: HindsightTold


class TrialTold(TypedDict):
    """One message of a drill, and what became of it; `seconds` until it was settled."""

    id: str
    receiver: str
    kind: str
    state: str
    verdict: str
    reason: str
    attempts: int
    seconds: float | None
    delivered: bool


class StepTold(TypedDict):
    """One step of a drill on its way to the outbox."""

    step: str
    seconds: float
    verdict: str


class DrillTold(TypedDict):
    """A drill: its steps, its messages, the time to the last of those that arrived, and by receiver what failed."""

    id: str
    at: Moment
    scheduled: bool
    steps: list[StepTold]
    messages: list[TrialTold]
    delivered: bool
    seconds: float | None
    failed: dict[str, str]


class DrillsTold(TypedDict):
    """The last drills, newest first."""

    drills: list[DrillTold]


class EntryTold(TypedDict):
    """What somebody did: `way` is how they came in, `subject` the id of what it is about."""

    id: int
    at: Moment
    by: str
    way: str
    name: str
    address: str
    act: str
    subject: str
    detail: str


class AuditTold(TypedDict):
    """A page of what was done, newest first."""

    audit: list[EntryTold]
    next: str | None
