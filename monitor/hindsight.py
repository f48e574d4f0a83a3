"""What a silence would have hidden, had it been in force: of what fired, and of what was said. Pure.

Its own beginning and end do not matter, its window does: it would have hidden only what came while that was open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.model import Labels
from monitor.notification import Notification, Reason
from monitor.silences import Silence
from monitor.timewindows import Windows

_NO_NEWS = (Reason.DIGEST, Reason.DRILL, Reason.TEST)


@dataclass(frozen=True, slots=True)
class Began:
    """An alert that began to fire, with the labels it had then, severity included."""

    key: str
    at: datetime
    labels: Labels


@dataclass(frozen=True, slots=True)
class Hidden:
    """One alert that would have been hidden: how often it began to fire, and when last."""

    key: str
    labels: Labels
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Hindsight:
    """What would have been hidden since `since`: the alerts, those that fired most often first; how many messages by
    receiver; and how many more would have told less."""

    since: datetime
    alerts: tuple[Hidden, ...] = ()
    messages: Mapping[str, int] = field(default_factory=dict)
    shortened: int = 0

    @property
    def fired(self) -> int:
        """How often an alert that would have been hidden began to fire."""
        return sum(one.times for one in self.alerts)


def hindsight(
    silence: Silence, began: Iterable[Began], said: Iterable[Notification], windows: Windows, *, since: datetime
) -> Hindsight:
    """What `silence` would have hidden of what `began` and was `said` after `since`, each oldest first.

    A digest says nothing that the messages in it do not say.
    """

    def hides(labels: Labels, at: datetime) -> bool:
        return silence.matches(labels) and (not silence.window or _open(windows, silence.window, at))

    fired = [one for one in began if hides(one.labels, one.at)]
    times, last = Counter(one.key for one in fired), {one.key: one for one in fired}
    found = [Hidden(key, last[key].labels, number, last[key].at) for key, number in times.most_common()]
    messages: Counter[str] = Counter()
    shortened = 0
    for message in said:
        told = [hides(one.labels, message.at) for one in message.alerts if message.reason not in _NO_NEWS]
        if told and all(told):
            messages[message.receiver] += 1
        else:
            shortened += any(told)
    return Hindsight(since, tuple(found), dict(messages), shortened)


def _open(windows: Windows, name: str, at: datetime) -> bool:
    return name in windows and windows[name].at(at).open
