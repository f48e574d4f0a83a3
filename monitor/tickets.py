"""Signed links in messages: what each does, for how long it can be used, and the text that cannot be forged. Pure.

A link names the message that it stands in, so it is the same at every try and short enough for every chat.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from monitor.matchers import Matcher, Matchers
from monitor.model import Labels
from monitor.notification import Notification

LIFE = timedelta(hours=24)
"""How long a link can be used after its message was made."""

REMARK = "by a link in a message"
"""The comment of what a link did."""

_MOST_VALUES = 50
_OTHER_NAMES = ("severity", "instance_id", "project_id", "region")
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_SIGNATURE = 16


class Deed(enum.StrEnum):
    """What a link does once it is confirmed. The values stand in addresses."""

    ACKNOWLEDGE = "ack"
    SILENCE_1H = "s1"
    SILENCE_4H = "s4"

    @property
    def lasts(self) -> timedelta | None:
        """How long the silence lasts; None for what is none."""
        return {Deed.SILENCE_1H: timedelta(hours=1), Deed.SILENCE_4H: timedelta(hours=4)}.get(self)


class Unusable(Exception):
    """A link that is none of ours, or no longer one; the text says which, for people."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One deed about one message, until `expires_at` (whole seconds)."""

    deed: Deed
    message: str
    expires_at: datetime

    def sealed(self, key: bytes) -> str:
        """The text for an address: only who has the key can make it."""
        body = f"{self.deed}.{int(self.expires_at.timestamp())}.{self.message}"
        return f"{_signature(body, key)}.{body}"


def ticket(deed: Deed, notification: Notification) -> Ticket:
    """The ticket of a message: the same at every try."""
    return Ticket(deed, notification.id, notification.at + LIFE)


def opened(text: str, key: bytes, at: datetime) -> Ticket:
    """The ticket that `text` seals.

    Raises:
        Unusable: it was changed, made by somebody else, or has expired.
    """
    seal, _, body = text.partition(".")
    if not body or not hmac.compare_digest(seal.encode(), _signature(body, key).encode()):
        raise Unusable("This link was not made by this service, or was cut or changed on its way. Nothing was done.")
    deed, expires, message = body.split(".", 2)
    found = Ticket(Deed(deed), message, datetime.fromtimestamp(int(expires), UTC))
    if at >= found.expires_at:
        raise Unusable("This link has expired: it could be used for 24 hours after its message. Nothing was done.")
    return found


class Labelled(Protocol):
    """What has labels: an alert, as it is or as a message tells it."""

    @property
    def labels(self) -> Labels: ...


def about(alerts: Sequence[Labelled]) -> Matchers:
    """What matches these alerts, by the labels that they all have, and as little else as that allows."""
    names = set.intersection(*(set(alert.labels) for alert in alerts)) if alerts else set()
    others = _OTHER_NAMES if names & {"instance"} else _OTHER_NAMES[:1]
    found = []
    for name in sorted(names.difference(others)):
        values = sorted({alert.labels[name] for alert in alerts})
        if len(values) == 1:
            found.append(Matcher(name, "=", values[0]))
        elif len(values) <= _MOST_VALUES:
            found.append(Matcher(name, "=~", "|".join(_SPECIAL.sub(r"\\\g<0>", value) for value in values)))
    return Matchers(tuple(found))


def _signature(body: str, key: bytes) -> str:
    digest = hmac.digest(key, b"fdi-monitor link\n" + body.encode(), hashlib.sha256)[:_SIGNATURE]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
