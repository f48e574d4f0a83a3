"""The pollers of all accounts, each with its client: one can be replaced while the others go on undisturbed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

import aiohttp

from monitor.clock import Clock
from monitor.engine import Engine
from monitor.fdi.account import Account
from monitor.fdi.cloud import Cloud
from monitor.fdi.discovery import wanted
from monitor.meters import Meters, Pulse
from monitor.model import Instance
from monitor.poller import Poller


class Fleet:
    """Runs a poller for each account."""

    def __init__(
        self,
        accounts: Iterable[Account],
        session: aiohttp.ClientSession,
        engine: Engine,
        *,
        now: Clock,
        meters: Meters,
        pulse: Pulse,
        cycles: Pulse,
        wall: Clock | None = None,
        allowance: Callable[[str, int, float], int] | None = None,
    ) -> None:
        """`cycles` come round when every instance of an account has been polled, and one answered; `wall` as of
        `Cloud`. Where several nodes share the accounts, this one polls those that it is told to `take`, with so much
        `allowance` of each quota."""
        self._allowance = allowance
        self._taken: set[str] = set()
        made = (Cloud(one, session, now, wall=wall) for one in accounts)
        self.clouds: dict[str, Cloud] = {one.account.name: self._guarded(one) for one in made}
        """The clients by account, as they are at any time."""
        self._left: dict[str, Cloud] = {}
        self._session = session
        self._engine = engine
        self._now, self._wall = now, wall
        self._meters = meters
        self._pulse = pulse
        self._cycles = cycles
        self._pollers: dict[str, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Polls until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            for name in self.clouds:
                self._begin(name)
            await asyncio.Event().wait()

    def take(self, name: str, spent: Sequence[float] | None) -> None:
        """Polls an account that another node polled before, with what is left of its quota."""
        self._taken.add(name)
        if cloud := self.clouds.get(name):
            cloud.throttler.occupy(spent)
            self._begin(name)

    async def drop(self, name: str) -> list[float] | None:
        """Polls an account no more, for another node does. What it brought is recorded when this returns; what was
        spent of the quota, None if nobody knows."""
        self._taken.discard(name)
        await self._stop(name)
        cloud = self.clouds.get(name) or self._left.get(name)
        return cloud.throttler.spent() if cloud else None

    async def leave(self, names: Iterable[str]) -> None:
        """Polls these accounts no more. What they brought is recorded when this returns."""
        for name in names:
            if cloud := self.clouds.pop(name, None):
                self._left[name] = cloud
            await self._stop(name)
            self._meters.forget(name)

    async def renew(self, accounts: Iterable[Account]) -> None:
        """Polls these accounts as they are now, whether they were polled before or not. Their quotas hold over all
        that was sent before, under this name or by the same login under another."""
        for account in accounts:
            before = self.clouds.get(account.name)
            await self._stop(account.name)
            before_it = before or self._predecessor(account)
            cloud = self._guarded(Cloud(account, self._session, self._now, before=before_it, wall=self._wall))
            self.clouds[account.name] = cloud
            self._left.pop(account.name, None)
            self._begin(account.name, self._still_listed(account, before.account if before else None))

    def _begin(self, name: str, listed: Iterable[Instance] = ()) -> None:
        if self._tasks is None or (self._allowance is not None and name not in self._taken):
            return
        cloud = self.clouds[name]
        poller = Poller(
            cloud.account,
            cloud,
            engine=self._engine,
            now=self._now,
            meters=self._meters,
            pulse=self._pulse,
            cycles=self._cycles,
            listed=listed,
        )
        self._pollers[name] = self._tasks.create_task(poller.run(), name=f"poller of {name}")

    def _guarded(self, cloud: Cloud) -> Cloud:
        if self._allowance is not None:
            cloud.throttler.allowance = partial(self._allowance, cloud.account.name)
        return cloud

    async def _stop(self, name: str) -> None:
        task = self._pollers.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
            self._pulse.forget(f"poller of {name}")
            self._cycles.forget(name)

    def _predecessor(self, account: Account) -> Cloud | None:
        """Who used the quota of a new account before: itself, or the same login under another name."""
        same = (one for one in self._left.values() if one.account.login == account.login)
        return self._left.get(account.name) or next(same, None)

    def _still_listed(self, account: Account, before: Account | None) -> list[Instance]:
        """The instances found so far that the account still wants, so that they need not wait for the next list."""
        if account.discover is None or before is None or _place(before) != _place(account):
            return []
        named = {one.key for one in before.instances}
        return [
            replace(one, labels=account.labels)
            for one in self._engine.watched(account.name)
            if one.key not in named and wanted(one.name, account.discover)
        ]


def _place(account: Account) -> tuple[str, str, str]:
    return account.endpoint, account.region, account.project_id
