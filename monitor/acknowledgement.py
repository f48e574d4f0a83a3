"""Acknowledgements: somebody has seen an alert and cares for it, so it need not be repeated. Pure.

One ends when the severity rises above what was acknowledged, when the alert resolves, when its time is over, or when it
is taken back.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from monitor.model import Alert, Severity, Transition


class Ended(enum.StrEnum):
    """Why an acknowledgement ended; empty for one that holds."""

    NOT = ""
    SEVERITY_ROSE = "severity-rose"
    RESOLVED = "resolved"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Ack:
    """One acknowledgement of the alert with the key `alert`, at the severity that it had then."""

    alert: str
    at: datetime
    owner: str
    comment: str
    severity: Severity
    expires_at: datetime | None = None

    def ended(self, alert: Alert, at: datetime) -> Ended:
        """Whether it has ended by `at`, for an alert as it is now."""
        if self.expires_at is not None and at >= self.expires_at:
            return Ended.EXPIRED
        if not alert.state.fires or (alert.fired_at is not None and alert.fired_at > self.at):
            return Ended.RESOLVED
        return Ended.SEVERITY_ROSE if alert.severity.rank > self.severity.rank else Ended.NOT

    def ended_by(self, step: Transition) -> Ended:
        """Whether this step of the alert's life ends it, so that one that rose and fell is acknowledged no more."""
        if step.at < self.at:
            return Ended.NOT
        if not step.after.fires:
            return Ended.RESOLVED
        return Ended.SEVERITY_ROSE if step.severity.rank > self.severity.rank else Ended.NOT
