"""Several messages that wait for one destination as one: a newer one of a group with the older, or a digest. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.notification import AlertView, Change, Notification, Reason


def caught_up(older: Notification, newer: Notification) -> Notification:
    """The newer of two messages of one group, with all that the older, which nobody got, had to say.

    What the older told as new stays new. What fired in it and is over in the newer is told as one: fired and resolved.
    """
    return replace(newer, alerts=_ordered(_joined((older, newer))))


def digest(messages: Sequence[Notification], *, at: datetime) -> Notification:
    """One message in place of several of one receiver, oldest first: every alert once, worst first."""
    first = messages[0]
    name = f"{first.id}.digest"
    return Notification(
        name, first.receiver, f"digest:{name}", {}, Reason.DIGEST, at, _ordered(_joined(messages)), first.instead_of
    )


def _joined(messages: Iterable[Notification]) -> Iterable[AlertView]:
    found: dict[str, AlertView] = {}
    for message in messages:
        for alert in message.alerts:
            before = found.get(alert.key)
            found[alert.key] = _after(before, alert) if before else alert
    return found.values()


def _after(before: AlertView, alert: AlertView) -> AlertView:
    """What to tell of an alert of which `before` was not heard either."""
    untold = before.firing and before.change in (Change.NEW, Change.WORSE)
    if not alert.firing and before.firing and before.change is Change.NEW:
        return replace(alert, change=Change.PASSED)
    if alert.firing and untold and alert.change in (Change.SAME, Change.WORSE):
        return replace(alert, change=before.change, values_before=before.values_before)
    return alert


def _ordered(alerts: Iterable[AlertView]) -> tuple[AlertView, ...]:
    """Firing before resolved, worse before better, then by labels."""
    return tuple(
        sorted(alerts, key=lambda one: (not one.firing, -one.severity.rank, sorted(one.labels.items()), one.key))
    )
