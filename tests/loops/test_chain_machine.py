"""The whole chain, rule -> alert -> group -> outbox -> receiver, against a small model of what people know.

The real engine, dispatcher and courier work over a real store; Hypothesis decides what happens. The model knows nothing
of them. It holds them to this: never RESOLVED without its firing; never twice without a reason; nothing is decided to
be told that a silence hides, and no silence hides anything after its end; every transition and every message can be
explained from what is recorded; nothing that is ready stays unsent. `FDI_CHAIN_STORIES=1000` plays so many stories of
any seed, instead of the same few.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from unittest import mock

import sqlalchemy as sa
from chain_town import INSTANCES, VERDICTS, Chained, Ear
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from reload_town import START, policy

from monitor import lifecycle
from monitor.acknowledgement import Ack
from monitor.budget import PRESETS, Limit
from monitor.matchers import parse
from monitor.model import Cause, Counts, Failure, FailureKind, Sample, State, Transition
from monitor.quieting import Why
from monitor.silences import Ended, Silence
from monitor.store import acks, alerts, decisions, groups, outbox, silences, tables
from monitor.store.database import Store, open_store
from monitor.store.outbox import Standing

STORIES = int(os.environ.get("FDI_CHAIN_STORIES", "0"))

PLACES = st.sampled_from(range(len(INSTANCES)))
FOR, KEEP, STEP, RETRIES = 20, 20, 60, 700
"""Seconds: the rule's timers, the step of escalation, and what a message may have to wait at most once its receiver is
well."""
INTERVAL = timedelta(seconds=30)
"""The longest `group_interval` of any policy here."""
RULES = f"""
rules:
  - name: abnormal
    levels: {{warning: abnormal > 0, critical: abnormal > 4}}
    for: {FOR}s
    keep_firing_for: {KEEP}s
    flapping: false
"""
OTHER = """
rules:
  - {name: other, when: abnormal > 99, severity: info}
"""
TELLING = """
receivers:
  - {name: ops, console: {}, fallback: mail}
  - {name: mail, webhook: {url: "http://127.0.0.1:9/"}}
  - {name: boss, webhook: {url: "http://127.0.0.1:9/"}}
route:
  receiver: ops
  group_by: [%s]
  group_wait: 5s
  group_interval: %ds
  repeat_interval: %ds
  steps: [{after: 60s, unless: acknowledged, receiver: boss}]
"""
POLICIES = {
    "as it was": {"rules": RULES, "telling": TELLING % ("instance", 15, 600)},
    "slower": {"rules": RULES, "telling": TELLING % ("instance", 30, 300)},
    "one group": {"rules": RULES, "telling": TELLING % ("account", 15, 600)},
    "without the rule": {"rules": OTHER, "telling": TELLING % ("instance", 15, 600)},
}
FEW = {"console": (Limit(3, timedelta(minutes=1)),)}
"""So that a chat's limits are soon used up."""

Found = TypeVar("Found")


class Stage:
    """One event loop and one store for all stories: each begins with empty tables."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.stack = AsyncExitStack()
        self.store: Store = self.runner.run(self.stack.enter_async_context(open_store(self.folder / "data")))

    def close(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)


class Chain(RuleBasedStateMachine):
    """The service, its clock, and what is true in the cloud."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.store = self.stage.store
        self.folder = self.stage.folder / "rules"
        ops = Ear()
        self.ears = {"ops": ops, "mail": Ear(behind=ops), "boss": Ear()}
        self.at = START
        self.broken = dict.fromkeys(INSTANCES, 0)
        self.silences: list[Silence] = []
        self.policy = "as it was"
        self.limits = mock.patch.dict(PRESETS, FEW)
        self.limits.start()
        policy(self.folder, **POLICIES[self.policy])
        self.run(self._empty())
        self.run(self._begin())

    def run(self, work: Coroutine[Any, Any, Found]) -> Found:
        return self.stage.runner.run(work)

    async def _empty(self) -> None:
        async with self.store.write() as tx:
            for table in reversed(tables.metadata.sorted_tables):
                await tx.execute(table.delete())

    async def _begin(self) -> None:
        self.town = Chained(self.folder, self.store, self.ears, self.at)
        await self.town.begin()

    async def _restart(self) -> None:
        await self.town.end()
        for ear in self.ears.values():
            ear.cut = False
        await self._begin()

    # what happens

    @initialize(place=PLACES, lasts=st.sampled_from([0, 90, 300]), state=st.sampled_from(sorted(VERDICTS)))
    def something_breaks(self, place: int, lasts: int, state: str) -> None:
        """Every story begins with an alert: silenced or not, with a receiver that hears or not."""
        self.ears["ops"].state = state
        if lasts:
            self.silenced(place, lasts, spares=False)
        self.turns(place, 1, 4)

    @rule(place=PLACES, count=st.sampled_from([0, 1, 5]), polls=st.sampled_from([0, 1, 3, 4]))
    def turns(self, place: int, count: int, polls: int) -> None:
        self.broken[INSTANCES[place]] = count
        self.polled(polls)

    @rule(count=st.sampled_from([0, 1, 5]))
    def all_turn(self, count: int) -> None:
        self.broken = dict.fromkeys(INSTANCES, count)
        self.polled(4)

    def polled(self, times: int) -> None:
        for _ in range(times):
            self.run(self._poll())
            self.time_passes(10)

    @rule(places=st.sets(PLACES, min_size=1), times=st.sampled_from([1, 4]))
    def polls_fail(self, places: set[int], times: int) -> None:
        failed = Failure(FailureKind.TIMEOUT, "no answer")
        for _ in range(times):
            for place in sorted(places):
                sample = Sample(INSTANCES[place], self.at, timedelta(seconds=1), failure=failed)
                self.run(self.town.live.engine.take(sample))
            self.time_passes(10)

    @rule(seconds=st.sampled_from([1, 14, 60, 601]))
    def time_passes(self, seconds: int) -> None:
        self.run(self._until(seconds))

    @rule(seconds=st.sampled_from([30, 3600]))
    def sleeps(self, seconds: int) -> None:
        """The machine is suspended: time passes, and nobody is there to see it."""
        self.at += timedelta(seconds=seconds)
        self.time_passes(0)

    @rule(name=st.sampled_from(["ops", "ops", "mail", "boss"]), state=st.sampled_from(sorted(VERDICTS)))
    def receiver_is(self, name: str, state: str) -> None:
        self.ears[name].state = state

    @rule(place=PLACES, lasts=st.sampled_from([30, 90, 300]), spares=st.booleans())
    def silenced(self, place: int, lasts: int, spares: bool) -> None:
        ends = self.at + timedelta(seconds=lasts)
        match = parse(f'instance="{INSTANCES[place].name}"')
        unless = parse('severity="critical"') if spares else None
        one = Silence(f"s-{len(self.silences)}", match, self.at, ends, "wang", "", self.at, unless)
        self.silences.append(one)
        self.run(self._silence(one))

    @precondition(lambda self: any(one.ends_at > self.at for one in self.silences))
    @rule()
    def a_silence_is_ended(self) -> None:
        place, one = next((place, one) for place, one in enumerate(self.silences) if one.ends_at > self.at)
        self.silences[place] = one.end(self.at, Ended.BY_HAND)
        self.run(self._silence(self.silences[place]))

    @rule(place=PLACES, lasts=st.sampled_from([0, 30, 300]))
    def acknowledged(self, place: int, lasts: int) -> None:
        self.run(self._acknowledge(place, lasts))

    @rule()
    def restarted(self) -> None:
        self.run(self._restart())
        self.time_passes(0)

    @rule(name=st.sampled_from(["ops", "mail", "boss"]))
    def will_be_killed(self, name: str) -> None:
        """The process dies while the next message to this receiver is on its way."""
        self.ears[name].cut = True

    @rule(name=st.sampled_from(sorted(POLICIES)))
    def reloaded(self, name: str) -> None:
        self.policy = name
        policy(self.folder, **POLICIES[name])
        self.run(self.town.reload())
        self.time_passes(0)

    @rule()
    def all_is_calm(self) -> None:
        """The receivers are well, and every timer has run out: people know what is true."""
        for ear in self.ears.values():
            ear.state, ear.cut = "well", False
        self.time_passes(RETRIES)
        self.polled(6)
        self.time_passes(RETRIES)
        self.run(self._true())

    # how it happens

    async def _poll(self) -> None:
        for instance, count in self.broken.items():
            sample = Sample(instance, self.at, timedelta(), Counts(5, count, 0, 9), Counts())
            await self.town.live.engine.take(sample)

    async def _silence(self, one: Silence) -> None:
        async with self.store.write() as tx:
            await silences.save(tx, one)
            await groups.touch(tx, self.at)
        self.town.wake()

    async def _acknowledge(self, place: int, lasts: int) -> None:
        async with self.store.write() as tx:
            mine = [one for one in await alerts.live(tx) if one.instance == INSTANCES[place].key and one.state.fires]
            for one in mine:
                expires_at = self.at + timedelta(seconds=lasts) if lasts else None
                await acks.save(tx, Ack(one.key, self.at, "王", "看着呢", one.severity, expires_at))
            await groups.touch(tx, self.at, about=[one.key for one in mine])
        self.town.wake()

    async def _until(self, seconds: int) -> None:
        """Every pass up to then; a process that dies on the way is started again."""
        end = self.at + timedelta(seconds=seconds)
        while True:
            self.town.at = self.at
            coming = await self.town.passes()
            if any(ear.cut and ear.in_flight for ear in self.ears.values()):
                await self._restart()
            elif self.at >= end:
                return await self._at_rest()
            else:
                self.at = min(end, coming or end)

    # what must hold

    @invariant()
    def people_hear_nothing_wrong(self) -> None:
        assert [fault for ear in self.ears.values() for fault in ear.faults] == []

    def teardown(self) -> None:
        try:
            self.all_is_calm()
            self.people_hear_nothing_wrong()
            self.run(self._explained())
            self.run(self._silences_kept())
        finally:
            self.limits.stop()
            self.run(self.town.end())

    async def _at_rest(self) -> None:
        """Everything that was due has been decided, and what a silence hid until now comes soon."""
        async with self.store.read() as tx:
            assert await alerts.unrouted(tx, most=1) == [], "what moved has not reached its groups"
            assert await groups.due(tx, self.at, most=1) == [], "a group that is due has not decided"
            known = [kept.group for kept, _ in await groups.everything(tx)]
        over = {one.id for one in self.silences if one.ends_at <= self.at}
        for one in known:
            outlived = {key for key, held in one.held.items() if held.why is Why.SILENCED and held.by in over}
            soon = one.look_at is not None and one.look_at <= self.at + INTERVAL
            assert not outlived or soon, f"silences that are over hide {outlived}"

    async def _true(self) -> None:
        """What fires is known to who is to be told, unless it is silenced; and nothing else is believed to fire."""
        async with self.store.read() as tx:
            assert [one.id for one in await outbox.waiting(tx)] == [], "something that is ready stays unsent"
            known = {one.key: one for one in await alerts.known(tx)}
        judged = self.policy != "without the rule"
        firing = {one.key for one in known.values() if one.state.fires}
        broken = {instance.key for instance, count in self.broken.items() if count and judged}
        assert {known[key].instance for key in firing} == broken, "the alerts are not what is true"
        for name, ear in self.ears.items():
            assert ear.believed <= firing, f"{name} still believes in {ear.believed - firing}"
        loud = {key for key in firing if not self._hidden(known[key].all_labels, self.at)}
        unheard = loud - self.ears["ops"].believed - self.ears["ops"].refused
        assert not unheard, f"nobody was told of {unheard}"
        async with self.store.read() as tx:
            cared = (await acks.every(tx)).keys()
        boss = self.ears["boss"]
        assert loud - cared <= boss.believed | boss.refused, "it was not escalated"

    def _hidden(self, labels: dict[str, str], at: Any) -> bool:
        return any(one.matches(labels) and one.starts_at <= at < one.ends_at for one in self.silences)

    async def _explained(self) -> None:
        """Each step follows from the last by the table of an alert's life; each message has its recorded decision."""
        states: dict[str, State] = {}
        for step in await self.town.transitions():
            assert step.before is states.get(step.alert, State.NONE), step
            assert explains(step), step
            states[step.alert] = step.after
        async with self.store.read() as tx:
            decided = set((await tx.execute(sa.select(tables.decision.c.message))).scalars()) - {"", None}
            letters = await outbox.recent(tx, most=99_999)
            alone = sa.select(tables.outbox.c.id).where(tables.outbox.c.merged_into.is_(None))
            carried = set((await tx.execute(alone)).scalars())
        assert decided == {one.id for one in letters if not one.id.endswith((".fallback", ".digest"))}
        for name, ear in self.ears.items():
            mine = {one.id for one in letters if one.receiver == name and one.state is Standing.SENT}
            # what went out inside another message is settled with it
            assert set(ear.taken) == mine & carried

    async def _silences_kept(self) -> None:
        """Nothing was decided to be told that was silenced at that moment, and nothing kept quiet that was not."""
        async with self.store.read() as tx:
            labels = {one.key: one.labels for one in await alerts.known(tx)}
            lines = [line for key in labels for line in await decisions.about(tx, key, most=9999)]
        for line in lines:
            covering = [
                one
                for one in self.silences
                if one.matchers.match(labels[line.alert]) and one.starts_at <= line.at < one.ends_at
            ]
            if line.message and line.reason in ("new", "worse"):
                # one that was made in that moment came after it
                earlier = [one for one in covering if one.starts_at < line.at]
                assert all(one.unless is not None for one in earlier), f"{line} was told, and silenced"
            if line.message and line.verdict == "silence-ended":
                assert any(
                    one.matchers.match(labels[other.alert]) and (one.ends_at <= line.at or one.unless is not None)
                    for one in self.silences
                    for other in lines
                    if other.message == line.message
                ), f"{line}: no silence ended"
            if line.reason == "silenced":
                # one that was ended by hand was still there a moment before
                ended = {one.id for one in self.silences if one.ends_at == line.at and one.ended}
                assert line.because in {one.id for one in covering} | ended, f"{line}: no such silence"


def explains(step: Transition) -> bool:
    """Whether the cause that is recorded makes this step."""
    if step.cause in (Cause.SEVERITY_ROSE, Cause.SEVERITY_FELL):
        return step.before is step.after and step.before in (State.PENDING, State.FIRING, State.CLEARING)
    if step.cause in (Cause.RULE_REMOVED, Cause.RULE_UNMATCHED):
        return step.before is not State.RESOLVED and step.after is State.RESOLVED
    moves = {(before, move.after, move.cause) for (before, _), move in lifecycle.TABLE.items()}
    dropped = (State.PENDING, State.RESOLVED, Cause.DROPPED)
    return (step.before, step.after, step.cause) in moves | {dropped}


class TestChain(Chain.TestCase):  # type: ignore[misc, valid-type]
    """Some stories."""

    settings = settings(
        max_examples=STORIES or 16,
        stateful_step_count=30 if STORIES else 10,
        derandomize=not STORIES,
        deadline=None,
        database=None,
        phases=(Phase.generate,) if STORIES else (Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )

    @classmethod
    def setUpClass(cls) -> None:
        Chain.stage = Stage()

    @classmethod
    def tearDownClass(cls) -> None:
        Chain.stage.close()
