"""A notification in words: title, delta, lines and colour, in the receiver's language. Pure."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from urllib.parse import quote

from monitor import telling
from monitor.curve import Curve
from monitor.matchers import Matcher, Matchers
from monitor.model import Severity
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.tickets import Deed, ticket
from monitor.wording import Wording, wording
from monitor.writing import clean, moment, number

FULL = 10
"""How many alerts a message tells in full; the others are counted."""
LONGEST_LINK = 500
"""Characters: a message has little room."""
NAMED = 100
"""How many alerts a digest names at most; the others are counted."""


class Colour(enum.StrEnum):
    """Of the message's header: from the data, never from words in the text."""

    RED = "red"
    ORANGE = "orange"
    BLUE = "blue"
    GREEN = "green"


_TRIALS = (Reason.TEST, Reason.DRILL)
"""What tells of no alert that there is."""

_COLOURS = {Severity.CRITICAL: Colour.RED, Severity.WARNING: Colour.ORANGE, Severity.INFO: Colour.BLUE}


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert in words. `mark` is how it fires (`critical, new`), empty once over; `runbook` an address or empty."""

    alert: AlertView
    headline: str
    details: tuple[str, ...]
    colour: Colour
    mark: str = ""
    runbook: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    """The numbers and moments among the details, by their names, of an alert that is alone in its message; for chats
    that show such in two columns. `prose` are the other details then."""
    prose: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Button:
    """A link of the whole message: what it says, and the http or https address it opens."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """A notification in words. `delta` is what changed, said first; `place` is where the pages are, empty if unknown.

    `entries` are the first alerts; `hidden` counts those left out. All texts are single lines, not yet escaped for any
    format. `edits` names the group's earlier message in the words of the notifier that sent it, which may change that
    one instead of sending another; empty if there is none.
    """

    notification: Notification
    title: str
    delta: str
    entries: tuple[Entry, ...]
    colour: Colour
    footer: str
    place: str = ""
    hidden: int = 0
    language: str = "en"
    edits: str = ""
    actions: tuple[Button, ...] = ()
    """Links that do something once they are confirmed, signed for this message."""
    plot: telling.Plot | None = None
    """How the worst instance fared lately, for chats that can draw it; None where that is not known."""

    @property
    def link(self) -> str:
        """What opens the details: of the alert that is alone, of all in the group, else the first page; empty where it
        is unknown where that is."""
        said = self.notification
        if not self.place or said.reason in _TRIALS or said.reason is Reason.DIGEST or not said.alerts:
            return self.place
        if len(said.alerts) == 1:
            return self.about(said.alerts[0])
        group = Matchers(tuple(Matcher(name, "=", value) for name, value in sorted(said.group_labels.items())))
        found = f"{self.place}alerts?filter={quote(str(group))}"
        return found if group.matchers and len(found) <= LONGEST_LINK else f"{self.place}alerts"

    def about(self, alert: AlertView) -> str:
        """What opens the story of one alert; empty where it is unknown where that is."""
        return f"{self.place}alerts/{quote(alert.key, safe='')}" if self.place else ""

    @property
    def buttons(self) -> tuple[Button, ...]:
        """What can be done and opened: the details, and the runbook where all alerts that are told have the same."""
        words = wording(self.language)
        runbooks = {entry.runbook for entry in self.entries}
        found = ((words.details, self.link), (words.runbook, runbooks.pop() if len(runbooks) == 1 else ""))
        return *self.actions, *(Button(text, url) for text, url in found if url.startswith(("https://", "http://")))

    def more(self, left_out: int = 0) -> str:
        """How many alerts are not told, `left_out` entries among them: `+3 more`; empty if all are."""
        count = self.hidden + left_out
        return wording(self.language).more.format(count=count) if count else ""


def render(
    notification: Notification,
    *,
    language: str,
    zone: tzinfo,
    public_url: str = "",
    key: bytes = b"",
    curve: Curve | None = None,
) -> Message:
    """`notification` in `language` (en or zh), times in `zone`. The same arguments give the same message. `key` signs
    the links of a message that is in the outbox; without it there are none that do anything. `curve` is for chats that
    can draw."""
    words = wording(language)
    brief = notification.reason is Reason.DIGEST
    told = notification.alerts[: NAMED if brief else FULL]
    instead = words.instead.format(receiver=clean(notification.instead_of, 80)) if notification.instead_of else ""
    sent = words.sent.format(at=moment(notification.at, zone))
    footer = (instead, sent, words.identity.format(id=notification.id[:8]))
    alone = len(notification.alerts) == 1 and not brief
    entries = (_entry(alert, notification.at, zone, words, alone=alone) for alert in told)
    return Message(
        notification=notification,
        title=_title(notification, words),
        delta=_delta(notification, words),
        entries=tuple(replace(one, details=()) if brief else one for one in entries),
        colour=_COLOURS[notification.severity] if notification.firing else Colour.GREEN,
        footer=" · ".join(filter(None, footer)),
        place=f"{public_url.rstrip('/')}/" if public_url else "",
        hidden=len(notification.alerts) - len(told),
        language=language,
        actions=_actions(notification, words, public_url, key),
        plot=telling.plot(curve, notification.at, zone, words) if curve else None,
    )


def _actions(notification: Notification, words: Wording, public_url: str, key: bytes) -> tuple[Button, ...]:
    """What can be done about what fires."""
    real = notification.reason not in _TRIALS and notification.firing
    if not real or not key or not public_url.startswith(("https://", "http://")):
        return ()
    place = f"{public_url.rstrip('/')}/links/"
    return tuple(Button(words.deeds[deed], place + ticket(deed, notification).sealed(key)) for deed in Deed)


def plain(message: Message) -> str:
    """The whole message as lines of text, without a line end at its end."""
    words = wording(message.language)
    single = len(message.notification.alerts) == 1
    lines = [message.title, message.delta]
    for entry in message.entries:
        mark = f"[{entry.mark}] " if entry.mark else ""
        lines += [entry.headline if single else f"* {mark}{entry.headline}"]
        lines += [f"  {detail}" for detail in entry.details]
        lines += [f"  {words.named.format(name=words.runbook, value=entry.runbook)}"] if entry.runbook else []
    link = words.named.format(name=words.details, value=message.link) if message.link else ""
    return "\n".join(filter(None, (*lines, message.more(), link, message.footer)))


def title(notification: Notification, language: str) -> str:
    """What a message is called in `language` (en or zh)."""
    return _title(notification, wording(language))


def _title(notification: Notification, words: Wording) -> str:
    firing = len(notification.firing)
    trial = {Reason.TEST: words.test, Reason.DRILL: words.drill}.get(notification.reason, "")
    status = trial or (words.firing if firing else words.resolved)
    if firing:
        status = f"{status} {words.severities[notification.severity]}"
    count = firing or len(notification.alerts)
    return f"[{status}] {_subject(notification)}" + (f" ({count})" if count > 1 else "")


def _subject(notification: Notification) -> str:
    """What the message is about: the rules, and the account and instance where all alerts share them."""
    common = notification.common_labels()
    rules = list(dict.fromkeys(alert.name for alert in notification.alerts if alert.name))
    named = ", ".join(rules[:2]) + (f" +{len(rules) - 2}" if len(rules) > 2 else "")
    parts = (named, common.get("account", ""), common.get("instance", ""))
    return " · ".join(clean(part, 80) for part in parts if part) or clean(notification.group_key, 80)


def _delta(notification: Notification, words: Wording) -> str:
    frame = words.frames.get(notification.reason, "")
    if len(notification.alerts) == 1:
        change = notification.alerts[0].change
        alone = {
            Change.WORSE: words.changes[Change.WORSE],
            Change.FLAPPING: words.flaps,
            Change.PASSED: words.passed,
        }.get(change, "")
        return frame.format(delta=alone or words.still_firing) if frame else alone
    found = Counter(alert.change for alert in notification.alerts)
    counted = zip(Change, (words.new, words.worse, words.gone, words.flapping, words.passes, words.same), strict=True)
    parts = [text.format(count=found[change]) for change, text in counted if found[change]]
    delta = words.then.join(filter(None, (words.between.join(parts), _worst(notification, words))))
    return frame.format(delta=delta) if frame else delta


def _worst(notification: Notification, words: Wording) -> str:
    """The gravest of the firing alerts whose count rose since the last message, with that count."""
    risen = [(alert, rise) for alert in notification.firing if (rise := _rise(alert))]
    if not risen:
        return ""
    alert, (before, after) = max(risen, key=lambda pair: (pair[0].severity.rank, pair[1][1]))
    name = clean(alert.instance or alert.name, 80)
    return words.worst.format(name=name, before=number(before), after=number(after))


def _rise(alert: AlertView) -> tuple[float, float] | None:
    for status in ("abnormal", "terminated"):
        before, after = alert.values_before.get(status), alert.values.get(status)
        if before is not None and after is not None and after > before:
            return before, after
    return None


def _entry(alert: AlertView, at: datetime, zone: tzinfo, words: Wording, *, alone: bool) -> Entry:
    mark = (words.severities[alert.severity], words.changes[alert.change]) if alert.firing else ()
    return Entry(
        alert=alert,
        headline=telling.headline(alert, words),
        details=telling.lines(alert, at, zone, words),
        colour=_COLOURS[alert.severity] if alert.firing else Colour.GREEN,
        mark=words.between.join(filter(None, mark)),
        runbook=clean(alert.annotations.get("runbook") or alert.annotations.get("runbook_url", ""), 1000),
        fields=telling.fields(alert, at, zone, words) if alone else (),
        prose=telling.prose(alert, words) if alone else (),
    )
