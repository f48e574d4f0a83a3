"""Alerts that other systems post, a Prometheus for one: what a post makes of an alert, and when it ends. Pure.

They are told apart from our own by keys that no fingerprint looks like, whatever they are called. Whoever posted one
says it again and again, and most of that changes nothing: it moves the deadline, in memory. The end that was posted is
written again only when it is another by more than `SLACK`, and what a new process finds gets that much time more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor import lifecycle
from monitor.builtin import TIMERS
from monitor.fingerprint import fingerprint
from monitor.model import Alert, Cause, Finding, Labels, Severity, Truth
from monitor.rules.change import Change

RULE = "posted"
"""Stands where alerts of ours bear the name of their rule; it names no rule of the policy."""
VERSION = "posted"

RESOLVE_AFTER = timedelta(minutes=5)
"""How long an alert without an end fires after it was last posted: Alertmanager's `resolve_timeout`."""
SLACK = RESOLVE_AFTER

_SEVERITIES = {
    **dict.fromkeys(("critical", "page", "fatal", "emergency", "emerg", "disaster", "alert", "p1"), Severity.CRITICAL),
    **dict.fromkeys(("info", "information", "informational", "notice", "none", "debug", "low"), Severity.INFO),
}


@dataclass(frozen=True, slots=True)
class Post:
    """One alert as somebody posted it. `source` leads to what raised it, and may be empty."""

    labels: Labels
    annotations: Mapping[str, str] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    source: str = ""

    @property
    def key(self) -> str:
        """What tells its alert from all others, and from all of ours."""
        return f"posted-{fingerprint(self.labels)}"

    def deadline(self, at: datetime) -> datetime:
        """When its alert ends if nothing more is posted, for one that was posted at `at`."""
        return at + RESOLVE_AFTER if self.ends_at is None else self.ends_at


def severity_of(labels: Labels) -> Severity:
    """How bad it is by the words that are in use; a warning where they are none of these."""
    return _SEVERITIES.get(labels.get("severity", "").lower(), Severity.WARNING)


def judged(known: Alert | None, post: Post, *, at: datetime) -> Change | None:
    """What `post`, which came at `at`, makes of the alert with its key; None where it changes nothing."""
    firing = known if known is not None and known.state.fires else None
    if post.ends_at is not None and post.ends_at <= at:
        return None if firing is None else ended(firing, Cause.ENDED, at=at)
    if firing is None:
        return _begun(known, post, at=at)
    moved = replace(
        firing, annotations=post.annotations, source=post.source, ends_at=_end(firing.ends_at, post.ends_at)
    )
    return Change(RULE, post.key, moved, None) if moved != firing else None


def ended(alert: Alert, cause: Cause, *, at: datetime) -> Change:
    """The end of a posted alert that fires."""
    return Change(RULE, alert.key, *lifecycle.end(alert, cause=cause, at=at))


def resumed(alert: Alert, at: datetime) -> datetime:
    """When an alert that a new process finds firing at `at` ends if nothing more is posted: nobody could post it while
    there was no process, and the end that is written may be older than the last that was posted."""
    return max(alert.ends_at or at, at) + SLACK


def _begun(known: Alert | None, post: Post, *, at: datetime) -> Change:
    found = Finding(post.key, RULE, VERSION, None, post.labels, Truth.BREACH, severity_of(post.labels), at)
    born, transition = lifecycle.advance(known, found, TIMERS)
    if born is None:
        raise AssertionError("a breach without patience fires")
    since = min(post.starts_at or at, at)
    born = replace(
        born,
        since=since,
        fired_at=since,
        annotations=post.annotations,
        source=post.source,
        ends_at=post.ends_at,
    )
    return Change(RULE, post.key, born, transition)


def _end(known: datetime | None, posted: datetime | None) -> datetime | None:
    """The end as it is written from now on: the known one while the posted one is little later."""
    if known is None or posted is None:
        return posted
    return known if known <= posted <= known + SLACK else posted
