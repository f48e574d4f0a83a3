"""One group at its desk: it decides exactly when it asked to be looked at, as the dispatcher lets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.acknowledgement import Ack
from monitor.flapping import Flapping
from monitor.grouping import Decision, Group, decide, new_group
from monitor.inhibition import Sources
from monitor.matchers import EVERYTHING, parse
from monitor.model import Alert, Cause, Severity, State
from monitor.notification import Notification, Reason
from monitor.quieting import PLAIN, Facts, Quieting, Watcher
from monitor.routing import Route
from monitor.silences import Ended, Silence

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ROUTE = Route(
    path="{}",
    receiver="ops",
    matchers=EVERYTHING,
    group_by=("alertname",),
    group_wait=timedelta(seconds=10),
    group_interval=timedelta(minutes=1),
    repeat_interval=timedelta(hours=1),
)
RULE = "abnormal"
FLAPPING = Quieting(flapping={RULE: Flapping()})


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def silence(match: str, begins: float, ends: float, name: str = "s-1") -> Silence:
    return Silence(name, parse(match), at(begins), at(ends), "wang", "迁移", at(begins))


class Desk:
    """What is told of the alerts of one route, all in one group. Times are seconds from START."""

    def __init__(self, route: Route = ROUTE, quieting: Quieting = PLAIN) -> None:
        self.route = route
        self.watcher = Watcher(quieting, Sources(quieting.inhibit))
        self.alerts: dict[str, Alert] = {}
        self.silences: list[Silence] = []
        self.acks: dict[str, Ack] = {}
        self.changes: dict[str, list[datetime]] = {}
        self.group: Group | None = None
        self.members: set[str] = set()
        self.decisions: list[tuple[datetime, Decision]] = []
        self.heard: Callable[[datetime, Decision], None] = lambda _moment, _decision: None

    # what happens

    def fires(self, seconds: float, key: str, severity: Severity = Severity.WARNING) -> None:
        before = self.alerts.get(key)
        labels = {"alertname": RULE, "instance": key}
        if before is None or not before.state.fires:
            fired = at(seconds)
            one = Alert(key, RULE, "1", None, labels, severity, State.FIRING, fired, fired, fired_at=fired)
            self._move(seconds, one, turns=True)
        elif severity is not before.severity:
            self._move(seconds, replace(before, severity=severity), turns=False)

    def resolves(self, seconds: float, key: str) -> None:
        before = self.alerts.get(key)
        if before is not None and before.state.fires:
            ended = replace(before, state=State.RESOLVED, resolved_at=at(seconds), cause=Cause.CLEARED)
            self._move(seconds, ended, turns=True)

    def _move(self, seconds: float, one: Alert, *, turns: bool) -> None:
        self.until(seconds)
        self.alerts[one.key] = one
        if turns:
            self.changes.setdefault(one.key, []).append(at(seconds))
        ack = self.acks.get(one.key)
        if ack is not None and ack.ended(one, at(seconds)):
            del self.acks[one.key]
        if self.watcher.sources.saw(one) and self.group is not None:
            self.group = self.group.freed(at(seconds))
        if one.state.fires:
            self.members.add(one.key)
            self.group = self.group or new_group(self.route, one.all_labels)
        if self.group is not None and one.key in self.members:
            self.group = self.group.changed(at(seconds))

    def silenced(self, seconds: float, one: Silence) -> None:
        self.until(seconds)
        self.silences.append(one)
        self._touch(seconds)

    def unsilenced(self, seconds: float) -> None:
        """All silences end."""
        self.until(seconds)
        now = at(seconds)
        self.silences = [one.end(now, Ended.BY_HAND) if one.ends_at > now else one for one in self.silences]
        self._touch(seconds)

    def acknowledged(self, seconds: float, key: str, *, lasts: float | None = None) -> None:
        self.until(seconds)
        expires = None if lasts is None else at(seconds + lasts)
        self.acks[key] = Ack(key, at(seconds), "wang", "", self.alerts[key].severity, expires)
        self._touch(seconds)

    def _touch(self, seconds: float) -> None:
        if self.group is not None:
            self.group = replace(self.group, look_at=min(at(seconds), self.group.look_at or at(seconds)))

    # what follows

    def until(self, seconds: float) -> None:
        """Decides at every moment up to this one at which it asked to be looked at."""
        while self.group is not None and self.group.look_at is not None and self.group.look_at <= at(seconds):
            moment = self.group.look_at
            # a change that was due before it was known is decided when it is known, never earlier than the last
            self._decide(max(moment, self.decisions[-1][0]) if self.decisions else moment)

    def _decide(self, moment: datetime) -> None:
        group = self.group
        assert group is not None
        members = [self.alerts[key] for key in sorted(self.members)]
        facts = Facts([one for one in self.silences if one.ends_at > moment], self.acks, self.changes)
        look = self.watcher.look(
            members, facts, moment, mute=group.mute, active=group.active, step=group.step, flapped=group.flapped
        )
        decision = decide(group, members, at=moment, message_id=f"m-{len(self.decisions)}", look=look)
        self.decisions.append((moment, decision))
        self.heard(moment, decision)
        assert decision.group is None or decision.group.look_at is None or decision.group.look_at > moment, (
            "it asks to be looked at again at once"
        )
        self.group = decision.group
        said = decision.group.said if decision.group else {}
        self.members = {one.key for one in members if one.state is not State.RESOLVED or one.key in said}
        if self.group is None:
            self.members = set()

    @property
    def messages(self) -> list[Notification]:
        return [decision.notification for _, decision in self.decisions if decision.notification]

    def told(self) -> list[tuple[float, Reason, str]]:
        """The messages so far: when, why, and the changes of their alerts."""
        return [
            (
                (message.at - START).total_seconds(),
                message.reason,
                " ".join(f"{view.key}:{view.change}" for view in message.alerts),
            )
            for message in self.messages
        ]

    def verdicts(self) -> list[tuple[float, str]]:
        """All decisions so far."""
        return [((moment - START).total_seconds(), str(decision.verdict)) for moment, decision in self.decisions]
