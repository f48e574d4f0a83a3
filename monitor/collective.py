"""The alerts of rules with `by` in this process: what a sample of one instance says of all of its group.

One change of a group is on its way into the store at a time. Samples that come meanwhile count at once, and what they
change is judged when that one has arrived, with the last of them: a storm costs a group one change for each
transaction, not one for each sample.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from monitor.book import Book, Placed, uncut
from monitor.builtin import VERSION as BUILT_IN
from monitor.clock import Clock
from monitor.errors import StoreFailed
from monitor.memory import Memory
from monitor.model import Alert, InstanceKey, Sample
from monitor.rules.change import Change
from monitor.rules.cohort import Cohort
from monitor.rules.cohorts import Cohorts
from monitor.rules.rule import Rule
from monitor.rules.watch import Step, Watch
from monitor.rules.window import Window
from monitor.sharing import account_of


@dataclass(slots=True)
class _Sight:
    """A sample that a group has still to be judged on."""

    cohort: Cohort
    sample: Sample
    began: bool


@dataclass(frozen=True, slots=True)
class Moves:
    """What one sample changes for its groups. Nothing else moves them until it is recorded, or given up."""

    changes: tuple[Change, ...] = ()

    @property
    def placed(self) -> list[Placed]:
        """They are about no instance alone."""
        return [(None, change) for change in self.changes]


NOTHING = Moves()


class Collective:
    """The groups, and who is being judged. Members come and go through it."""

    def __init__(self, rules: Iterable[Rule], book: Book, *, now: Clock) -> None:
        self._rules = tuple(rules)
        self._book = book
        self._now = now
        self._cohorts = Cohorts(self._rules)
        self._busy: set[str] = set()
        self._missed: dict[str, _Sight] = {}
        self._again = asyncio.Event()
        self._released = asyncio.Event()

    def restore(self, alerts: Iterable[Alert], memory: Memory, *, anew: bool = True) -> None:
        """Takes up where another process stopped: its alerts, and its instances with their last good samples, which
        count until they are polled, or are known to be gone. `anew`: nothing else is known of these instances."""
        self._cohorts = self._cohorts.under(self._rules, (alert for alert in alerts if _is_of_group(alert)))
        if anew:
            self._cohorts.leave(one.key for one in memory.members)
        reach = max((rule.reach for rule in self._rules if rule.by is not None), default=timedelta())
        for one in memory.members:
            window = Window(reach, memory.past.get(one.key, ())) if reach else None
            self._cohorts.join(one, memory.health.get(one.key), window)

    def forget(self, account: str) -> None:
        """Another process looks after this account, or after what is about none: nothing ends, nothing is left."""
        self._cohorts.leave(self._cohorts.known(account))
        self._cohorts.forget({key for key, one in self._cohorts.alerts.items() if account_of(one) == account})
        self._missed.clear()

    def join(self, watches: Iterable[Watch]) -> None:
        """Instances that are polled from now on."""
        if self._cohorts:
            for watch in watches:
                self._cohorts.join(watch.instance, watch.health, watch.window)

    def adopt(self, rules: Iterable[Rule], watches: Iterable[Watch]) -> None:
        """Judges by other rules from now on: members stay, and alerts keep their time. `retire` has to follow."""
        self._rules = tuple(rules)
        self._cohorts = self._cohorts.under(self._rules)
        self._missed.clear()
        self.join(watches)

    def known(self, account: str) -> set[InstanceKey]:
        """The account's instances that count in a group, whether they are polled yet or not."""
        return self._cohorts.known(account)

    async def retire(self, polled: Mapping[str, Collection[InstanceKey] | None]) -> None:
        """Takes out whoever nothing polls: `polled` are the instances by account, None where only the cloud knows
        them. Ends the alerts that speak for nobody, and notes on the others that their rule has changed.

        Raises:
            StoreFailed: no alert ended.
        """
        unpolled = [key for key in self._cohorts if not is_polled(key, polled)]
        await self.leave(unpolled, accounts=polled)
        while self._busy & {change.key for change in self._cohorts.restated(at=self._now())}:
            await self._released.wait()
        await self._put(self._cohorts.restated(at=self._now()))

    async def leave(self, keys: Iterable[InstanceKey], *, accounts: Collection[str] | None = None) -> None:
        """Instances that are gone. A group without any closes its alert by that name.

        Raises:
            StoreFailed: no alert ended.
        """
        self._cohorts.leave(keys)
        # What is on its way decides what there is to end. Nothing more follows it: nobody is left to be sampled.
        while self._busy - self._cohorts.spoken_for():
            await self._released.wait()
        await self._put(self._cohorts.deserted(accounts, at=self._now()))

    async def _put(self, changes: Sequence[Change]) -> None:
        """Records changes that no sample caused; nothing else moves their groups meanwhile."""
        moves = Moves(tuple(changes))
        self._busy |= {change.key for change in changes}
        if changes:
            await uncut(self._move(moves))

    async def _move(self, moves: Moves) -> None:
        async with self.moving(moves):
            await self._book.record(moves.placed)

    def saw(self, watch: Watch, sample: Sample, step: Step) -> Moves:
        """What `sample`, which `watch` was stepped with, changes for its groups. To be used in `moving`."""
        if not self._cohorts:
            return NOTHING
        touched = self._cohorts.saw(sample, step.health, watch.window)
        return self._judge([_Sight(cohort, sample, step.began) for cohort in touched])

    @asynccontextmanager
    async def moving(self, moves: Moves) -> AsyncIterator[None]:
        """Believes what moved once the block has recorded it; an exception of the block leaves all as it was."""
        try:
            yield
            for change in moves.changes:
                self._cohorts.believe(change)
        finally:
            keys = {change.key for change in moves.changes}
            self._busy -= keys
            self._released.set()
            self._released.clear()
            if keys & self._missed.keys():
                self._again.set()

    async def run(self) -> None:
        """Judges what was missed, until cancelled."""
        while True:
            await self._again.wait()
            self._again.clear()
            sights = [self._missed.pop(key) for key in self._missed.keys() - self._busy]
            moves = self._judge(sights)
            if moves.changes:
                try:
                    await uncut(self._move(moves))
                except StoreFailed:
                    # Told by the recorder; the next sample of the group moves it.
                    continue

    def _judge(self, sights: Iterable[_Sight]) -> Moves:
        """Judges the groups that are free; the others are judged later, on the last of what they miss."""
        changes = []
        for sight in sights:
            cohort, sample = sight.cohort, sight.sample
            if cohort.key in self._busy:
                self._missed[cohort.key] = sight
                continue
            alert = self._cohorts.alerts.get(cohort.key)
            change = cohort.judge(alert, sample.at, up=sample.up, began=sight.began)
            if change is not None:
                self._busy.add(cohort.key)
                changes.append(change)
        return Moves(tuple(changes)) if changes else NOTHING


def is_polled(key: InstanceKey, polled: Mapping[str, Collection[InstanceKey] | None]) -> bool:
    """Whether the policy has the instance, as far as it can tell."""
    instances = polled.get(key.account, ())
    return instances is None or key in instances


def _is_of_group(alert: Alert) -> bool:
    return alert.instance is None and alert.rule_version != BUILT_IN and alert.source is None
