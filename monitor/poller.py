"""Due instances -> samples, for one account: bounded workers, under its quota, no crowd.

Slots are looked at every 50 ms, so that what is due together is started together and the loop wakes up rarely. A
worker carries one instance from request to record; an instance that is still being polled when its next slot comes
skips that slot, visibly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from typing import Protocol

import structlog

from monitor.circuit import Circuit
from monitor.clock import Clock
from monitor.cycle import Cycle
from monitor.errors import DoorError, StoreFailed
from monitor.fdi.account import Account
from monitor.fdi.cloud import Cloud
from monitor.meters import Meters, Pulse
from monitor.model import Instance, InstanceKey, Sample
from monitor.roster import Listed, Roster
from monitor.schedule import Schedule, stretched
from monitor.traces import failed, span

TICK = 0.05
PATIENCE = timedelta(seconds=30)
NEVER = datetime.min.replace(tzinfo=UTC)
RETRY = 5.0
"""Seconds until a store that did not take the first instances is asked again."""

log = structlog.get_logger()


class Judging(Protocol):
    """What the poller needs of the engine."""

    async def meet(self, found: Iterable[Instance]) -> None:
        """Is told of instances before their first poll."""

    async def leave(self, keys: Collection[InstanceKey]) -> None:
        """Is told of instances that are gone."""

    async def take(self, sample: Sample) -> None:
        """Is given every sample."""

    def hot(self, key: InstanceKey) -> bool:
        """Says whether this instance is to be polled before others."""

    def missed(self, keys: Iterable[InstanceKey], every: float) -> Collection[InstanceKey]:
        """Says which were not polled in the last `every` seconds, but shortly before."""

    def troubled(self, account: str) -> Collection[InstanceKey]:
        """Says which instances of the account were watched before, or have alerts: they may have left since."""


class Poller:
    """Polls the instances of one account until cancelled: those in trouble first."""

    def __init__(
        self,
        account: Account,
        cloud: Cloud,
        *,
        engine: Judging,
        now: Clock,
        meters: Meters,
        pulse: Pulse,
        cycles: Pulse,
        listed: Iterable[Instance] = (),
    ) -> None:
        """`cycles` come round when every instance has had its poll and one was answered. `listed`: what an earlier
        poller of the account found; it is polled until a list says otherwise."""
        self._account = account
        self._name = f"poller of {account.name}"
        self._cloud = cloud
        self._engine = engine
        self._now = now
        self._pulse = pulse
        self._cycles = cycles
        self._cycle = Cycle(listed=account.discover is None)
        self._every = account.poll_every.total_seconds()
        self._schedule = Schedule(self._every)
        self._circuit = Circuit(self._every)
        self._roster = Roster(account.instances, known=engine.troubled(account.name), listed=listed)
        self._busy: set[InstanceKey] = set()
        self._due: asyncio.PriorityQueue[tuple[bool, float, InstanceKey]] = asyncio.PriorityQueue()
        self._ill: set[InstanceKey] = set()
        self._zero = now().timestamp() - asyncio.get_running_loop().time()
        self._log = log.bind(account=account.name)
        self._good = meters.polls.labels(account.name, "good")
        self._failed = meters.polls.labels(account.name, "failed")
        self._latency = meters.latency.labels(account.name)
        self._lag = meters.lag.labels(account.name)
        self._skipped = meters.skipped.labels(account.name)
        self._number = meters.instances.labels(account.name)
        self._resting = meters.resting.labels(account.name)
        self._share = meters.share.labels(account.name)
        self._throttled = partial(meters.throttled.tell, account.name)
        self._requests = partial(meters.requests.tell, account.name)
        meters.quota.labels(account.name).set(account.quota.rate)
        self._interval = meters.interval.labels(account.name)
        meters.wanted.labels(account.name).set(self._every)

    async def run(self) -> None:
        """Discovers, paces and polls until cancelled."""
        self._pulse.expect(self._name, within=PATIENCE, at=self._now())
        await self._begin()
        async with asyncio.TaskGroup() as tasks:
            if self._account.discover is not None:
                tasks.create_task(self._discover(self._account.discover.every), name=f"discovery {self._account.name}")
            for number in range(self._account.concurrency):
                tasks.create_task(self._work(), name=f"poller {self._account.name} {number}")
            tasks.create_task(self._pace(), name=f"pacer {self._account.name}")

    async def _begin(self) -> None:
        """Has the first instances taken, as soon as the store takes anything."""
        listed = Listed(self._roster.polled, frozenset())
        taken = await self._keep_safely(listed)
        while not taken:
            await asyncio.sleep(RETRY)
            taken = await self._keep_safely(listed)

    def _time(self) -> float:
        """Seconds since 1970 as they were when the loop started, on the loop's clock: slots are stable across
        restarts, and a wall clock that is set does not move them."""
        return self._zero + asyncio.get_running_loop().time()

    async def _keep(self, found: Iterable[Instance]) -> None:
        """Polls these instances from now on, no faster than the quota carries them."""
        instances = {one.key: one for one in found}
        await self._engine.meet(instances.values())
        wanted = self._account.poll_every.total_seconds()
        every = stretched(wanted, instances=len(instances), rate=self._account.quota.rate)
        if every != self._every:
            self._every = every
            self._schedule, self._circuit = Schedule(every), Circuit(every)
            told = self._log.warning if every > wanted else self._log.info
            told("polls are paced by the quota", instances=len(instances), wanted=wanted, every=round(every, 1))
        self._schedule.keep(instances, at=self._time(), missed=self._engine.missed(instances, every))
        self._cycle.keep(instances)
        patience = timedelta(seconds=2 * self._every) + self._account.timeout
        self._cycles.expect(self._account.name, within=patience, at=NEVER)
        self._number.set(len(instances))
        self._interval.set(every)

    async def _discover(self, every: timedelta) -> None:
        """Looks for the account's instances, at once and then by time. A failed look removes nobody."""
        failing = False
        while True:
            try:
                found = await self._cloud.instances()
            except DoorError as error:
                if not failing:
                    self._log.warning("discovery failed", reason=str(error), request_id=error.request_id)
                failing = True
                self._cycle.listed = False
            else:
                if failing:
                    self._log.info("discovery works again")
                failing = False
                self._cycle.listed = True
                await self._keep_safely(self._roster.listed(found))
            await asyncio.sleep(min(every.total_seconds(), 30) if failing else every.total_seconds())

    async def _keep_safely(self, listed: Listed) -> bool:
        """As `_keep`, and without those who left; whether the store took it."""
        try:
            await self._keep(listed.polled.values())
            if listed.left:
                self._log.info("instances are gone", instances=sorted(key.id for key in listed.left))
                await self._engine.leave(listed.left)
        except StoreFailed as error:
            self._log.error("instances that came or went wait for the store", reason=str(error))
            return False
        for key in listed.left:
            self._circuit.forget(key)
            self._ill.discard(key)
        return True

    async def _pace(self) -> None:
        """Hands due instances to the workers."""
        while True:
            self._pulse.beat(self._name, self._now())
            self._share.set(self._cloud.share)
            self._throttled(self._cloud.throttled)
            self._requests(self._cloud.requests)
            time = self._time()
            for planned, key in self._schedule.due(time):
                if key in self._busy:
                    self._skipped.inc()
                elif self._circuit.rests(key, at=planned):
                    self._cycle.had(key, answered=False)
                else:
                    self._busy.add(key)
                    self._due.put_nowait((not self._engine.hot(key), planned, key))
            if self._cycle.healthy():
                self._cycles.beat(self._account.name, self._now())
            next_at = self._schedule.next_at()
            wait = 1.0 if next_at is None else min(1.0, next_at - time)
            await asyncio.sleep(max(1, ceil(wait / TICK)) * TICK)

    async def _work(self) -> None:
        """One worker: polls what is due, one instance at a time."""
        while True:
            _, planned, key = await self._due.get()
            try:
                instance = self._roster.polled.get(key)
                if instance is not None:
                    with span("poll", account=key.account, instance=instance.name, instance_id=key.id):
                        await self._poll(instance, planned)
            finally:
                self._busy.discard(key)

    async def _poll(self, instance: Instance, planned: float) -> None:
        sample = await self._cloud.sample(instance)
        latency = sample.latency.total_seconds()
        self._lag.observe(max(0.0, self._time() - latency - planned))
        self._latency.observe(latency)
        (self._good if sample.up else self._failed).inc()
        self._circuit.saw(sample, planned=planned, polled=len(self._roster.polled))
        self._resting.set(len(self._circuit))
        self._tell(sample)
        try:
            with span("judge", up=sample.up):
                await self._engine.take(sample)
            self._cycle.had(instance.key, answered=sample.up)
        except StoreFailed:
            # The recorder holds as much as fits; this sample is lost, its instance is polled again in its next slot.
            return
        except Exception:
            log.exception("a sample could not be judged: this is a bug", instance=instance.name)

    def _tell(self, sample: Sample) -> None:
        """Says once that an instance fell ill, and once that it is back."""
        key, failure = sample.instance.key, sample.failure
        if failure is not None:
            failed(failure.reason)
        if failure is not None and key not in self._ill:
            self._ill.add(key)
            words = {"kind": str(failure.kind), "reason": failure.reason, "request_id": failure.request_id}
            self._log.warning("instance cannot be polled", instance=sample.instance.name, **words)
        elif failure is None and key in self._ill:
            self._ill.discard(key)
            self._log.info("instance can be polled again", instance=sample.instance.name)
