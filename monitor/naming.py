"""Alerts about abnormal tasks -> the names of the broken ones, in the background: nothing waits for them.

An alert asks for names as it begins to fire, and again as its counts of abnormal tasks move. What has no answer within
PATIENCE stays without names: a message that waits no longer goes out as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from monitor.errors import MonitorError
from monitor.fdi.tasks import BrokenTasks
from monitor.model import KINDS, Alert, Instance, InstanceKey
from monitor.rules.parser import parse
from monitor.rules.rule import Rule
from monitor.rules.syntax import Name, walk

PATIENCE = 5.0
"""Seconds from the moment an alert asks until its names are of no use any more, the wait for the quota included."""

AT_ONCE = 2
"""Requests for names under way at once for one account: polls come first."""

MOST = 10
"""Names that are told; the others are counted."""

log = structlog.get_logger()


class Naming(Protocol):
    """What the namer needs of an account's client."""

    async def broken_tasks(self, instance: Instance, /) -> BrokenTasks:
        """The broken tasks of an instance. Raises DoorError."""


@dataclass(slots=True)
class _Wish:
    """Alerts of one instance that want names until `until`, on the event loop's clock."""

    instance: Instance
    until: float
    alerts: dict[str, Alert] = field(default_factory=dict)


class Namer:
    """Finds the names, for one instance at a time each, and has them noted on the alerts that want them."""

    def __init__(
        self,
        clouds: Mapping[str, Naming],
        rules: Iterable[Rule],
        *,
        note: Callable[[Alert, str], Awaitable[None]],
    ) -> None:
        """`clouds` by account, as they are at any time. `note` writes the names down beside an alert."""
        self._clouds = clouds
        self._note = note
        self._lines: dict[str, asyncio.Queue[InstanceKey]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self.adopt(rules)
        self._wishes: dict[InstanceKey, _Wish] = {}
        self._busy: set[InstanceKey] = set()
        self._asked: dict[str, tuple[datetime | float | None, ...]] = {}

    def adopt(self, rules: Iterable[Rule]) -> None:
        """Goes by these rules from now on, and by the accounts that there are now."""
        self._kinds = {rule.name: kinds for rule in rules if (kinds := kinds_named(rule))}
        for account in self._clouds:
            if account not in self._lines:
                self._lines[account] = asyncio.Queue()
                self._staff(account)

    def hear(self, instance: Instance, alert: Alert) -> None:
        """An alert of `instance` began to fire, or it fires and its numbers moved. Returns at once."""
        kinds, line = self._kinds.get(alert.rule), self._lines.get(instance.account)
        if kinds is None or line is None:
            return
        counts = (alert.values.get(f"{kind}.abnormal") for kind in KINDS if kind in kinds)
        asked = (alert.fired_at, *counts)
        if self._asked.get(alert.key) == asked:
            return
        self._asked[alert.key] = asked
        wish = self._wishes.get(instance.key)
        if wish is None:
            until = asyncio.get_running_loop().time() + PATIENCE
            wish = self._wishes[instance.key] = _Wish(instance, until)
            if instance.key not in self._busy:
                line.put_nowait(instance.key)
        wish.alerts[alert.key] = alert

    async def run(self) -> None:
        """Asks for names until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            for account in self._lines:
                self._staff(account)
            await asyncio.Event().wait()

    def _staff(self, account: str) -> None:
        """Starts who asks for the names of an account; who has nothing to ask any more waits, and costs nothing."""
        if self._tasks is not None:
            for number in range(AT_ONCE):
                self._tasks.create_task(self._work(account), name=f"namer of {account} {number}")

    async def _work(self, account: str) -> None:
        line = self._lines[account]
        while True:
            key = await line.get()
            wish = self._wishes.pop(key)
            cloud = self._clouds.get(account)
            self._busy.add(key)
            try:
                if cloud is not None:
                    await self._name(cloud, wish)
            except (MonitorError, TimeoutError) as error:
                self._give_up(wish, str(error))
            except Exception:
                log.exception("broken tasks could not be named: this is a bug", instance=wish.instance.name)
            finally:
                self._busy.discard(key)
                if key in self._wishes:
                    line.put_nowait(key)

    async def _name(self, cloud: Naming, wish: _Wish) -> None:
        if asyncio.get_running_loop().time() >= wish.until:
            raise TimeoutError
        async with asyncio.timeout_at(wish.until):
            broken = await cloud.broken_tasks(wish.instance)
        for alert in wish.alerts.values():
            if kinds := self._kinds.get(alert.rule):
                await self._note(alert, told(broken, kinds))

    def _give_up(self, wish: _Wish, reason: str) -> None:
        """They may ask again as soon as their numbers move."""
        for key in wish.alerts:
            self._asked.pop(key, None)
        log.debug(
            "broken tasks stay without names",
            account=wish.instance.account,
            instance=wish.instance.name,
            reason=reason or f"not within {PATIENCE:g} s",
        )


def kinds_named(rule: Rule) -> frozenset[str]:
    """The kinds of tasks whose abnormal ones breach the rule: none, `common`, `cdc`, or both."""
    trees = [parse(text) for _, text in rule.stages]
    words = {node.text for tree in trees for node in walk(tree) if isinstance(node, Name)}
    return frozenset(kind for kind in KINDS if words & {"abnormal", f"{kind}.abnormal"})


def told(broken: BrokenTasks, kinds: Collection[str]) -> str:
    """`sync-orders, 订单同步, +3 more`: the broken tasks of these kinds, empty if there are none."""
    names = broken.named(kinds)
    hidden = max(0, len(names) - MOST)
    if len(kinds) == len(KINDS):
        hidden += broken.unseen
    shown = [*names[:MOST], f"+{hidden} more" if hidden else ""]
    return ", ".join(filter(None, shown)) if names else ""
