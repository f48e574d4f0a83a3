"""The alerts as they stand: recorded first, or held for a store that takes no writes, and believed then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import Any

from monitor import degradation
from monitor.chronicle import tell
from monitor.meters import Meters
from monitor.model import Alert, InstanceKey, Run, State
from monitor.recorder import Entry, Recorder
from monitor.rules.change import Change
from monitor.sharing import account_of
from monitor.store.database import Store
from monitor.tenure import Fence
from monitor.traces import mark, span

Placed = tuple[InstanceKey | None, Change]
"""A change with the instance that it is about; None for what is about none."""


class Book:
    """All alerts of this process, by instance and rule; those about no instance by their keys."""

    def __init__(
        self,
        store: Store,
        *,
        meters: Meters,
        moved: Callable[[], None],
        turned: Callable[[], None] = lambda: None,
        fence: Fence | None = None,
    ) -> None:
        """`moved` is called after every change, `turned` where a store that takes no writes is worth a look; `fence` as
        of the recorder."""
        self.recorder = Recorder(store, turned=turned, took=meters.recorded.observe, fence=fence)
        self._meters = meters
        self._moved = moved
        self._alerts: dict[InstanceKey, dict[str, Alert]] = {}
        self._general: dict[str, Alert] = {}

    def load(self, known: Iterable[Alert]) -> None:
        """Takes over what the store knows. Of several alerts of one rule about one instance, which bear labels of
        different times, the live one counts, else the last one."""
        for alert in sorted(known, key=lambda one: (one.state is not State.RESOLVED, one.state_since)):
            if alert.instance is None:
                self._general[alert.key] = alert
            else:
                self._alerts.setdefault(alert.instance, {})[alert.rule] = alert

    def let_go(self, account: str) -> None:
        """Another node looks after this account's alerts from now on, or after those about none. That this node cannot
        reach the store no other knows."""
        self.recorder.disown(account)
        self._alerts = {key: shelf for key, shelf in self._alerts.items() if key.account != account}
        mine = {key: alert for key, alert in self._general.items() if key == degradation.KEY}
        self._general = mine | {key: one for key, one in self._general.items() if account_of(one) != account}

    def of(self, key: InstanceKey) -> Mapping[str, Alert]:
        """The alerts of an instance by rule."""
        return self._alerts.get(key, {})

    @property
    def general(self) -> Mapping[str, Alert]:
        """The alerts about no instance, by key."""
        return self._general

    def find(self, keys: Collection[str]) -> list[Alert]:
        """The alerts with these keys."""
        shelves = (self._general, *self._alerts.values())
        return [alert for shelf in shelves for alert in shelf.values() if alert.key in keys]

    def forget(self, key: str) -> None:
        """Somebody else looks after the alert about no instance with this key."""
        self._general.pop(key, None)

    def live(self) -> Iterator[tuple[InstanceKey, Alert]]:
        """The alerts about instances that wait or fire."""
        for key, by_rule in self._alerts.items():
            for alert in by_rule.values():
                if alert.state is not State.RESOLVED:
                    yield key, alert

    def hot(self, key: InstanceKey) -> bool:
        """Whether an alert of this instance waits or fires."""
        return any(alert.state is not State.RESOLVED for alert in self.of(key).values())

    def troubled(self, account: str) -> set[InstanceKey]:
        """The instances of an account with alerts that wait or fire."""
        return {key for key in self._alerts if key.account == account and key.id and self.hot(key)}

    async def record(
        self,
        changes: Sequence[Placed] = (),
        *,
        ended: tuple[int, Run] | None = None,
        begun: tuple[int, Run] | None = None,
        run_of: str = "",
    ) -> None:
        """Writes changes, and the runs of an instance of the account `run_of` that ended and began with them; believes
        them once they are written, or held.

        Raises:
            StoreFailed: neither, so nothing moved.
        """
        by_account: dict[str, list[Change]] = {}
        for key, change in changes:
            by_account.setdefault(key.account if key else self._about(change, run_of), []).append(change)
        mine = Entry(ended, begun, tuple(by_account.pop(run_of, ())), run_of)
        others = [Entry(None, None, tuple(some), account) for account, some in by_account.items()]
        with span("record", changes=len(changes)):
            # before it is written: who reads it there at once finds the span
            mark(change.key for _, change in changes)
            await self.recorder.record(*(one for one in (mine, *others) if not one.is_empty))
        for key, change in changes:
            self._believe(key, change)
        self._moved()

    async def run(self) -> None:
        """Writes until cancelled, and what waits then."""
        await self.recorder.run()

    def _about(self, change: Change, otherwise: str) -> str:
        """Whose a change about no instance is."""
        alert = change.alert or self._general.get(change.key)
        return account_of(alert) if alert else otherwise

    def _believe(self, key: InstanceKey | None, change: Change) -> None:
        shelf, name = (self._general, change.key) if key is None else (self._alerts.setdefault(key, {}), change.rule)
        if change.alert is None:
            shelf.pop(name, None)
        else:
            shelf[name] = change.alert
        tell(self._meters, change, **_whose(key, change))


def _whose(key: InstanceKey | None, change: Change) -> dict[str, str]:
    """What the log says of whom a change is about."""
    labels = change.alert.labels if change.alert else {}
    if key is not None:
        return {"account": key.account, "instance": labels.get("instance", key.id)}
    named = " ".join(f"{name}={value}" for name, value in labels.items() if value != change.rule)
    return {"of": named} if named else {}


async def uncut(work: Coroutine[Any, Any, None]) -> None:
    """`work`, done to its end even if whoever waits for it is cancelled: what the store took is believed as well."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # looked at: there is nobody left to tell
        raise
