"""The body that Alertmanager posts to webhooks (version 4), for everything that already understands it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitor.fingerprint import fingerprint
from monitor.message import Message
from monitor.notification import AlertView, Reason

_UNSET = "0001-01-01T00:00:00Z"
_REASONS = {
    Reason.FIRST: "first notification",
    Reason.MORE: "new alerts added",
    Reason.WORSE: "new alerts added",
    Reason.SOME_RESOLVED: "some alerts resolved",
    Reason.ALL_RESOLVED: "all alerts resolved",
    Reason.REPEAT: "repeat interval elapsed",
    Reason.SILENCE_ENDED: "new alerts added",
    Reason.FLAPPING: "unknown",
    Reason.STEADY: "unknown",
    Reason.ESCALATED: "first notification",
    Reason.ACKNOWLEDGED: "unknown",
    Reason.DIGEST: "unknown",
    Reason.TEST: "none",
    Reason.DRILL: "none",
}
"""Alertmanager's words. There, a severity that rises is another alert: one that was added; so is what a silence hid. It
does not know flapping."""


def version4(message: Message) -> dict[str, Any]:
    """Alertmanager's body, keys in its order; all alerts, however many."""
    said = message.notification
    return {
        "receiver": said.receiver,
        "status": "firing" if said.firing else "resolved",
        "alerts": [_alert(alert, message.about(alert)) for alert in said.alerts],
        "notification_reason": _REASONS[said.reason],
        "groupLabels": dict(sorted(said.group_labels.items())),
        "commonLabels": dict(sorted(said.common_labels().items())),
        "commonAnnotations": dict(sorted(said.common_annotations().items())),
        "routeLabels": {},
        "externalURL": message.place.rstrip("/"),
        "version": "4",
        "groupKey": said.group_key,
        "truncatedAlerts": 0,
    }


def _alert(alert: AlertView, link: str) -> dict[str, Any]:
    return {
        "status": "firing" if alert.firing else "resolved",
        "labels": dict(sorted(alert.labels.items())),
        "annotations": dict(sorted(alert.annotations.items())),
        "startsAt": rfc3339(alert.started_at),
        "endsAt": _UNSET if alert.firing or alert.resolved_at is None else rfc3339(alert.resolved_at),
        "generatorURL": alert.source or link,
        "fingerprint": fingerprint(alert.labels),
    }


def rfc3339(at: datetime) -> str:
    """In UTC, with as many digits of the second as it takes."""
    text = at.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"
