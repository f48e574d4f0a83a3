"""What a webhook's own body is made of: the names its template sees. Pure."""

from __future__ import annotations

import math
from typing import Any

from monitor.fingerprint import fingerprint
from monitor.message import Entry, Message, plain
from monitor.notifiers.prometheus import rfc3339
from monitor.templates import Template, compile_template

LIMIT = 100_000
"""Letters of the template, and of what it gives."""

_TRICKY = 'quote " backslash \\ line\nend {"a": 1} 中文'


def template(text: str) -> Template:
    """The template of a body. TextFault for what is none."""
    return compile_template(text, limit=LIMIT)


def names(message: Message) -> dict[str, object]:
    """The message as a template sees it; `alerts` are those that are told in full, `more` counts the others."""
    said = message.notification
    return {
        "id": said.id,
        "receiver": said.receiver,
        "reason": str(said.reason),
        "status": "firing" if said.firing else "resolved",
        "severity": str(said.severity),
        "title": message.title,
        "delta": message.delta,
        "text": plain(message),
        "link": message.link,
        "footer": message.footer,
        "colour": str(message.colour),
        "at": rfc3339(said.at),
        "group": said.group_key,
        "labels": dict(said.common_labels()),
        "firing": len(said.firing),
        "resolved": len(said.resolved),
        "more": message.hidden,
        "alerts": [_alert(entry) for entry in message.entries],
    }


def _alert(entry: Entry) -> dict[str, Any]:
    alert = entry.alert
    return {
        "status": "firing" if alert.firing else "resolved",
        "change": str(alert.change),
        "severity": str(alert.severity),
        "name": alert.name,
        "instance": alert.instance,
        "headline": entry.headline,
        "details": list(entry.details),
        "runbook": entry.runbook,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "values": {name: value for name, value in alert.values.items() if math.isfinite(value)},
        "started_at": rfc3339(alert.started_at),
        "resolved_at": rfc3339(alert.resolved_at) if alert.resolved_at else "",
        "fingerprint": fingerprint(alert.labels),
    }


_ALERT: dict[str, Any] = {
    **dict.fromkeys(("status", "change", "severity", "name", "instance", "headline"), _TRICKY),
    **dict.fromkeys(("runbook", "started_at", "resolved_at", "fingerprint"), _TRICKY),
    "details": [_TRICKY, _TRICKY],
    "labels": {"alertname": _TRICKY, "instance": _TRICKY, "account": _TRICKY, "severity": "critical"},
    "annotations": {"summary": _TRICKY, "runbook": _TRICKY},
    "values": {"abnormal": 3, "up": 1},
}
PREVIEW: dict[str, object] = {
    **dict.fromkeys(("id", "receiver", "reason", "status", "severity", "title", "delta", "text"), _TRICKY),
    **dict.fromkeys(("link", "footer", "colour", "at", "group"), _TRICKY),
    "labels": _ALERT["labels"],
    "firing": 2,
    "resolved": 0,
    "more": 1,
    "alerts": [_ALERT, _ALERT],
}
"""What a template is tried with before it is used: every name, and texts that break JSON where they are not quoted."""
