"""PagerDuty: one incident for each group, by Events API v2."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import SecretStr

from monitor.message import Message, plain
from monitor.model import Severity
from monitor.notification import Reason
from monitor.notifiers import Options, OptionsType
from monitor.notifiers.codes import Codes, text_at
from monitor.notifiers.dialect import encoded, is_address
from monitor.notifiers.fields import Url
from monitor.notifiers.robot import Robot
from monitor.writing import clean

API = "https://events.pagerduty.com"
SUMMARY = 1024
LIMIT = 500_000
"""Bytes of the event; 512 KB are documented."""
_SEVERITIES = {Severity.CRITICAL: "critical", Severity.WARNING: "warning", Severity.INFO: "info"}


def _said(answer: Mapping[str, Any]) -> str:
    """What is wrong with an event, as far as the answer says so in the documented way."""
    errors = answer.get("errors")
    return "; ".join(map(str, errors)) if isinstance(errors, list) and errors else str(answer.get("message", ""))


CODES = Codes(
    code=text_at("status"),
    text=_said,
    good={"success"},
    too_fast={"throttle exceeded"},
)


class PagerdutyOptions(Options):
    """`pagerduty:` in the policy. Of accounts in Europe `base_url` is https://events.eu.pagerduty.com."""

    routing_key: SecretStr
    base_url: Url = SecretStr(API)

    @property
    def tells_acks(self) -> bool:
        """As the state of the incident."""
        return True


class Pagerduty(Robot):
    """Triggers while an alert of the group fires, acknowledges when somebody cares for all that do, and resolves with
    the last."""

    Options: ClassVar[OptionsType] = PagerdutyOptions
    codes = CODES

    def payload(self, message: Message) -> dict[str, Any]:
        """The event, without the routing key."""
        said = message.notification
        key = hashlib.sha256(f"{said.receiver}\n{said.group_key}".encode()).hexdigest()
        if not said.firing:
            return {"event_action": "resolve", "dedup_key": key}
        if said.reason is Reason.ACKNOWLEDGED and all(alert.acknowledged_by for alert in said.firing):
            return {"event_action": "acknowledge", "dedup_key": key}
        common = said.common_labels()
        event = {
            "event_action": "trigger",
            "dedup_key": key,
            "client": "FDI Monitor",
            "payload": {
                "summary": clean(f"{message.title}: {_first(message)}", SUMMARY),
                "source": clean(common.get("instance") or common.get("account") or said.receiver, 255),
                "severity": _SEVERITIES[said.severity],
                "timestamp": min(alert.started_at for alert in said.firing).isoformat(),
                "component": clean(common.get("instance", ""), 255),
                "group": clean(common.get("account", ""), 255),
                "class": clean(common.get("alertname", ""), 255),
                "custom_details": _details(message),
            },
            "links": [
                {"href": button.url, "text": button.text} for button in message.buttons if is_address(button.url)
            ],
        }
        return {**event, "client_url": message.link} if is_address(message.link) else event

    def url(self) -> SecretStr:
        """Where events go."""
        return SecretStr(f"{self._options.base_url.get_secret_value().rstrip('/')}/v2/enqueue")

    def sealed(self, body: dict[str, Any]) -> dict[str, Any]:
        """The routing key stands in the body."""
        return {"routing_key": self._options.routing_key.get_secret_value(), **body}


def _first(message: Message) -> str:
    firing = (entry.headline for entry in message.entries if entry.alert.firing)
    return next(firing, message.delta)


def _details(message: Message) -> dict[str, Any]:
    """The message as text, and the labels all alerts share; the text alone where both are too large."""
    details = {"message": plain(message), "labels": message.notification.common_labels()}
    return details if len(encoded(details)) < LIMIT else {"message": details["message"]}
