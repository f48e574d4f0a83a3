"""Builds everything from settings and policy, runs it, and takes it down in reverse order."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TypedDict

from monitor.carriers import carriers
from monitor.clock import Clock
from monitor.cluster import sharing
from monitor.courier import Courier
from monitor.crew import Loop
from monitor.dispatcher import Dispatcher
from monitor.engine import Engine
from monitor.fdi.wire import make_session
from monitor.fleet import Fleet
from monitor.ground import Ground
from monitor.ground import World as World
from monitor.heartbeat import Heartbeat
from monitor.inbox import Inbox
from monitor.intake import Intake
from monitor.lateness import Lateness
from monitor.live import InForce, Live
from monitor.lookout import Lookout
from monitor.meters import Meters, Pulse
from monitor.model import TASKS, Alert, Instance
from monitor.naming import Namer
from monitor.nudge import Nudge, both, waking
from monitor.policy.policy import Policy
from monitor.reloader import Reloader, Source
from monitor.retention import Retention
from monitor.selfwatch import selfwatch
from monitor.settings import Settings
from monitor.sharing import LEAD
from monitor.standin import Carrier, Destination
from monitor.store import links
from monitor.store.database import Store, open_store
from monitor.tenure import Tenure
from monitor.voice import speech
from monitor.web.door import Door, make_door
from monitor.web.hosts import answered, reachable
from monitor.web.server import make_app, serve
from monitor.web.site import Site


@dataclass(frozen=True, slots=True)
class Service:
    """The running service: where its pages are, what it counts, and whether its loops come round."""

    address: str
    meters: Meters
    store: Store
    pulse: Pulse


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
    door = make_door(
        settings.web.users, settings.web.tokens, beyond=settings.web.host if hosts is None else "", insecure=insecure
    )
    meters, pulse, changed = Meters(), Pulse(), Nudge()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings.data, settings.database, lease=settings.lease))
        session = await stack.enter_async_context(make_session())
        outward = await stack.enter_async_context(make_session(trust_env=True))
        tenure = Tenure(settings.lease) if settings.database else None
        inbox = Inbox(store, tenure) if tenure else None
        force, intake = InForce(policy), Intake(now=world.now, pulse=pulse, inbox=inbox)
        nudges = changed, Nudge(), Nudge()
        ground = Ground(settings, force, world, store, session, outward, "", meters, pulse, *nudges, intake, tenure)
        site = _site(ground, hosts, door, source)
        port = await stack.enter_async_context(serve(make_app(site), settings.web.host, settings.web.port))
        ground = replace(ground, address=f"http://{reachable(settings.web.host)}:{port}")
        live = await _build(ground)
        loops, depart = _loops(live, ground, source)
        stack.push_async_callback(depart)
        async with _going(loops):
            await live.settle(policy)
            yield Service(ground.address, meters, store, pulse)


def _site(ground: Ground, hosts: frozenset[str] | None, door: Door, source: Source | None) -> Site:
    return Site(
        ground.store,
        ground.meters,
        ground.pulse,
        ground.world.now,
        ground.changed,
        hosts=hosts,
        reload=source.requests.reload if source else None,
        acted=ground.acted,
        speech=lambda: speech(ground.force),
        node=ground.settings.node or socket.gethostname(),
        lease=ground.settings.lease,
        started_at=ground.world.wall(),
        wall=ground.world.wall,
        door=door,
        trusted=ground.settings.web.trusted_proxies,
        public_url=ground.settings.public_url,
        post=ground.intake.take,
    )


async def _build(ground: Ground) -> Live:
    """The parts that the policy shapes, loaded with what the store knows."""
    policy, now, store = ground.force.policy, ground.world.now, ground.store
    tenure = ground.tenure

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
        tenure=tenure,
    )
    dispatcher = _dispatcher(ground, courier)
    engine = Engine(
        store,
        policy.rules,
        now=now,
        meters=ground.meters,
        pulse=ground.pulse,
        moved=both(dispatcher.wake, ground.changed.ring),
        fires=fires,
        turned=ground.spoiled.ring,
        fence=tenure.held if tenure else None,
    )
    shared = _Shared(now=now, meters=ground.meters, pulse=ground.pulse, cycles=Pulse())
    allowance = tenure.allowance if tenure else None
    fleet = Fleet(policy.accounts, ground.session, engine, **shared, wall=ground.world.wall, allowance=allowance)
    heartbeat = Heartbeat(policy.heartbeat, ground.outward, **shared)
    namer = Namer(fleet.clouds, policy.rules, note=lambda alert, names: engine.annotate(alert, TASKS, names))
    if tenure is None:
        await engine.load()
        ground.intake.open(engine.book)
    return Live(engine, dispatcher, courier, namer, fleet, reach, ways, ground.force, heartbeat)


def _dispatcher(ground: Ground, courier: Courier) -> Dispatcher:
    policy, tenure = ground.force.policy, ground.tenure
    return Dispatcher(
        ground.store.fenced(partial(tenure.fence, LEAD)) if tenure else ground.store,
        policy.route,
        {receiver.name: receiver for receiver in policy.receivers},
        now=ground.world.now,
        meters=ground.meters,
        pulse=ground.pulse,
        queued=both(courier.wake, ground.changed.ring),
        quieting=policy.quieting,
    )


def _loops(live: Live, ground: Ground, source: Source | None) -> tuple[Sequence[Loop], Loop]:
    """All loops in the order in which what they write is read: the last is stopped first. And what is left to do when
    all have stopped."""
    now, meters, pulse = ground.world.now, ground.meters, ground.pulse
    patience = ground.tenure.patience if ground.tenure else timedelta
    own = selfwatch(live, ground.store, now=now, meters=meters, pulse=pulse, patience=patience)
    retention = Retention(ground.store, keep=ground.settings.retention, now=now)
    telling, writing = [own.earshot.run, own.rehearsal.run, live.dispatcher.run], [ground.intake.run, retention.run]
    depart = _nothing
    if ground.tenure is not None:
        depart, telling = sharing(ground, ground.tenure, live, [*telling, retention.run], source)
        writing = []
    loops = [
        Lateness(meters).run,
        live.courier.run,
        own.lifeline.run,
        *telling,
        live.engine.run,
        *writing,
        live.namer.run,
        live.fleet.run,
        live.heartbeat.run,
        waking(ground.acted, both(live.dispatcher.wake, live.courier.wake)),
        waking(ground.spoiled, own.lifeline.wake),
        waking(ground.changed, both(own.earshot.wake, own.rehearsal.wake)),
    ]
    if source is None:
        return loops, depart
    reloader = Reloader(source, ground.force.policy, live, book=live.engine.book, now=now, meters=meters)
    lookout = Lookout(source.folder, ground.force.policy, source.requests.ask)
    return [*loops, reloader.run, lookout.run], depart


async def _nothing() -> None:
    """Alone there is nobody to take leave of."""


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
