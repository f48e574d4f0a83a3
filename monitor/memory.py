"""What the last process knew, read back from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.model import Alert, Instance, InstanceKey, Run
from monitor.rules.health import Health, health_of
from monitor.rules.rule import Rule
from monitor.sharing import account_of
from monitor.store import alerts, history, instances
from monitor.store.database import Store

LATELY = timedelta(days=1)
"""An instance that was last polled longer than this before others of its account had left by then."""


@dataclass(slots=True)
class Memory:
    """All alerts, the resolved ones too; health by instance, and as much of the past as the rules look back.

    `members` are the instances that were polled lately: they count in groups before they are polled again, so that no
    group looks healed, or broken, because only some of its members have been polled since the start.
    """

    alerts: list[Alert]
    health: dict[InstanceKey, Health]
    past: dict[InstanceKey, list[Run]]
    members: list[Instance] = field(default_factory=list)

    def add(self, more: Memory) -> None:
        """What is remembered besides."""
        self.health |= more.health
        self.past |= more.past

    def take(self, key: InstanceKey) -> tuple[Health | None, Sequence[Run]]:
        """What was remembered of an instance, which is watched from now on."""
        return self.health.pop(key, None), self.past.pop(key, ())

    def deepen(self, past: Mapping[InstanceKey, list[Run]]) -> None:
        """As much of the past as other rules look back."""
        self.past = {key: runs for key, runs in past.items() if key in self.health}

    def forget(self, account: str) -> None:
        """Another node looks after this account."""
        self.health = {key: one for key, one in self.health.items() if key.account != account}
        self.past = {key: runs for key, runs in self.past.items() if key.account != account}

    def about(self, account: str) -> Memory:
        """Only what is about this account, or about none where it is empty."""
        return Memory(
            [alert for alert in self.alerts if account_of(alert) == account],
            {key: one for key, one in self.health.items() if key.account == account},
            {key: runs for key, runs in self.past.items() if key.account == account},
            [one for one in self.members if one.account == account],
        )


async def recall(store: Store, rules: tuple[Rule, ...], *, at: datetime, account: str | None = None) -> Memory:
    """What the store holds at `at` that these rules need, of all accounts or of one."""
    reach = max((rule.reach for rule in rules), default=timedelta())
    groups = [rule for rule in rules if rule.by is not None]
    async with store.read() as tx:
        firsts = await instances.first_seen(tx, account=account)
        runs = await history.latest(tx, account=account)
        good = await history.latest(tx, good=True, account=account)
        past = await history.since(tx, at - reach, account=account) if reach else {}
        members = _lately(await instances.known(tx, account), runs) if groups else []
        if any(rule.reach for rule in groups):
            # In a group the past of a silent member is that before its silence.
            silent = {one.key: good[one.key].end for one in members if _is_silent(one.key, runs, good)}
            past |= await history.leading_to(tx, silent, reach)
        known = await alerts.known(tx, account)
    health = {key: health_of(first_at, runs.get(key), good.get(key)) for key, first_at in firsts.items()}
    return Memory(known, health, past, members)


def _lately(known: list[Instance], runs: Mapping[InstanceKey, Run]) -> list[Instance]:
    last: dict[str, datetime] = {}
    for key, run in runs.items():
        last[key.account] = max(run.end, last.get(key.account, run.end))
    return [one for one in known if one.key in runs and last[one.account] - runs[one.key].end <= LATELY]


def _is_silent(key: InstanceKey, runs: Mapping[InstanceKey, Run], good: Mapping[InstanceKey, Run]) -> bool:
    return key in good and runs[key].failure is not None
