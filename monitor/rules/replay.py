"""History through rules and routes: what would have fired, and what would have been said. Pure.

It steps the same `Stage` as the tests of the rules, and that the same watches, routes and groups as the service.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model import Alert, Labels, Severity, State, Transition
from monitor.notification import Notification, Reason
from monitor.quieting import PLAIN, Quieting
from monitor.routing import Route
from monitor.rules.course import Course
from monitor.rules.past import Past
from monitor.rules.rule import Rule
from monitor.rules.stage import Stage

_TICK = timedelta(microseconds=1)
TELL_EVERY = 2000
"""Samples between two reports of progress."""

Progress = Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class Firing:
    """One time that an alert fired. `severity` is its worst; `resolved_at` is None where it still does at the end.

    `cleared_at` is when the breach was over for good: the first sample without it, from which `keep_firing_for` ran.
    """

    rule: str
    key: str
    labels: Labels
    severity: Severity
    since: datetime
    fired_at: datetime
    cleared_at: datetime | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One message: when, to whom, why, and the rules whose alerts it names."""

    at: datetime
    receiver: str
    reason: Reason
    rules: frozenset[str]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of it: firings in the order in which they began, messages, how many polls of how many were judged,
    and the alerts as they stand at the end."""

    firings: tuple[Firing, ...]
    told: tuple[Told, ...]
    polls: int
    judged: int
    alerts: tuple[Alert, ...]


class Replay:
    """Instances on their way through history under `rules` and, where it is given, `route`.

    Nobody reads the numbers of its alerts, which stay as they were when they moved. Without a route nobody is told
    anything. Without `jumps` every poll is judged: slower, and the same.
    """

    def __init__(
        self,
        pasts: Sequence[Past],
        rules: tuple[Rule, ...],
        route: Route | None,
        quieting: Quieting = PLAIN,
        *,
        alerts: Iterable[Alert] = (),
        jumps: bool = True,
    ) -> None:
        """`alerts` are those that stand when the way begins."""
        self.stage = Stage((), rules, route, quieting, pasts=pasts, figures=False)
        self.stage.know(alerts)
        self.transitions: list[Transition] = []
        self.said: list[Notification] = []
        self._courses = [Course(past, self.stage, jumps=jumps) for past in pasts]
        self._polls = sum(run.polls for past in pasts for run in past.runs)
        self._judged = 0
        self._open: dict[str, Firing] = {}
        self._over: list[Firing] = []

    def play(self, until: datetime, progress: Progress | None = None, *, enough: int | None = None) -> Replayed:
        """Goes to the end of the runs, or until `enough` alerts fire at once; the groups speak up to `until`."""
        waiting = [(course.at, number) for number, course in enumerate(self._courses) if course.at is not None]
        heapq.heapify(waiting)
        due = self.stage.due()
        while waiting:
            at, number = waiting[0]
            if due is not None and due < at:
                self.said += self.stage.speak(at - _TICK)
                due = self.stage.due()
            course = self._courses[number]
            sample = course.sample()
            changes = self.stage.take(sample, fresh=course.fresh)
            self._judged += 1
            for change in changes:
                if change.transition is not None:
                    self._note(change.transition, change.alert)
                    due = self.stage.due()
            if enough is not None and len(self._open) >= enough:
                break
            course.go_on(calm=not self.stage.followed(sample, changes))
            if course.at is None:
                heapq.heappop(waiting)
            else:
                heapq.heapreplace(waiting, (course.at, number))
            if self.stage.roused:
                waiting = self._woken(at, number)
            if progress is not None and not self._judged % TELL_EVERY:
                progress(at)
        for course in self._courses:
            course.end()
        self.said += self.stage.speak(until)
        return self._replayed()

    def _woken(self, at: datetime, by: int) -> list[tuple[datetime, int]]:
        """Who waits for what, after the sample that course number `by` took at `at` made others restless."""
        for number, course in enumerate(self._courses):
            if number != by and course.key in self.stage.roused:
                # of two polls at one moment that of the later course comes later
                course.wake(at if number > by else at + _TICK)
        waiting = [(course.at, number) for number, course in enumerate(self._courses) if course.at is not None]
        heapq.heapify(waiting)
        return waiting

    def _replayed(self) -> Replayed:
        firings = sorted([*self._over, *self._open.values()], key=lambda one: (one.fired_at, one.key))
        told = tuple(
            Told(one.at, one.receiver, one.reason, frozenset(alert.name for alert in one.alerts)) for one in self.said
        )
        return Replayed(tuple(firings), told, self._polls, self._judged, tuple(self.stage.alerts()))

    def _note(self, step: Transition, alert: Alert | None) -> None:
        self.transitions.append(step)
        known = self._open.get(step.alert)
        if not step.after.fires:
            if known is not None:
                del self._open[step.alert]
                self._over.append(replace(known, cleared_at=known.cleared_at or step.at, resolved_at=step.at))
        elif known is None and alert is not None:
            self._open[step.alert] = Firing(
                step.rule, step.alert, alert.labels, step.severity, alert.since, alert.fired_at or step.at
            )
        elif known is not None:
            worst = max(known.severity, step.severity, key=lambda severity: severity.rank)
            cleared = known.cleared_at
            if step.after is not step.before:
                cleared = step.at if step.after is State.CLEARING else None
            self._open[step.alert] = replace(known, severity=worst, cleared_at=cleared)
