"""What is to be said to one receiver about one group: the value that grouping decides and messages are made of."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.model import Cause, Labels, Severity


class Reason(enum.StrEnum):
    """Why a message is sent. The delta of the message follows from it and from each alert's `Change`."""

    FIRST = "first"
    MORE = "more"
    WORSE = "worse"
    SOME_RESOLVED = "some-resolved"
    ALL_RESOLVED = "all-resolved"
    REPEAT = "repeat"
    SILENCE_ENDED = "silence-ended"
    """A silence is over, or its breaker broke it."""
    FLAPPING = "flapping"
    STEADY = "steady"
    """It flapped, and stands still while it fires."""
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    """Somebody cares for what fires, or no more: for kinds of receivers that can show it without disturbing anybody."""
    DIGEST = "digest"
    """Many messages in one, as the receiver takes no more."""
    TEST = "test"
    DRILL = "drill"
    """A test of the running service, on the way that every message takes."""


class Change(enum.StrEnum):
    """What became of one alert since its group last spoke."""

    NEW = "new"
    WORSE = "worse"
    RESOLVED = "resolved"
    FLAPPING = "flapping"
    """It fires and resolves again and again: what follows is not told until it stands still."""
    PASSED = "passed"
    """It fired and resolved before anybody could be told."""
    SAME = "same"


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert as a message tells it.

    `labels` include the severity. `values` are the counts and poll-health numbers of the last sample the rule knew,
    taken at `values_at`; `values_before` are those of the last message about this alert, empty if there was none.
    """

    key: str
    labels: Labels
    annotations: Mapping[str, str]
    severity: Severity
    firing: bool
    change: Change
    started_at: datetime
    resolved_at: datetime | None = None
    cause: Cause = Cause.HELD
    values: Mapping[str, float] = field(default_factory=dict)
    values_at: datetime | None = None
    values_before: Mapping[str, float] = field(default_factory=dict)
    acknowledged_by: str = ""
    source: str = ""
    """Leads to what raised it, of an alert that another system posted."""

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    @property
    def instance(self) -> str:
        return self.labels.get("instance", "")


@dataclass(frozen=True, slots=True)
class Notification:
    """One message to one receiver, before it is rendered. `id` is the same at every try.

    `alerts` stand in reading order: firing before resolved, worse before better, then by labels.
    """

    id: str
    receiver: str
    group_key: str
    group_labels: Labels
    reason: Reason
    at: datetime
    alerts: tuple[AlertView, ...]
    instead_of: str = ""
    """The receiver that could not be told, of a message that goes to its fallback."""

    @property
    def firing(self) -> tuple[AlertView, ...]:
        return tuple(alert for alert in self.alerts if alert.firing)

    @property
    def resolved(self) -> tuple[AlertView, ...]:
        return tuple(alert for alert in self.alerts if not alert.firing)

    @property
    def severity(self) -> Severity:
        """The worst severity that fires; once nothing fires, the worst there was."""
        chosen = self.firing or self.alerts
        return max((alert.severity for alert in chosen), key=lambda severity: severity.rank, default=Severity.INFO)

    def only_firing(self) -> Notification:
        """The same without the alerts that have resolved, for receivers that do not want to hear of them."""
        return replace(self, alerts=self.firing)

    def common_labels(self) -> dict[str, str]:
        """The labels that all alerts share with the same value."""
        return _common([alert.labels for alert in self.alerts])

    def common_annotations(self) -> dict[str, str]:
        return _common([alert.annotations for alert in self.alerts])


def _common(maps: list[Mapping[str, str]]) -> dict[str, str]:
    if not maps:
        return {}
    first, *others = maps
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}
