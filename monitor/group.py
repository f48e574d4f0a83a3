"""A group of alerts as a value: what it is, what it has said, when it has to be looked at again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.model import Labels
from monitor.quieting import Hushed, earliest
from monitor.routing import Route, Step
from monitor.views import Said


@dataclass(frozen=True, slots=True)
class Group:
    """One group and what it has said so far.

    `changed_at` is the first change that was not spoken of yet; `spoke_at` the last message; `version` counts the
    messages, `repeats` those since the last one that told something new; `look_at` is when it has to be looked at
    again, None when only a change can give it something to say; `held` is what it kept quiet about when it was looked
    at last. `mute`, `active`, `repeat_limit` and `step` are its route's.
    """

    key: str
    receiver: str
    labels: Labels
    wait: timedelta
    interval: timedelta
    repeat: timedelta
    mute: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    repeat_limit: int | None = None
    step: Step | None = None
    version: int = 0
    repeats: int = 0
    changed_at: datetime | None = None
    spoke_at: datetime | None = None
    look_at: datetime | None = None
    said: Mapping[str, Said] = field(default_factory=dict)
    held: Mapping[str, Hushed] = field(default_factory=dict)

    def on(self, route: Route | None) -> Group:
        """The group with what its route says now, and all that it has said itself. Without one it stays as it is."""
        if route is None:
            return self
        fresh = new_group(route, self.labels)
        return replace(
            self,
            wait=fresh.wait,
            interval=fresh.interval,
            repeat=fresh.repeat,
            mute=fresh.mute,
            active=fresh.active,
            repeat_limit=fresh.repeat_limit,
            step=fresh.step,
        )

    def changed(self, at: datetime) -> Group:
        """The group after one of its alerts moved at `at`."""
        changed_at = self.changed_at or at
        return replace(self, changed_at=changed_at, look_at=earliest(self.look_at, self._due(changed_at)))

    def freed(self, at: datetime) -> Group:
        """The group after what inhibited some of it ended at `at`.

        What was hidden may be over at its next sample, so it is given one interval before it is told.
        """
        return replace(self, look_at=earliest(self.look_at, at + self.interval))

    def due(self) -> datetime | None:
        """When its unsaid change may be spoken of; None without one."""
        return self._due(self.changed_at) if self.changed_at is not None else None

    def _due(self, changed_at: datetime) -> datetime:
        waited = changed_at + self.wait
        return waited if self.spoke_at is None else max(waited, self.spoke_at + self.interval)

    @property
    def flapped(self) -> frozenset[str]:
        """The alerts that it said to be flapping."""
        return frozenset(key for key, said in self.said.items() if said.flapping)


def new_group(route: Route, labels: Labels) -> Group:
    """The group of an alert with these labels on this route, before it has said anything."""
    return Group(
        key=route.group_key(labels),
        receiver=route.receiver,
        labels=route.group_labels(labels),
        wait=route.group_wait,
        interval=route.group_interval,
        repeat=route.repeat_interval,
        mute=route.mute,
        active=route.active,
        repeat_limit=route.repeat_limit,
        step=route.step,
    )
