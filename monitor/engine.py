"""Takes samples: lets the rules judge each, records what it changes, and only then believes it.

A sample that changes nothing costs no transaction: how far its run has come is written every ten seconds with the
others.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AsyncExitStack

from monitor import lifecycle, outage
from monitor.book import Book, Placed, uncut
from monitor.clock import Clock
from monitor.collective import Collective, Moves, is_polled
from monitor.memory import recall
from monitor.meters import Meters, Pulse
from monitor.model import Alert, Cause, Instance, InstanceKey, Run, Sample, State
from monitor.orphans import orphaned
from monitor.outages import Outages
from monitor.rebinding import Binding, Rebinding, reach_of
from monitor.rules.change import Change, note
from monitor.rules.health import Health
from monitor.rules.rule import Rule
from monitor.rules.watch import Step, Watch
from monitor.store import history, instances
from monitor.store.database import Store
from monitor.stretches import Stretches


class Engine:
    """The rules over all instances of this process."""

    def __init__(
        self,
        store: Store,
        rules: tuple[Rule, ...],
        *,
        now: Clock,
        meters: Meters,
        pulse: Pulse,
        moved: Callable[[], None],
        fires: Callable[[Instance, Alert], None],
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        """`moved` and `turned` as of the book; `fires` for alerts that begin to fire or fire with other numbers."""
        self.book = Book(store, meters=meters, moved=moved, turned=turned)
        self._store = store
        self._rules = rules
        self._now = now
        self._fires = fires
        self._watches: dict[InstanceKey, Watch] = {}
        self._rows: dict[InstanceKey, int] = {}
        self._remembered: dict[InstanceKey, Health] = {}
        self._past: dict[InstanceKey, list[Run]] = {}
        self._collective = Collective(rules, self.book, now=now)
        self._stretches = Stretches(store, self._run_of, now=now, pulse=pulse, failed=self.book.recorder.fail)
        self._polled: Counter[str] = Counter()
        self._outages = Outages(self.book, self._polled)
        self._turns: defaultdict[InstanceKey, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._rebinding = Rebinding(store, self._watches, self._turns, now=now)

    async def load(self) -> None:
        """Takes up where the last process stopped: alerts with their timers, health and windows."""
        memory = await recall(self._store, self._rules, at=self._now())
        self._remembered, self._past = memory.health, memory.past
        self.book.load(memory.alerts)
        self._collective.restore(memory)

    async def meet(self, found: Iterable[Instance]) -> None:
        """Instances that are polled from now on. Known ones keep their health, windows and alerts."""
        met = [one for one in found if one.key not in self._watches or self._watches[one.key].instance != one]
        if not met:
            return
        async with self._store.write() as tx:
            await instances.remember(tx, met, at=self._now())
            self._rows = await instances.ids(tx)
        for one in met:
            known = self._watches.get(one.key)
            health = known.health if known else self._remembered.pop(one.key, None)
            past = known.past if known else self._past.pop(one.key, ())
            self._polled[one.account] += not known
            self._watches[one.key] = Watch(one, self._rules, health=health, history=past)
        keys = {one.key for one in met}
        self._collective.join(self._watches[key] for key in keys)
        await self._amend(lambda key, alert: self._unmatched(key, alert) if key in keys else None)

    async def prepare(self, rules: tuple[Rule, ...]) -> Binding:
        """Binds other rules to all instances, and fetches the history that they look back on. Nothing is judged by
        them yet.

        Raises:
            StoreFailed: the history could not be read.
        """
        if self._remembered and reach_of(rules) > reach_of(self._rules):
            async with self._store.read() as tx:
                past = await history.since(tx, self._now() - reach_of(rules))
            self._past = {key: runs for key, runs in past.items() if key not in self._watches}
        return await self._rebinding.prepare(rules)

    def adopt(self, binding: Binding) -> None:
        """Judges by other rules from now on: all instances at once, each at its next sample. `retire` has to follow."""
        self._rules = binding.rules
        self._rebinding.adopt(binding)
        self._collective.adopt(binding.rules, self._watches.values())

    async def retire(self, polled: Mapping[str, Collection[InstanceKey] | None]) -> None:
        """Ends live alerts that nothing will move any more, and notes on the others that their rule has changed.

        `polled` are the instances by account, None where only the cloud knows them; the others are watched no more.

        Raises:
            StoreFailed: what was not recorded is as it was; try again.
        """
        await self._rebinding.settle()
        rules = {rule.name: rule for rule in self._rules}
        names = rules.keys() | {outage.RULE}

        def change(key: InstanceKey, alert: Alert) -> Change | None:
            cause = orphaned(key, alert, polled=polled, rules=names)
            if cause is not None:
                return self._ended(alert, cause)
            rule = rules.get(alert.rule)
            if rule is not None and rule.version != alert.rule_version and not self._unmatched(key, alert):
                return Change(alert.rule, alert.key, *lifecycle.restate(alert, version=rule.version, at=self._now()))
            return self._unmatched(key, alert)

        await self._amend(change)
        await self._collective.retire(polled)
        self._forget([key for key in self._watches if not is_polled(key, polled)])

    async def leave(self, keys: Collection[InstanceKey]) -> None:
        """Instances that are gone: their alerts end by that name, and nothing more is known of them.

        Raises:
            StoreFailed: nothing ended.
        """
        await self._amend(lambda key, alert: self._ended(alert, Cause.INSTANCE_REMOVED) if key in keys else None)
        self._forget(keys)
        await self._collective.leave(keys)

    def _forget(self, keys: Collection[InstanceKey]) -> None:
        for key in keys:
            if self._watches.pop(key, None) is not None:
                self._polled[key.account] -= 1
            self._stretches.discard(key)
            self._turns.pop(key, None)
            self._outages.forget(key)

    def watched(self, account: str) -> list[Instance]:
        """The instances of an account that are watched."""
        return [watch.instance for key, watch in self._watches.items() if key.account == account]

    def troubled(self, account: str) -> frozenset[InstanceKey]:
        """The instances of an account that are watched, count in a group, or have alerts that wait or fire: who may
        have left."""
        watched = {one.key for one in self.watched(account)}
        return frozenset(self.book.troubled(account) | watched | self._collective.known(account))

    def hot(self, key: InstanceKey) -> bool:
        """Whether an alert of this instance waits or fires, so that its next sample matters most."""
        return self.book.hot(key)

    def _ended(self, alert: Alert, cause: Cause) -> Change:
        return Change(alert.rule, alert.key, *lifecycle.end(alert, cause=cause, at=self._now()))

    def _unmatched(self, key: InstanceKey, alert: Alert) -> Change | None:
        """The end of an alert whose rule does not watch its instance any more."""
        watch = self._watches.get(key)
        if watch is None or watch.watched_by(alert.rule) or all(rule.name != alert.rule for rule in self._rules):
            return None
        return self._ended(alert, Cause.RULE_UNMATCHED)

    async def _amend(self, change_of: Callable[[InstanceKey, Alert], Change | None]) -> None:
        """Changes live alerts without a sample, each while no sample of its instance is being judged."""
        concerned = {key for key, alert in self.book.live() if change_of(key, alert)}
        async with AsyncExitStack() as turns:
            for key in sorted(concerned):
                await turns.enter_async_context(self._turns[key])
            found = [(key, change_of(key, alert)) for key, alert in self.book.live() if key in concerned]
            changes: list[Placed] = [(key, change) for key, change in found if change]
            if changes:
                await uncut(self.book.record(changes))

    async def take(self, sample: Sample) -> None:
        """Judges one sample. Those of one instance have to come one after the other.

        Raises:
            StoreFailed: nothing was recorded or held, so nothing moved; the next sample will move it.
        """
        key = sample.instance.key
        if key not in self._watches:
            return  # it left while it was being polled
        async with self._turns[key]:
            if (watch := self._watches.get(key)) is not None:
                await self._judge(key, watch, sample)
        await self._outages.judge(sample)

    async def _judge(self, key: InstanceKey, watch: Watch, sample: Sample) -> None:
        step = watch.step(sample, self.book.of(key))
        moves = self._collective.saw(watch, sample, step)
        if step.began or step.changes or moves.changes:
            await uncut(self._record(key, watch, step, moves))
        else:
            watch.health = step.health
            self._stretches.add(key)

    async def _record(self, key: InstanceKey, watch: Watch, step: Step, moves: Moves) -> None:
        row, before, begun = self._rows[key], watch.health.run if watch.health else None, step.health.run
        async with self._collective.moving(moves):
            await self.book.record(
                [(key, change) for change in step.changes] + moves.placed,
                ended=(row, before) if step.began and before and key in self._stretches else None,
                begun=(row, begun) if step.began and begun else None,
            )
        watch.health = step.health
        if step.began:
            self._stretches.discard(key)
        else:
            self._stretches.add(key)
        for change in step.changes:
            if change.alert is not None and change.alert.state is State.FIRING:
                self._fires(watch.instance, change.alert)

    async def annotate(self, known: Alert, name: str, text: str) -> None:
        """Notes `text` under `name` on an alert of an instance, if it still fires as it did when it was `known`.

        Raises:
            StoreFailed: nothing was noted.
        """
        if (key := known.instance) is None:
            return
        async with self._turns[key]:
            noted = note(self.book.of(key).get(known.rule), known, name=name, text=text)
            if noted is not None:
                await uncut(self.book.record([(key, Change(noted.rule, noted.key, noted, None))]))

    async def run(self) -> None:
        """Records until cancelled; a clean stop writes how far the runs have come."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.book.run(), name="recorder")
            tasks.create_task(self._stretches.run(), name="stretches")
            tasks.create_task(self._collective.run(), name="collective")

    def _run_of(self, key: InstanceKey) -> tuple[int, Run] | None:
        watch = self._watches.get(key)
        run = watch.health.run if watch and watch.health else None
        return (self._rows[key], run) if run else None
