"""Takes samples: lets the rules judge each, records what it changes, and only then believes it.

A sample that changes nothing costs no transaction: how far its run has come is written every ten seconds with the
others.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from monitor.amending import Amending
from monitor.book import Book, uncut
from monitor.clock import Clock
from monitor.collective import Collective, Moves, is_polled
from monitor.memory import Memory, recall
from monitor.meters import Meters, Pulse
from monitor.model import Alert, Cause, Instance, InstanceKey, Run, Sample, State
from monitor.outages import Outages
from monitor.rebinding import Binding, Rebinding, reach_of
from monitor.rules.change import Change, note
from monitor.rules.cohorts import crosses
from monitor.rules.rule import Rule
from monitor.rules.watch import Step, Watch
from monitor.sharing import LEAD
from monitor.store import history, instances
from monitor.store.database import Store
from monitor.stretches import Stretches
from monitor.tenure import Fence


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
        fence: Fence | None = None,
    ) -> None:
        """`moved`, `turned`, `fence` as of the book; `fires` for alerts that begin to fire or have other numbers."""
        self.book = Book(store, meters=meters, moved=moved, turned=turned, fence=fence)
        self._store = store
        self._rules = rules
        self._now = now
        self._fires = fires
        self._watches: dict[InstanceKey, Watch] = {}
        self._rows: dict[InstanceKey, int] = {}
        self._remembered = Memory([], {}, {})
        self._collective = Collective(rules, self.book, now=now)
        self._stretches = Stretches(
            store, self._run_of, now=now, pulse=pulse, failed=self.book.recorder.fail, fence=fence
        )
        self._polled: Counter[str] = Counter()
        self._outages = Outages(self.book, self._polled)
        self._turns: defaultdict[InstanceKey, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._rebinding = Rebinding(store, self._watches, self._turns, now=now)
        self._amends = Amending(self.book, self._watches, self._turns, lambda: self._rules, now=now)

    async def load(self, account: str | None = None) -> None:
        """Takes up where the last process stopped, with everything or with one account: alerts with their timers,
        health and windows. Raises StoreFailed."""
        wide = account == LEAD and crosses(self._rules)  # groups over accounts have members that other nodes poll
        memory = await recall(self._store, self._rules, at=self._now(), account=None if wide else account)
        mine = memory if account is None else memory.about(account)
        self._remembered.add(mine)
        self.book.load(mine.alerts)
        self._collective.restore(mine.alerts, memory if wide else mine, anew=account != LEAD)

    async def let_go(self, account: str, *, written: bool) -> None:
        """Leaves an account to another process: nothing ends, nothing is known of it here any more. With `written`
        all that was seen is in the store before."""
        if written:
            await self._stretches.flush()
        self._forget([key for key in self._watches if key.account == account])
        self._remembered.forget(account)
        self.book.let_go(account)
        self._collective.forget(account)

    async def meet(self, found: Iterable[Instance]) -> None:
        """Instances that are polled from now on. Known ones keep their health, windows and alerts."""
        met = [one for one in found if one.key not in self._watches or self._watches[one.key].instance != one]
        if not met:
            return
        unlike = met
        if self._store.shared:  # what comes from another node is known, and waits for no other writer
            async with self._store.read() as tx:
                unlike = await instances.unlike(tx, met)
        async with self._store.write() if unlike else self._store.read() as tx:
            await instances.remember(tx, unlike, at=self._now())
            self._rows |= await instances.ids(tx, {one.account for one in met})
        for one in met:
            known = self._watches.get(one.key)
            health, past = (known.health, known.past) if known else self._remembered.take(one.key)
            self._polled[one.account] += not known
            self._watches[one.key] = Watch(one, self._rules, health=health, history=past)
        keys = {one.key for one in met}
        self._collective.join(self._watches[key] for key in keys)
        await self._amends.amend(lambda key, alert: self._amends.unmatched(key, alert) if key in keys else None)

    async def prepare(self, rules: tuple[Rule, ...]) -> Binding:
        """Binds other rules to all instances, and fetches the history that they look back on. Nothing is judged by
        them yet.

        Raises:
            StoreFailed: the history could not be read.
        """
        if self._remembered.health and reach_of(rules) > reach_of(self._rules):
            async with self._store.read() as tx:
                self._remembered.deepen(await history.since(tx, self._now() - reach_of(rules)))
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
        await self._amends.amend(self._amends.under(polled))
        await self._collective.retire(polled)
        self._forget([key for key in self._watches if not is_polled(key, polled)])

    async def leave(self, keys: Collection[InstanceKey]) -> None:
        """Instances that are gone: their alerts end by that name, and nothing more is known of them.

        Raises:
            StoreFailed: nothing ended.
        """
        await self._amends.amend(
            lambda key, alert: self._amends.ended(alert, Cause.INSTANCE_REMOVED) if key in keys else None
        )
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

    def missed(self, keys: Iterable[InstanceKey], every: float) -> list[InstanceKey]:
        """Those whose last sample, by whichever process, is one to two times `every` seconds old: while one process
        took over from another they had no poll."""
        ends = {key: run.end for key in keys if (run := self._run(key))}
        return [key for key, end in ends.items() if 1 < (self._now() - end).total_seconds() / every < 2]

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
                run_of=key.account,
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
        run = self._run(key)
        return (self._rows[key], run) if run else None

    def _run(self, key: InstanceKey) -> Run | None:
        watch = self._watches.get(key)
        return watch.health.run if watch and watch.health else None
