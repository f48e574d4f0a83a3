"""Takes samples: lets the rules judge each, records what it changes, and only then believes it.

A sample that changes nothing costs no transaction: how far its run has come is written every ten seconds with the
others.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

import structlog

from monitor import lifecycle, outage
from monitor.clock import Clock
from monitor.meters import Meters, Pulse
from monitor.model import Alert, Cause, Instance, InstanceKey, Run, Sample, State, Truth
from monitor.orphans import orphaned
from monitor.outage import Outage
from monitor.recorder import Entry, Recorder
from monitor.rules.health import Health, health_of
from monitor.rules.rule import Rule
from monitor.rules.watch import Change, Watch, note
from monitor.store import alerts, history, instances
from monitor.store.database import Store
from monitor.stretches import Stretches

log = structlog.get_logger()


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
    ) -> None:
        """`moved` is called after every change, `fires` for alerts that begin to fire or fire with other numbers."""
        self._store = store
        self._recorder = Recorder(store)
        self._rules = rules
        self._now = now
        self._meters = meters
        self._moved = moved
        self._fires = fires
        self._watches: dict[InstanceKey, Watch] = {}
        self._alerts: dict[InstanceKey, dict[str, Alert]] = {}
        self._rows: dict[InstanceKey, int] = {}
        self._remembered: dict[InstanceKey, Health] = {}
        self._past: dict[InstanceKey, list[Run]] = {}
        self._stretches = Stretches(store, self._run_of, now=now, pulse=pulse)
        self._outages: dict[str, Outage] = {}
        self._polled: Counter[str] = Counter()
        self._judging: set[str] = set()
        self._turns: defaultdict[InstanceKey, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def load(self) -> None:
        """Takes up where the last process stopped: alerts with their timers, health and windows."""
        reach = max((rule.reach for rule in self._rules), default=timedelta())
        async with self._store.read() as tx:
            firsts = await instances.first_seen(tx)
            runs = await history.latest(tx)
            good = await history.latest(tx, good=True)
            self._past = await history.since(tx, self._now() - reach) if reach else {}
            for alert in await alerts.known(tx):
                if alert.instance is not None:
                    self._alerts.setdefault(alert.instance, {})[alert.rule] = alert
        for key, first_at in firsts.items():
            self._remembered[key] = health_of(first_at, runs.get(key), good.get(key))

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
            past = self._past.pop(one.key, ())
            self._polled[one.account] += not known
            self._watches[one.key] = Watch(one, self._rules, health=health, history=past)

    async def retire(self, polled: Mapping[str, Collection[InstanceKey] | None]) -> None:
        """Ends live alerts that nothing will move any more: `polled` are the instances by account, None where only
        the cloud knows them."""
        rules = {rule.name for rule in self._rules} | {outage.RULE}
        await self._end(lambda key, alert: orphaned(key, alert, polled=polled, rules=rules))

    async def leave(self, keys: Collection[InstanceKey]) -> None:
        """Instances that are gone: their alerts end by that name, and nothing more is known of them.

        Raises:
            StoreFailed: nothing ended.
        """
        await self._end(lambda key, _: Cause.INSTANCE_REMOVED if key in keys else None)
        for key in keys:
            if self._watches.pop(key, None) is not None:
                self._polled[key.account] -= 1
            self._stretches.discard(key)
            self._turns.pop(key, None)
            if key.account in self._outages:
                self._outages[key.account].forget(key)

    def troubled(self, account: str) -> frozenset[InstanceKey]:
        """The instances of an account with alerts that wait or fire, whether they are polled or not."""
        return frozenset(key for key in self._alerts if key.account == account and key.id and self.hot(key))

    def hot(self, key: InstanceKey) -> bool:
        """Whether an alert of this instance waits or fires, so that its next sample matters most."""
        return any(alert.state is not State.RESOLVED for alert in self._alerts.get(key, {}).values())

    async def _end(self, cause_of: Callable[[InstanceKey, Alert], Cause | None]) -> None:
        """Ends the live alerts for which `cause_of` has a name."""
        at = self._now()
        changes: list[tuple[InstanceKey, Change]] = []
        for key, by_rule in self._alerts.items():
            for alert in by_rule.values():
                cause = cause_of(key, alert) if alert.state is not State.RESOLVED else None
                if cause is not None:
                    ended, transition = lifecycle.end(alert, cause=cause, at=at)
                    changes.append((key, Change(alert.rule, alert.key, ended, transition)))
        if changes:
            await self._recorder.record(Entry(changes=tuple(change for _, change in changes)))
            for key, change in changes:
                self._believe(key, change)
            self._moved()

    async def take(self, sample: Sample) -> None:
        """Judges one sample. Those of one instance have to come one after the other.

        Raises:
            StoreFailed: nothing was recorded, so nothing moved; the next sample will move it.
        """
        key = sample.instance.key
        watch = self._watches.get(key)
        if watch is None:
            return  # it left while it was being polled
        async with self._turns[key]:
            await self._judge(key, watch, sample)
        await self._judge_account(sample)

    async def _judge(self, key: InstanceKey, watch: Watch, sample: Sample) -> None:
        step = watch.step(sample, self._alerts.get(key, {}))
        if not step.began and not step.changes:
            watch.health = step.health
            self._stretches.add(key)
            return
        await self._recorder.record(self._entry(key, watch, step.health if step.began else None, step.changes))
        watch.health = step.health
        if step.began:
            self._stretches.discard(key)
        else:
            self._stretches.add(key)
        for change in step.changes:
            self._believe(key, change)
            if change.alert is not None and change.alert.state is State.FIRING:
                self._fires(watch.instance, change.alert)
        self._moved()

    async def annotate(self, known: Alert, name: str, text: str) -> None:
        """Notes `text` under `name` on an alert of an instance, if it still fires as it did when it was `known`.

        Raises:
            StoreFailed: nothing was noted.
        """
        if (key := known.instance) is None:
            return
        async with self._turns[key]:
            noted = note(self._alerts.get(key, {}).get(known.rule), known, name=name, text=text)
            if noted is not None:
                change = Change(noted.rule, noted.key, noted, None)
                await self._recorder.record(Entry(changes=(change,)))
                self._believe(key, change)
                self._moved()

    async def _judge_account(self, sample: Sample) -> None:
        """What the sample says of its whole account. One sample at a time moves the account's alert."""
        name = sample.instance.account
        state = self._outages.setdefault(name, Outage(name))
        truth = state.saw(sample, polled=self._polled[name])
        key = outage.key_of(name)
        alert = self._alerts.get(key, {}).get(outage.RULE)
        if truth is Truth.UNKNOWN or (truth is Truth.CLEAR and not self.hot(key)) or name in self._judging:
            return
        moved, transition = lifecycle.advance(alert, state.finding(sample, truth), outage.TIMERS)
        if moved is None or transition is None:
            return
        if truth is Truth.BREACH:
            moved = replace(moved, annotations={"summary": outage.summary(sample)})
        change = Change(outage.RULE, moved.key, moved, transition)
        self._judging.add(name)
        try:
            await self._recorder.record(Entry(changes=(change,)))
        finally:
            self._judging.discard(name)
        self._believe(key, change)
        self._moved()

    def _entry(self, key: InstanceKey, watch: Watch, begins: Health | None, changes: tuple[Change, ...]) -> Entry:
        row = self._rows[key]
        before = watch.health.run if watch.health else None
        return Entry(
            ended=(row, before) if begins and before and key in self._stretches else None,
            begun=(row, begins.run) if begins and begins.run else None,
            changes=changes,
        )

    def _believe(self, key: InstanceKey, change: Change) -> None:
        by_rule = self._alerts.setdefault(key, {})
        if change.alert is None:
            by_rule.pop(change.rule, None)
        else:
            by_rule[change.rule] = change.alert
        step = change.transition
        if step is None:
            return
        self._meters.transitions.labels(step.rule, str(step.after)).inc()
        log.info(
            f"alert {step.after}",
            rule=step.rule,
            account=key.account,
            instance=change.alert.labels.get("instance", key.id) if change.alert else key.id,
            severity=str(step.severity),
            cause=str(step.cause),
        )

    async def run(self) -> None:
        """Records until cancelled; a clean stop writes how far the runs have come."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recorder.run(), name="recorder")
            tasks.create_task(self._stretches.run(), name="stretches")

    def _run_of(self, key: InstanceKey) -> tuple[int, Run] | None:
        watch = self._watches.get(key)
        run = watch.health.run if watch and watch.health else None
        return (self._rows[key], run) if run else None
