"""Which accounts this node cannot reach: nothing it sent was answered, and their cloud takes no connection from here.

Another node may reach them, so this one asks for others to poll them, until a connection is taken again. A cloud that
takes connections and answers badly does so to everybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

import structlog
from yarl import URL

from monitor.errors import DoorError
from monitor.fdi.cloud import Cloud
from monitor.fdi.reach import reach

LOOKS = 8  # in a lease
PATIENCE = 0.5
"""The share of a lease for which nothing must have been answered."""

log = structlog.get_logger()


class Sight:
    """Looks after the accounts of `clouds`, by name, of which this node polls those that it has `held`. `lease` is
    how long a node may be silent before it counts as gone; an account that is out of reach is given up sooner."""

    def __init__(self, clouds: Mapping[str, Cloud], held: Callable[[], Collection[str]], lease: timedelta) -> None:
        self._clouds = clouds
        self._held = held
        self._lease = lease.total_seconds()
        self._beyond: dict[str, str] = {}

    @property
    def beyond(self) -> Collection[str]:
        """The accounts that are out of reach."""
        return self._beyond.keys() & self._clouds.keys()

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            await self.step()
            await asyncio.sleep(self._lease / LOOKS)

    async def step(self) -> None:
        """One look."""
        held, patience = self._held(), self._lease * PATIENCE
        doubted = [
            (name, cloud)
            for name, cloud in self._clouds.items()
            if name in self._beyond or (name in held and cloud.throttler.silence >= patience)
        ]
        await asyncio.gather(*(self._look(name, cloud) for name, cloud in doubted))

    async def _look(self, name: str, cloud: Cloud) -> None:
        try:
            await reach(URL(cloud.account.endpoint), limit=self._lease / LOOKS)
        except DoorError as error:
            if name not in self._beyond:
                log.warning("account is out of reach, others may poll it", account=name, reason=error.reason)
            self._beyond[name] = error.reason
        else:
            if self._beyond.pop(name, None) is not None:
                log.info("account can be reached again", account=name)
