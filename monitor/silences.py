"""Silences: what people do not want to hear of for a while. Pure.

A silence hides the alerts that its matchers match, from `starts_at` until before `ends_at`, with a window only while
that is open. It never hides what its breaker `unless` matches, and with `until_resolved` it ends as soon as nothing
that it matches fires any more.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.matchers import Matcher, Matchers
from monitor.model import Alert, Labels, State
from monitor.timewindows import Spell, Spells, between

LONGEST = timedelta(days=366)
"""A silence that lasts longer is a rule that nobody wants."""


class Standing(enum.StrEnum):
    """Where a silence stands, in Alertmanager's words. One that waits for its window to open is active."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


class Ended(enum.StrEnum):
    """Why a silence ended before its time; empty for one that did not."""

    NOT = ""
    BY_HAND = "by-hand"
    RESOLVED = "resolved"
    REPLACED = "replaced"


class Wrong(enum.StrEnum):
    """Why a silence cannot be made."""

    EVERYTHING = "everything"
    """It would hide everything."""
    BACKWARDS = "backwards"
    PAST = "past"
    LONG = "long"
    WINDOW = "window"
    """The policy has no such window."""


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence. `window` is the name of a window of the policy, empty without one."""

    id: str
    matchers: Matchers
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    updated_at: datetime
    unless: Matchers | None = None
    until_resolved: bool = False
    window: str = ""
    ended: Ended = Ended.NOT

    def standing(self, at: datetime) -> Standing:
        """Where it stands at `at`."""
        if at >= self.ends_at:
            return Standing.EXPIRED
        return Standing.ACTIVE if at >= self.starts_at else Standing.PENDING

    def matches(self, labels: Labels) -> bool:
        """Whether it is about an alert with these labels, severity included; its breaker wins."""
        return self.matchers.match(labels) and not (self.unless is not None and self.unless.match(labels))

    def spell(self, at: datetime, windows: Spells) -> Spell:
        """Whether it hides anything at `at`, when the windows stand like this. One whose window the policy no longer
        has hides nothing."""
        own = between(self.starts_at, self.ends_at, at)
        if not self.window or not own.open:
            return own
        if self.window not in windows:
            return Spell(False)
        window = windows[self.window]
        if window.until is not None and window.until < self.ends_at:
            return window
        return Spell(window.open, self.ends_at if window.open else None)

    def end(self, at: datetime, why: Ended) -> Silence:
        """The silence, over from `at` on."""
        return replace(self, starts_at=min(self.starts_at, at), ends_at=at, updated_at=at, ended=why)

    def lasting(self, until: datetime, at: datetime) -> Silence:
        """The silence with another end, as somebody wants it at `at`."""
        return replace(self, ends_at=until, updated_at=at)

    def moved(self, by: timedelta) -> Silence:
        """The same by clocks that are so far ahead."""
        moments = (self.starts_at, self.ends_at, self.updated_at)
        starts_at, ends_at, updated_at = (one + by for one in moments)
        return replace(self, starts_at=starts_at, ends_at=ends_at, updated_at=updated_at)


def wrongs(silence: Silence, at: datetime, windows: Collection[str]) -> Iterator[Wrong]:
    """Why a silence cannot be made at `at`, under a policy with these windows."""
    if all(_may_be_empty(one) for one in silence.matchers.matchers):
        yield Wrong.EVERYTHING
    if silence.starts_at >= silence.ends_at:
        yield Wrong.BACKWARDS
    elif silence.ends_at <= at:
        yield Wrong.PAST
    elif silence.ends_at - at > LONGEST:
        yield Wrong.LONG
    if silence.window and silence.window not in windows:
        yield Wrong.WINDOW


def faults(silence: Silence, at: datetime, windows: Collection[str]) -> Iterator[str]:
    """The same as texts for people."""
    known = ", ".join(sorted(windows)) or "none"
    texts = {
        Wrong.EVERYTHING: "it would hide everything: at least one matcher must not match the empty text",
        Wrong.BACKWARDS: "its end is not after its start",
        Wrong.PAST: "its end is in the past",
        Wrong.LONG: f"it lasts longer than {LONGEST.days} days",
        Wrong.WINDOW: f"the policy has no window {silence.window!r} (windows: {known})",
    }
    return (texts[wrong] for wrong in wrongs(silence, at, windows))


def _may_be_empty(matcher: Matcher) -> bool:
    return Matchers((matcher,)).match({matcher.name: ""})


def may_become(before: Silence, after: Silence, at: datetime) -> bool:
    """Whether `after` may stand in the place of `before`, in Alertmanager's meaning: the same matchers, and nothing of
    what has already happened rewritten."""
    if before.matchers != after.matchers or before.standing(at) is Standing.EXPIRED:
        return False
    if before.standing(at) is Standing.ACTIVE:
        return after.starts_at == before.starts_at and after.ends_at >= at
    return after.starts_at >= at


def over(silence: Silence, moved: Iterable[Alert], live: Iterable[Alert], at: datetime) -> bool:
    """Whether a silence until resolved has done its work: some of `moved` matches it, and nothing of `live` that does
    fires or waits."""
    if not silence.until_resolved or silence.standing(at) is not Standing.ACTIVE:
        return False
    if not any(silence.matchers.match(one.all_labels) for one in moved):
        return False
    return not any(one.state is not State.RESOLVED and silence.matchers.match(one.all_labels) for one in live)


def preview(silence: Silence, alerts: Iterable[Alert]) -> list[Alert]:
    """What of `alerts` it would hide while it is in force."""
    return [one for one in alerts if one.state is not State.RESOLVED and silence.matches(one.all_labels)]
