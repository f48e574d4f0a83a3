"""The whole chain, rule -> alert -> group -> outbox -> receiver, against a small model of what people know.

The real engine, dispatcher and courier work over a real store; Hypothesis decides what happens. The model knows nothing
of them. It holds them to this: never RESOLVED without its firing; never twice without a reason; nothing is told that a
silence hides, and no silence hides anything after its end; every transition and every message can be explained from
what is recorded; nothing that is ready stays unsent. Restarts in between change nothing of it.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from reload_town import START, Town, policy

from monitor import lifecycle
from monitor.matchers import parse
from monitor.message import Message
from monitor.model import Cause, Counts, Failure, FailureKind, Instance, Sample, State, Transition
from monitor.notification import Change, Reason
from monitor.notifiers import Notifier, Outcome, Verdict
from monitor.pacing import LONGEST_WAIT
from monitor.policy.policy import Policy
from monitor.silences import Silence
from monitor.standin import Carrier, Destination
from monitor.store import groups, outbox, silences, tables
from monitor.store.database import Store, open_store
from monitor.store.outbox import Standing

INSTANCES = {name: Instance("prod", f"i-{name}", name, "cn-north-4", "p-1") for name in ("orders", "订单同步")}
NAMES = st.sampled_from(sorted(INSTANCES))
FOR, KEEP, WAIT, INTERVAL, REPEAT = 20, 20, 5, 15, 600
RULES = f"""
rules:
  - name: abnormal
    levels: {{warning: abnormal > 0, critical: abnormal > 4}}
    for: {FOR}s
    keep_firing_for: {KEEP}s
    flapping: false
"""
TELLING = f"""
receivers: [{{name: ops, console: {{}}}}]
route: {{receiver: ops, group_by: [], group_wait: {WAIT}s, group_interval: {INTERVAL}s, repeat_interval: {REPEAT}s}}
"""
VERDICTS = {
    "well": Verdict(Outcome.DELIVERED),
    "down": Verdict(Outcome.UNREACHABLE, "connection refused"),
    "busy": Verdict(Outcome.THROTTLED, "too fast", timedelta(seconds=7)),
}


class Ear:
    """The receiver, and what people believe by it."""

    def __init__(self) -> None:
        self.state = "well"
        self.believed: set[str] = set()
        self.taken: list[str] = []
        self.faults: list[str] = []
        self.last: datetime | None = None
        self.silences: list[Silence] = []

    async def send(self, message: Message) -> Verdict:
        verdict = VERDICTS[self.state]
        if verdict.outcome is Outcome.DELIVERED:
            try:
                self.read(message)
            except AssertionError as fault:
                # the courier would take it for a fault of the receiver
                self.faults.append(str(fault))
        return verdict

    def read(self, message: Message) -> None:
        told = message.notification
        assert told.id not in self.taken, "delivered twice"
        news = told.reason in (Reason.REPEAT, Reason.SILENCE_ENDED)
        for view in told.alerts:
            if view.firing:
                assert not self.hidden(view.labels, told.at), f"{view.instance} is silenced"
                assert (view.change is Change.NEW) is (view.key not in self.believed), f"{view.instance} twice"
                self.believed.add(view.key)
            elif view.change is Change.PASSED:
                assert view.key not in self.believed, f"{view.instance} is told as over before it was told"
            else:
                assert view.key in self.believed, f"an all-clear for {view.instance}, of which nobody was told"
                assert view.cause in (Cause.CLEARED, Cause.KEPT)
                # that an account is out of reach is about no sample
                assert not view.instance or view.values["abnormal"] == 0, "an all-clear without a good sample"
                self.believed.discard(view.key)
            news |= view.change is not Change.SAME
        assert news, "a message without anything to tell"
        gap = timedelta(seconds=REPEAT if told.reason is Reason.REPEAT else INTERVAL)
        assert self.last is None or told.at - self.last >= gap or told.reason is Reason.FIRST, "too soon"
        self.last = told.at
        self.taken.append(told.id)

    def hidden(self, labels: object, at: datetime) -> bool:
        known = cast("dict[str, str]", labels)
        return any(one.matches(known) and one.starts_at <= at < one.ends_at for one in self.silences)


class Chained(Town):
    """A service that speaks to one ear."""

    def __init__(self, folder: Path, store: Store, ear: Ear, at: datetime) -> None:
        self.ear = ear
        super().__init__(folder, store)
        self.at = at

    def _reach(self, policy: Policy) -> dict[Destination, Carrier]:
        return {("ops", 0): Carrier("console", "en", cast("Notifier", self.ear))}


class Chain(RuleBasedStateMachine):
    """The service, its clock, and what is true in the cloud."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        policy(self.folder / "rules", rules=RULES, telling=TELLING)
        self.ear = Ear()
        self.at = START
        self.broken = dict.fromkeys(INSTANCES, 0)
        self.well_since = START
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.stack = AsyncExitStack()
        self.store = await self.stack.enter_async_context(open_store(self.folder / "data"))
        await self._begin()

    async def _begin(self) -> None:
        self.town = Chained(self.folder / "rules", self.store, self.ear, self.at)
        await self.town.live.engine.load()
        self.writing = asyncio.create_task(self.town.live.engine.book.run())
        await self.town.live.engine.meet(INSTANCES.values())

    async def _end(self) -> None:
        self.writing.cancel()
        await asyncio.wait([self.writing])

    # what happens

    @initialize(name=NAMES, lasts=st.sampled_from([0, 90, 300]), state=st.sampled_from(sorted(VERDICTS)))
    def something_breaks(self, name: str, lasts: int, state: str) -> None:
        """Every story begins with an alert: silenced or not, with a receiver that hears or not."""
        self.receiver_is(state)
        if lasts:
            self.silenced(name, lasts)
        self.turns(name, 1, 4)

    @rule(name=NAMES, count=st.sampled_from([0, 1, 5]), polls=st.sampled_from([1, 3, 4]))
    def turns(self, name: str, count: int, polls: int) -> None:
        self.broken[name] = count
        self.polled(polls)

    def polled(self, times: int) -> None:
        for _ in range(times):
            self.runner.run(self._poll())
            self.time_passes(10)

    @rule(name=NAMES)
    def lost(self, name: str) -> None:
        failed = Failure(FailureKind.TIMEOUT, "no answer")
        sample = Sample(INSTANCES[name], self.at, timedelta(seconds=1), failure=failed)
        self.runner.run(self.town.live.engine.take(sample))
        self.time_passes(1)

    @rule(seconds=st.sampled_from([1, 14, 60, 601]))
    def time_passes(self, seconds: int) -> None:
        self.runner.run(self._until(self.at + timedelta(seconds=seconds)))

    @rule(state=st.sampled_from(sorted(VERDICTS)))
    def receiver_is(self, state: str) -> None:
        if state == "well" and self.ear.state != "well":
            self.well_since = self.at
        self.ear.state = state

    @rule(name=NAMES, lasts=st.sampled_from([30, 90, 300]))
    def silenced(self, name: str, lasts: int) -> None:
        ends = self.at + timedelta(seconds=lasts)
        one = Silence(f"s-{len(self.ear.silences)}", parse(f'instance="{name}"'), self.at, ends, "wang", "", self.at)
        self.ear.silences.append(one)
        self.runner.run(self._silence(one))

    @rule()
    def restarted(self) -> None:
        self.runner.run(self._end())
        self.runner.run(self._begin())

    async def _poll(self) -> None:
        for name, count in self.broken.items():
            sample = Sample(INSTANCES[name], self.at, timedelta(), Counts(5, count, 0, 9), Counts())
            await self.town.live.engine.take(sample)

    async def _silence(self, one: Silence) -> None:
        async with self.store.write() as tx:
            await silences.save(tx, one)
            await groups.touch(tx, self.at)

    async def _until(self, end: datetime) -> None:
        """Every pass of the dispatcher and of the courier up to then."""
        while True:
            self.town.at = self.at
            look = await self.town.live.dispatcher.step(self.at)
            async with asyncio.TaskGroup() as tasks:
                again = await self.town.live.courier.step(self.at, tasks)
            async with self.store.read() as tx:
                waits = [one.next_at for one in await outbox.waiting(tx)]
            rests = list(self.town.live.courier._rest.values())
            coming = [one for one in (look, again, *waits, *rests) if one is not None and one > self.at]
            if self.at >= end:
                return
            self.at = min([end, *coming])

    # what must hold

    @invariant()
    def people_hear_nothing_wrong(self) -> None:
        assert self.ear.faults == []

    @invariant()
    def nothing_that_is_ready_stays_unsent(self) -> None:
        if self.ear.state == "well" and self.at - self.well_since > LONGEST_WAIT:
            self.time_passes(0)
            assert self.runner.run(self._waiting()) == []

    async def _waiting(self) -> list[str]:
        async with self.store.read() as tx:
            return [one.id for one in await outbox.waiting(tx)]

    def teardown(self) -> None:
        try:
            self.receiver_is("well")
            self.time_passes(700)
            self.polled(8)
            self.runner.run(self._explained())
            firing = {name for name, count in self.broken.items() if count}
            assert self.runner.run(self._known()) == firing, "what people believe is not true"
            assert self.runner.run(self._waiting()) == []
            assert self.ear.faults == []
        finally:
            self.runner.run(self._end())
            self.runner.run(self.stack.aclose())
            self.runner.close()
            shutil.rmtree(self.folder)

    async def _known(self) -> set[str]:
        async with self.store.read() as tx:
            rows = await tx.execute(sa.select(tables.alert.c.key, tables.alert.c.labels))
            return {labels.get("instance", "the account") for key, labels in rows if key in self.ear.believed}

    async def _explained(self) -> None:
        """Each step follows from the last by the table of an alert's life; each message has its recorded decision."""
        states: dict[str, State] = {}
        for step in await self.town.transitions():
            assert step.before is states.get(step.alert, State.NONE), step
            assert explains(step), step
            states[step.alert] = step.after
        async with self.store.read() as tx:
            decided = set((await tx.execute(sa.select(tables.decision.c.message))).scalars()) - {"", None}
            letters = await outbox.recent(tx, most=9999)
            alone = sa.select(tables.outbox.c.id).where(tables.outbox.c.merged_into.is_(None))
            carried = set((await tx.execute(alone)).scalars())
        assert decided == {one.id for one in letters}
        # what went out inside a newer message is settled with it
        assert set(self.ear.taken) == {one.id for one in letters if one.state is Standing.SENT and one.id in carried}


def explains(step: Transition) -> bool:
    """Whether the cause that is recorded makes this step."""
    if step.cause in (Cause.SEVERITY_ROSE, Cause.SEVERITY_FELL):
        return step.before.fires and step.before is step.after
    moves = {(before, move.after, move.cause) for (before, _), move in lifecycle.TABLE.items()}
    dropped = (State.PENDING, State.RESOLVED, Cause.DROPPED)
    return (step.before, step.after, step.cause) in moves | {dropped}


TestChain = Chain.TestCase
TestChain.settings = settings(
    max_examples=6, stateful_step_count=8, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
