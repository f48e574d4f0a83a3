"""A group under alerts that come and go, silences and acknowledgements, against a small model of what people know.

The model knows nothing of how the group decides. It holds the group to this: never RESOLVED without its firing; never
twice without a reason; nothing is told that a silence hides, and no silence hides anything after its end; nothing that
is ready stays unsent.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from desk import FLAPPING, ROUTE, RULE, Desk, at, silence
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from monitor.grouping import Decision
from monitor.model import Severity
from monitor.notification import Change, Notification, Reason
from monitor.quieting import PLAIN, Quieting, Why

KEYS = st.sampled_from(["orders", "invoices", "stock"])
PATIENCE = ROUTE.group_wait + ROUTE.group_interval


class Quiet(RuleBasedStateMachine):
    """The group at its desk, and what people know of it."""

    quieting: ClassVar[Quieting] = PLAIN

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(quieting=self.quieting)
        self.desk.heard = self.hear
        self.now = 0.0
        self.believed: dict[str, Severity] = {}
        self.flapping: set[str] = set()
        self.last: datetime | None = None
        self.moved: dict[str, datetime] = {}

    # what happens

    @rule(key=KEYS, severity=st.sampled_from(list(Severity)))
    def fires(self, key: str, severity: Severity) -> None:
        before = self.desk.alerts.get(key)
        self.desk.fires(self.now, key, severity)
        if self.desk.alerts[key] != before:
            self.moved[key] = at(self.now)

    @rule(key=KEYS)
    def resolves(self, key: str) -> None:
        if key in self.desk.alerts and self.desk.alerts[key].state.fires:
            self.desk.resolves(self.now, key)
            self.moved[key] = at(self.now)

    @rule(key=KEYS, begins=st.integers(0, 300), lasts=st.integers(1, 9000), breaker=st.booleans())
    def silenced(self, key: str, begins: int, lasts: int, breaker: bool) -> None:
        one = silence(f'instance="{key}"', self.now + begins, self.now + begins + lasts, f"s-{len(self.desk.silences)}")
        if breaker:
            one = replace(one, unless=silence('severity="critical"', 0, 1).matchers)
        self.desk.silenced(self.now, one)

    @rule()
    def unsilenced(self) -> None:
        self.desk.unsilenced(self.now)

    @rule(key=KEYS, lasts=st.none() | st.integers(1, 9000))
    def acknowledged(self, key: str, lasts: int | None) -> None:
        if key in self.desk.alerts and self.desk.alerts[key].state.fires:
            self.desk.acknowledged(self.now, key, lasts=lasts)

    @rule(seconds=st.sampled_from([1, 9, 10, 59, 60, 61, 600, 3599, 3600, 9000]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    # what must hold

    def hear(self, moment: datetime, decision: Decision) -> None:
        """Called at every decision, with all that is known then."""
        if decision.notification is not None:
            self.read(decision.notification, moment)
        if decision.group is None:
            self.last = None  # what fires next is another group
        for key, held in (decision.group.held if decision.group else {}).items():
            if held.why is Why.FLAPPING:
                assert key in self.flapping, f"{key} is held as flapping, and nobody was told"
                continue
            assert held.why is Why.SILENCED
            if str(decision.verdict) != "waiting":
                assert self.silenced_at(key, moment), f"{key} is held by a silence that is over"

    def read(self, message: Notification, moment: datetime) -> None:
        news = message.reason in (Reason.REPEAT, Reason.SILENCE_ENDED, Reason.STEADY)
        for view in message.alerts:
            if view.firing:
                assert not self.silenced_at(view.key, moment), f"{view.key} is silenced"
                if view.change is Change.FLAPPING:
                    assert view.key not in self.flapping, f"{view.key} flaps, twice"
                    self.flapping.add(view.key)
                else:
                    assert (view.change is Change.NEW) is (view.key not in self.believed), f"{view.key} twice"
                    assert self.desk.alerts[view.key].state.fires, f"{view.key} does not fire"
                    self.flapping.discard(view.key)
                news |= view.change is not Change.SAME
                self.believed[view.key] = view.severity
            else:
                assert view.key in self.believed, f"an all-clear for {view.key}, of which nobody was told"
                del self.believed[view.key]
                self.flapping.discard(view.key)
                news = True
        assert news, "a message without anything to tell"
        if self.last is not None:
            gap = ROUTE.repeat_interval if message.reason is Reason.REPEAT else ROUTE.group_interval
            assert moment - self.last >= gap, "too soon after the last"
        if message.reason is Reason.REPEAT:
            assert not all(self.cared_for(view.key, moment) for view in message.alerts), "somebody cares for all of it"
        self.last = moment

    def cared_for(self, key: str, moment: datetime) -> bool:
        ack = self.desk.acks.get(key)
        return ack is not None and (ack.expires_at is None or moment < ack.expires_at)

    def silenced_at(self, key: str, moment: datetime) -> bool:
        labels = self.desk.alerts[key].all_labels
        return any(one.matches(labels) and one.starts_at <= moment < one.ends_at for one in self.desk.silences)

    def restless(self, key: str, moment: datetime) -> bool:
        """Whether it may flap: then only that is told."""
        limits = self.quieting.flapping.get(RULE)
        return limits is not None and limits.share(self.desk.changes[key], moment) >= limits.low

    @invariant()
    def nothing_that_is_ready_stays_unsent(self) -> None:
        self.desk.until(self.now)
        now = at(self.now)
        quiet_since = now - PATIENCE
        for key, alert in self.desk.alerts.items():
            if self.restless(key, now) or self.restless(key, quiet_since):
                continue
            settled = self.moved[key] <= quiet_since
            touched = [one.ends_at for one in self.desk.silences if quiet_since < one.ends_at <= now]
            if alert.state.fires and settled and not touched and not self.silenced_at(key, now):
                assert key in self.believed, f"{key} fires and nobody knows"
                assert self.believed[key].rank >= alert.severity.rank, f"{key} got worse and nobody knows"
            if not alert.state.fires and settled:
                assert key not in self.believed, f"{key} is over and nobody knows"


class Restless(Quiet):
    """The same, where alerts may flap."""

    quieting = FLAPPING

    @rule(key=KEYS, times=st.integers(2, 9), gap=st.sampled_from([5, 30, 90]))
    def flips(self, key: str, times: int, gap: int) -> None:
        for number in range(times):
            if number % 2:
                self.resolves(key)
            else:
                self.fires(key, Severity.WARNING)
            self.now += gap


TestRestless = Restless.TestCase
TestRestless.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestQuiet = Quiet.TestCase
TestQuiet.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
