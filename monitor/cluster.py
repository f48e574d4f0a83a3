"""The loops of a service that shares its database with other nodes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence

import structlog

import monitor
from monitor.crew import Crew, Loop
from monitor.errors import StoreFailed
from monitor.ground import Ground
from monitor.live import Live
from monitor.membership import Membership
from monitor.node import Node
from monitor.nudge import both
from monitor.reloader import Source
from monitor.rules.cohorts import crosses
from monitor.sight import Sight
from monitor.store import inbox, nodes
from monitor.store.footprint import Footprint
from monitor.store.postgres import listen
from monitor.tenure import Tenure

RETRY = 1.0
"""Seconds until a connection that was lost is made again."""

log = structlog.get_logger()


def sharing(
    ground: Ground, tenure: Tenure, live: Live, leading: Sequence[Loop], source: Source | None
) -> tuple[Loop, list[Loop]]:
    """What is left to do when all loops have stopped, and the loops of this node in the order in which what they write
    is read. `leading` are those that one node runs for all."""
    settings, changed = ground.settings, both(ground.changed.ring, ground.acted.ring)

    async def posts() -> None:
        ground.intake.open(live.engine.book)
        try:
            await ground.intake.run()
        finally:
            ground.intake.close()

    crew = Crew(live, [*leading, posts], reload=source.requests.ask if source else lambda: None, pulse=ground.pulse)
    sight = Sight(live.fleet.clouds, lambda: tenure.epochs, tenure.length)
    membership = Membership(
        ground.store,
        tenure,
        name=settings.node or socket.gethostname(),
        address=settings.public_url or ground.address,
        version=monitor.__version__,
        accounts=lambda: _names(live),
        beyond=lambda: sight.beyond,
        now=ground.world.now,
        pulse=ground.pulse,
        footprint=Footprint(settings.data),
    )
    node = Node(ground.store, tenure, membership, crew, accounts=lambda: _names(live), together=lambda: _together(live))
    tenure.missed = node.wake

    async def hearing() -> None:
        calls = {nodes.MOVED: node.wake, inbox.POSTED: ground.intake.wake, ground.store.name: _ignore}
        await hear(settings.database, calls, changed)

    return membership.depart, [crew.run, node.run, sight.run, hearing]


def _names(live: Live) -> list[str]:
    return [one.name for one in live.force.policy.accounts]


def _together(live: Live) -> list[str]:
    """The accounts that have to be at one node: all of them, once a rule looks at instances of several."""
    return _names(live) if crosses(live.force.policy.rules) else []


def _ignore() -> None:
    """What this node wrote it knows."""


async def hear(url: str, calls: Mapping[str, Callable[[], None]], changed: Callable[[], None]) -> None:
    """Wakes what has to look when another node wrote. What is not heard is found by looking in time."""

    def heard(name: str) -> None:
        calls.get(name, changed)()

    while True:
        try:
            await listen(url, heard)
        except StoreFailed as error:
            log.debug("other nodes are not heard", reason=str(error))
        await asyncio.sleep(RETRY)
