"""A group's alerts, sorted by what may be said of them, and what there is to say. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime

from monitor.group import Group
from monitor.model import Alert, State
from monitor.notification import Reason
from monitor.pacing import repeats_at
from monitor.quieting import Hushed, Look, Why


class Quiet(enum.StrEnum):
    """Why a group says nothing now. The words of `Why` mean what they mean there: all that it could say is hushed."""

    WAITING = "waiting"
    NOTHING_NEW = "nothing-new"
    SILENCED = Why.SILENCED
    MAINTENANCE = Why.MAINTENANCE
    INHIBITED = Why.INHIBITED
    ACKNOWLEDGED = Why.ACKNOWLEDGED
    """It would have repeated itself, but somebody cares for all that fires."""
    NOT_YET = Why.NOT_YET
    FLAPPING = Why.FLAPPING
    MUTED = Why.MUTED
    INACTIVE = Why.INACTIVE
    REPEAT_LIMIT = "repeat-limit"
    """It has repeated itself as often as it may."""
    OVER_BEFORE_SAID = "over-before-said"
    """It fired and resolved before it was said: nobody was told, so nobody needs an all-clear."""
    EMPTY = "empty"


class Scene:
    """A group's alerts, sorted by what may be said of them.

    `standing` are those that count as firing here, `held` those of them that are hushed, `firing` the others, `owed`
    those of them that a silence hid until now, and `over` those that people believe to fire and that do not.
    `owners` care for those that fire; `untold` are those of them that were said to have another one, or none, where the
    receiver `tells_acks` at all.
    """

    def __init__(self, group: Group, alerts: Iterable[Alert], look: Look, *, tells_acks: bool = False) -> None:
        self.group = group
        self.alerts = tuple(alerts)
        self.look = look
        self.standing = {one.key: one for one in self.alerts if _stands(group, one, look)}
        told = group.flapped & set(look.flapping)
        flapping = {key: Hushed(Why.FLAPPING) for key in told if key in self.standing}
        self.held = {key: one for key, one in {**flapping, **look.hushed}.items() if key in self.standing}
        self.firing = {key: one for key, one in self.standing.items() if key not in self.held}
        # what a silence hid that is over: as long as that is not said, it is remembered
        self.owed = {key: held for key, held in group.held.items() if held.why is Why.SILENCED and key in self.firing}
        self.over = [one for one in self.alerts if one.key in group.said and one.key not in self.standing]
        self.owners = {key: ack.owner for key, ack in look.acknowledged.items() if key in self.firing}
        told_keys = group.said.keys() & self.firing.keys() if tells_acks else ()
        self.untold = [key for key in told_keys if self.owners.get(key, "") != group.said[key].owner]

    def repeat_at(self) -> datetime | Quiet | None:
        """When it repeats itself, or why it does not."""
        if self.group.spoke_at is None or not self.firing:
            return None
        if all(key in self.look.acknowledged for key in self.firing):
            return Quiet.ACKNOWLEDGED
        limit = self.group.repeat_limit
        if limit is not None and self.group.repeats >= limit:
            return Quiet.REPEAT_LIMIT
        return repeats_at(self.group.spoke_at, self.group.repeat, self.group.key)

    def verdict(self, at: datetime, repeat_at: datetime | Quiet | None, *, changed: bool) -> Reason | Quiet:
        """What there is to say, the most pressing first, or why there is nothing."""
        if (reason := self._news()) is not None:
            return reason
        if isinstance(repeat_at, datetime) and at >= repeat_at:
            return Reason.REPEAT
        if self.held:
            return Quiet(next(iter(self.held.values())).why)
        if not self.firing:
            return Quiet.OVER_BEFORE_SAID if changed else Quiet.EMPTY
        spoke_at = self.group.spoke_at
        overdue = spoke_at is not None and at >= spoke_at + self.group.repeat
        return repeat_at if isinstance(repeat_at, Quiet) and overdue else Quiet.NOTHING_NEW

    def because(self, verdict: Quiet) -> str:
        """What being quiet for this reason rests on; empty for nothing in particular."""
        held = next((held.by for held in self.held.values() if str(held.why) == verdict), None)
        if held is not None:
            return held
        owners = [ack.owner for key, ack in self.look.acknowledged.items() if key in self.firing]
        return owners[0] if owners and verdict is Quiet.ACKNOWLEDGED else ""

    def _news(self) -> Reason | None:
        said, firing = self.group.said, self.firing
        new = firing.keys() - said.keys()
        flapping = {key for key in firing if key in self.look.flapping}
        if new - flapping - self.owed.keys():
            if self.group.step is not None:
                return Reason.ESCALATED
            return Reason.MORE if said else Reason.FIRST
        if any(one.severity.rank > said[key].severity.rank for key, one in firing.items() if key in said):
            return Reason.WORSE
        if flapping:
            return Reason.FLAPPING
        if self.owed:
            return Reason.SILENCE_ENDED
        if said.keys() - self.standing.keys():
            return Reason.SOME_RESOLVED if self.standing else Reason.ALL_RESOLVED
        if self.group.flapped & firing.keys():
            return Reason.STEADY
        return Reason.ACKNOWLEDGED if self.untold else None


def _stands(group: Group, alert: Alert, look: Look) -> bool:
    """Whether the alert counts as firing here: one that was said to fire and is pending again has not gone away, and
    one that flaps is never believed to be over."""
    if alert.state.fires or alert.key in look.flapping:
        return True
    return alert.state is State.PENDING and alert.key in group.said
