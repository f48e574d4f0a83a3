"""What taking and leaving an account means: its poller, its alerts and timers; with the lead, the groups of all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from monitor.live import Live
from monitor.meters import Pulse
from monitor.sharing import LEAD
from monitor.store.nodes import Taken

Loop = Callable[[], Coroutine[None, None, None]]


class Crew:
    """Does the work of one node. `leading` are the loops that one node runs for all; `reload` asks for the policy to be
    read again, so that what is wrong with its files is said by whoever leads."""

    def __init__(self, live: Live, leading: Sequence[Loop], *, reload: Callable[[], None], pulse: Pulse) -> None:
        self._live = live
        self._loops = leading
        self._reload = reload
        self._pulse = pulse
        self._tasks: asyncio.TaskGroup | None = None
        self._leading: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Runs the loops of the lead while this node has it, until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            await asyncio.Event().wait()

    async def take(self, taken: Taken) -> None:
        """Goes on where the last holder stopped. Raises StoreFailed: nothing of it is running; ask again."""
        live = self._live
        await live.engine.load(taken.account)
        if taken.account != LEAD:
            live.fleet.take(taken.account, taken.spent)
            return
        policy = live.force.policy
        receivers = {receiver.name: receiver for receiver in policy.receivers}
        live.dispatcher.adopt(policy.route, receivers, policy.quieting)
        if self._tasks is not None:
            self._leading = [self._tasks.create_task(loop(), name=loop.__qualname__) for loop in self._loops]
        self._reload()

    async def leave(self, account: str) -> list[float] | None:
        """Stops, with all written down; what was spent of the quota. Raises StoreFailed."""
        spent = await self._stop(account)
        await self._live.engine.let_go(account, written=True)
        return spent

    async def lose(self, account: str) -> None:
        """Stops at once: what this node knows of it is not true any more."""
        await self._stop(account)
        await self._live.engine.let_go(account, written=False)

    async def settle(self) -> None:
        """Ends what the policy in force does not have. Raises StoreFailed."""
        await self._live.settle(self._live.force.policy)

    async def _stop(self, account: str) -> list[float] | None:
        if account != LEAD:
            return await self._live.fleet.drop(account)
        leading, self._leading = self._leading, []
        for task in reversed(leading):
            task.cancel()
            await asyncio.wait([task])
        for name in ("dispatcher", "earshot", "intake", "rehearsal"):
            self._pulse.forget(name)
        return None
