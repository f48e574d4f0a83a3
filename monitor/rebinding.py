"""Other rules for instances that are being watched: bound beforehand, with their history, then put in at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from monitor.clock import Clock
from monitor.model import InstanceKey
from monitor.rules.rule import Rule
from monitor.rules.watch import Bound, Watch
from monitor.store import history
from monitor.store.database import Store

AT_ONCE = 100
"""Instances that are bound, or wait for their history, while nothing else runs."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Binding:
    """Rules as they were bound to the instances that were watched then."""

    rules: tuple[Rule, ...]
    bound: Mapping[InstanceKey, tuple[Watch, Bound]]


def reach_of(rules: Iterable[Rule]) -> timedelta:
    """How far the one of `rules` that looks back furthest does."""
    return max((rule.reach for rule in rules), default=timedelta())


class Rebinding:
    """Gives the engine's watches other rules. `turns` are held by whoever judges a sample of an instance."""

    def __init__(
        self,
        store: Store,
        watches: Mapping[InstanceKey, Watch],
        turns: Mapping[InstanceKey, asyncio.Lock],
        *,
        now: Clock,
    ) -> None:
        self._store = store
        self._watches = watches
        self._turns = turns
        self._now = now

    async def prepare(self, rules: tuple[Rule, ...]) -> Binding:
        """Binds `rules` to all instances and fetches the history that they look back on. Raises StoreFailed."""
        bound: dict[InstanceKey, tuple[Watch, Bound]] = {}
        for some in _by(AT_ONCE, tuple(self._watches.items())):
            bound.update((key, (watch, watch.bind(rules))) for key, watch in some)
            await asyncio.sleep(0)
        await self._deepen({key: one.reach for key, (_, one) in bound.items()})
        return Binding(rules, bound)

    def adopt(self, binding: Binding) -> None:
        """Puts them in, in one step. Who was met in between, or bears other labels now, is bound here."""
        for key, watch in self._watches.items():
            known, ready = binding.bound.get(key, (None, None))
            watch.rebind(ready if ready is not None and known is watch else watch.bind(binding.rules))

    async def settle(self) -> None:
        """Returns when nothing is judged by earlier rules any more, and the last instance has its history."""
        for lock in tuple(self._turns.values()):
            if lock.locked():
                async with lock:
                    pass
        await self._deepen({key: watch.reach for key, watch in self._watches.items()})

    async def _deepen(self, reaches: Mapping[InstanceKey, timedelta]) -> None:
        """Lets windows reach as far as is wanted. Nobody judges an instance while its past is being fetched."""
        shallow = [key for key, reach in reaches.items() if reach > self._span(key)]
        for keys in _by(AT_ONCE, shallow):
            async with AsyncExitStack() as turns:
                for key in keys:
                    await turns.enter_async_context(self._turns[key])
                since = self._now() - max(reaches[key] for key in keys)
                async with self._store.read() as tx:
                    stored = await history.since(tx, since, of=keys)
                for key in keys:
                    if watch := self._watches.get(key):
                        watch.deepen(reaches[key], stored.get(key, ()))

    def _span(self, key: InstanceKey) -> timedelta:
        watch = self._watches.get(key)
        return watch.window.span if watch and watch.window else timedelta()


def _by(size: int, items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
