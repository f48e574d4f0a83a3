"""Builds everything from settings and policy, runs it, and takes it down in reverse order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import tzinfo
from typing import TypedDict

import aiohttp

from monitor.carriers import carriers
from monitor.clock import Clock
from monitor.courier import Courier
from monitor.dispatcher import Dispatcher
from monitor.earshot import Earshot
from monitor.engine import Engine
from monitor.errors import UsageError
from monitor.fdi.wire import make_session
from monitor.fleet import Fleet
from monitor.heartbeat import Heartbeat
from monitor.lifeline import Lifeline
from monitor.live import InForce, Live
from monitor.lookout import Lookout
from monitor.meters import Meters, Pulse
from monitor.model import TASKS, Alert, Instance
from monitor.naming import Namer
from monitor.nudge import Nudge, both, waking
from monitor.policy.policy import Policy
from monitor.reloader import Reloader, Source
from monitor.retention import Retention
from monitor.settings import Settings
from monitor.standin import Carrier, Destination
from monitor.store import links
from monitor.store.database import Store, open_store
from monitor.web.hosts import answered, reachable
from monitor.web.server import make_app, serve
from monitor.web.site import Site

Loop = Callable[[], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class World:
    """What the service takes from its surroundings, so that tests can give it others.

    Timers go by `now`; what others compare with their clocks, and what people say by theirs, goes by `wall`.
    `at_hand`: who reads the messages sits at this machine, so that links may lead to its own address.
    """

    now: Clock
    zone: tzinfo
    wall: Clock
    at_hand: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """The running service: where its pages are, what it counts, and whether its loops come round."""

    address: str
    meters: Meters
    store: Store
    pulse: Pulse


@dataclass(frozen=True, slots=True)
class _Ground:
    """What every part of one service stands on. Receivers are reached through `outward`, which heeds proxies."""

    settings: Settings
    force: InForce
    world: World
    store: Store
    session: aiohttp.ClientSession
    outward: aiohttp.ClientSession
    address: str
    meters: Meters
    pulse: Pulse
    changed: Nudge
    acted: Nudge
    spoiled: Nudge


class _Shared(TypedDict):
    now: Clock
    meters: Meters
    pulse: Pulse
    cycles: Pulse


@asynccontextmanager
async def running(
    settings: Settings, policy: Policy, world: World, *, insecure: bool = False, source: Source | None = None
) -> AsyncIterator[Service]:
    """The whole service, while the block runs. `policy` was read from `source`; without one it never changes.

    Raises:
        UsageError: the machine stands in the way: port, data folder, or an address that others can reach.
    """
    hosts = answered(settings.web.host, settings.public_url)
    if hosts is None and not insecure:
        raise UsageError(
            f"the pages would be open to everyone who reaches {settings.web.host}. Set FDI_MONITOR_WEB__HOST to "
            "127.0.0.1 and put a proxy with a login before it, or say --insecure."
        )
    meters, pulse, changed = Meters(), Pulse(), Nudge()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings.data))
        session = await stack.enter_async_context(make_session())
        outward = await stack.enter_async_context(make_session(trust_env=True))
        reload = source.requests.reload if source else None
        acted, force = Nudge(), InForce(policy)
        site = Site(
            store,
            meters,
            pulse,
            world.now,
            changed,
            hosts=hosts,
            reload=reload,
            acted=acted,
            speech=force.speech,
            started_at=world.wall(),
            wall=world.wall,
        )
        port = await stack.enter_async_context(serve(make_app(site), settings.web.host, settings.web.port))
        address = f"http://{reachable(settings.web.host)}:{port}"
        ground = _Ground(
            settings, force, world, store, session, outward, address, meters, pulse, changed, acted, Nudge()
        )
        live = await _build(ground)
        async with _going(_loops(live, ground, source)):
            await live.settle(policy)
            yield Service(address, meters, store, pulse)


async def _build(ground: _Ground) -> Live:
    """The parts that the policy shapes, loaded with what the store knows."""
    policy, now, store = ground.force.policy, ground.world.now, ground.store

    def reach(shaping: Policy) -> dict[Destination, Carrier]:
        return carriers(ground.settings, shaping, ground.outward, ground.world.wall)

    def fires(instance: Instance, alert: Alert) -> None:
        namer.hear(instance, alert)

    ways = reach(policy)
    courier = Courier(
        store,
        ways,
        now=now,
        zone=ground.world.zone,
        public_url=ground.settings.public_url or (ground.address if ground.world.at_hand else ""),
        meters=ground.meters,
        pulse=ground.pulse,
        settled=ground.changed.ring,
        key=await links.key(store),
    )
    dispatcher = Dispatcher(
        store,
        policy.route,
        {receiver.name: receiver for receiver in policy.receivers},
        now=now,
        pulse=ground.pulse,
        queued=both(courier.wake, ground.changed.ring),
        quieting=policy.quieting,
    )
    engine = Engine(
        store,
        policy.rules,
        now=now,
        meters=ground.meters,
        pulse=ground.pulse,
        moved=both(dispatcher.wake, ground.changed.ring),
        fires=fires,
        turned=ground.spoiled.ring,
    )
    shared = _Shared(now=now, meters=ground.meters, pulse=ground.pulse, cycles=Pulse())
    fleet = Fleet(policy.accounts, ground.session, engine, **shared, wall=ground.world.wall)
    heartbeat = Heartbeat(policy.heartbeat, ground.outward, **shared)
    namer = Namer(fleet.clouds, policy.rules, note=lambda alert, names: engine.annotate(alert, TASKS, names))
    await engine.load()
    return Live(engine, dispatcher, courier, namer, fleet, reach, ways, ground.force, heartbeat)


def _loops(live: Live, ground: _Ground, source: Source | None) -> Sequence[Loop]:
    """All loops in the order in which what they write is read: the last is stopped first."""
    lifeline = Lifeline(
        live.engine.book,
        live.courier,
        lambda: ground.force.policy.route.receiver,
        now=ground.world.now,
        meters=ground.meters,
        pulse=ground.pulse,
    )
    earshot = Earshot(
        ground.store,
        live.engine.book,
        lambda: {one.name for one in ground.force.policy.receivers},
        now=ground.world.now,
        pulse=ground.pulse,
    )
    retention = Retention(ground.store, keep=ground.settings.retention, now=ground.world.now)
    loops = [
        live.courier.run,
        lifeline.run,
        earshot.run,
        live.dispatcher.run,
        live.engine.run,
        retention.run,
        live.namer.run,
        live.fleet.run,
        live.heartbeat.run,
        waking(ground.acted, both(live.dispatcher.wake, live.courier.wake)),
        waking(ground.spoiled, lifeline.wake),
        waking(ground.changed, earshot.wake),
    ]
    if source is None:
        return loops
    reloader = Reloader(
        source, ground.force.policy, live, book=live.engine.book, now=ground.world.now, meters=ground.meters
    )
    lookout = Lookout(source.folder, ground.force.policy, source.requests.ask)
    return [*loops, reloader.run, lookout.run]


@asynccontextmanager
async def _going(loops: Sequence[Loop]) -> AsyncIterator[None]:
    """Runs the loops while the block runs, and stops them last first, each only when the one before is done: what the
    pollers still bring is recorded, and what is on its way to people arrives."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(loop(), name=loop.__qualname__) for loop in loops]
        try:
            yield
        finally:
            for task in reversed(tasks):
                task.cancel()
                await asyncio.wait([task])
