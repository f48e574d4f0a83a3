"""Several messages that wait for one destination as one: a newer one of a group with the older, or a digest. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.notification import AlertView, Change, Notification, Reason

DIGEST = "digest:"
"""What the group of a digest begins with, as it is of no group."""

_UNHEARD = (Change.NEW, Change.WORSE, Change.FLAPPING)
"""What is still to be told of an alert that fires, however often it is told as the same afterwards."""


_NO_NEWS = (Reason.REPEAT, Reason.ACKNOWLEDGED)


def caught_up(messages: Sequence[Notification]) -> tuple[int, Notification]:
    """How many of a group's messages, oldest first, go out as one, and that one: the last of them with all that the
    others, which nobody got, had to say.

    What the older told as new stays new. What fired in it and is over in the newer is told as one: fired and resolved.
    What is over in an older and fires again in a newer is told by two: else its end would be told by none.
    """
    places, alerts = _joined(messages)
    one = messages[len(places) - 1]
    reasons = [message.reason for message in messages[: len(places)] if message.reason not in _NO_NEWS]
    return len(places), replace(one, alerts=alerts, reason=reasons[-1] if reasons else one.reason)


def digest(messages: Sequence[Notification], *, at: datetime) -> tuple[Sequence[int], Notification]:
    """Which of several messages to one receiver, oldest first, go out as one, by their places, and that one: every
    alert once, worst first."""
    places, alerts = _joined(messages)
    first = messages[0]
    name = f"{first.id}.digest"
    return places, Notification(
        name, first.receiver, f"{DIGEST}{name}", {}, Reason.DIGEST, at, alerts, first.instead_of
    )


def unheard(lost: Iterable[Notification], message: Notification) -> Notification:
    """A group's message to somebody who never got the `lost` ones before it, oldest first: what he hears of for the
    first time is new to him, and what is over is told as fired and resolved."""
    known: dict[str, AlertView] = {}
    for one in lost:
        for view in one.alerts:
            known[view.key] = _after(known[view.key], view) if view.key in known else view
    alerts = tuple(_after(known[view.key], view) if view.key in known else view for view in message.alerts)
    return replace(message, alerts=alerts)


def last_words(heard: Iterable[Notification]) -> dict[str, AlertView]:
    """What messages, oldest first, said last of each alert."""
    return {view.key: view for one in heard for view in one.alerts}


def ends(message: Notification, known: Mapping[str, AlertView]) -> Notification:
    """What of a message is the end of something that somebody heard to fire, who was told this last of each alert."""
    over = (view for view in message.alerts if not view.firing and view.key in known and known[view.key].firing)
    return replace(message, alerts=tuple(replace(view, change=Change.RESOLVED) for view in over))


def beyond(message: Notification, known: Mapping[str, AlertView]) -> Notification:
    """What of a message is news to somebody who was told this last of each alert; no alerts if nothing is. All of it is
    to who was told of none."""
    if not any(view.key in known for view in message.alerts):
        return message
    views = tuple(told for view in message.alerts if (told := _told_after(known.get(view.key), view)) is not None)
    news = message.reason is Reason.REPEAT or any(view.change is not Change.SAME for view in views)
    return replace(message, alerts=_ordered(views) if news else ())


def _joined(messages: Sequence[Notification]) -> tuple[list[int], tuple[AlertView, ...]]:
    """The places of those that can be told as one, the first always, and what they tell together. After one that
    cannot, none of its group can."""
    found: dict[str, AlertView] = {}
    places: list[int] = []
    held: set[str] = set()
    for place, message in enumerate(messages):
        if message.group_key in held or any(_buries(found.get(view.key), view) for view in message.alerts):
            held.add(message.group_key)
            continue
        places.append(place)
        for view in message.alerts:
            before = found.get(view.key)
            found[view.key] = _after(before, view) if before else view
    return places, _ordered(found.values())


def _buries(before: AlertView | None, view: AlertView) -> bool:
    """Whether an end that has to be told would be told no more."""
    return before is not None and before.change is Change.RESOLVED and view.firing


def _after(before: AlertView, view: AlertView) -> AlertView:
    """What to tell of an alert of which `before` was not heard either."""
    if not view.firing:
        return replace(view, change=Change.PASSED) if before.firing and _first_heard(before) else view
    if not before.firing or before.change not in _UNHEARD:
        return view
    change = view.change if view.change is Change.FLAPPING else before.change
    return replace(view, change=change, values_before=before.values_before)


def _first_heard(view: AlertView) -> bool:
    """Whether nobody was told of the alert before: who flaps may have been."""
    return view.change is Change.NEW or (view.change is Change.FLAPPING and not view.values_before)


def _told_after(heard: AlertView | None, view: AlertView) -> AlertView | None:
    if heard is None or (view.firing and not heard.firing):
        return view
    if not view.firing:
        return replace(view, change=Change.RESOLVED) if heard.firing else None
    rose = view.severity.rank > heard.severity.rank
    return replace(view, change=Change.WORSE if rose else Change.SAME, values_before=heard.values)


def _ordered(alerts: Iterable[AlertView]) -> tuple[AlertView, ...]:
    """Firing before resolved, worse before better, then by labels."""
    return tuple(
        sorted(alerts, key=lambda one: (not one.firing, -one.severity.rank, sorted(one.labels.items()), one.key))
    )
