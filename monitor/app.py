"""Builds everything from settings and policy, runs it, and takes it down in reverse order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import tzinfo

import aiohttp

from monitor.clock import Clock
from monitor.courier import Carrier, Courier, Destination
from monitor.dispatcher import Dispatcher
from monitor.engine import Engine
from monitor.errors import UsageError
from monitor.fdi.account import Account
from monitor.fdi.cloud import Cloud
from monitor.fdi.topics import AccountTopics
from monitor.fdi.wire import make_session
from monitor.meters import Meters, Pulse
from monitor.model import TASKS, InstanceKey
from monitor.naming import Namer
from monitor.notifiers import Exchange, SmtpServer, Tools, unseen
from monitor.notifiers.registry import build
from monitor.nudge import Nudge
from monitor.policy.policy import Policy
from monitor.poller import Poller
from monitor.retention import Retention
from monitor.settings import Settings
from monitor.store.database import Store, open_store
from monitor.web.hosts import answered
from monitor.web.server import make_app, serve
from monitor.web.site import Site

Loop = Callable[[], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class World:
    """What the service takes from its surroundings, so that tests can give it others.

    `at_hand`: who reads the messages sits at this machine, so that links may lead to its own address.
    """

    now: Clock
    zone: tzinfo
    at_hand: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """The running service: where its pages are, and what it counts."""

    address: str
    meters: Meters
    store: Store


@dataclass(frozen=True, slots=True)
class _Ground:
    """What every part of one service stands on. Receivers are reached through `outward`, which heeds proxies."""

    settings: Settings
    policy: Policy
    world: World
    store: Store
    session: aiohttp.ClientSession
    outward: aiohttp.ClientSession
    address: str
    meters: Meters
    pulse: Pulse
    changed: Nudge


@asynccontextmanager
async def running(
    settings: Settings, policy: Policy, world: World, *, insecure: bool = False
) -> AsyncIterator[Service]:
    """The whole service, while the block runs.

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
        site = Site(store, meters, pulse, world.now, changed, hosts=hosts)
        port = await stack.enter_async_context(serve(make_app(site), settings.web.host, settings.web.port))
        address = f"http://{_reachable(settings.web.host)}:{port}"
        ground = _Ground(settings, policy, world, store, session, outward, address, meters, pulse, changed)
        engine, loops = await _build(ground)
        async with _going(loops):
            await engine.retire({account.name: _polled(account) for account in policy.accounts})
            yield Service(address, meters, store)


async def _build(ground: _Ground) -> tuple[Engine, Sequence[Loop]]:
    """The engine, and all loops in the order in which what they write is read: the last is stopped first."""
    policy, now, store = ground.policy, ground.world.now, ground.store
    courier = Courier(
        store,
        carriers(ground.settings, policy, ground.outward, now),
        now=now,
        zone=ground.world.zone,
        public_url=ground.settings.public_url or (ground.address if ground.world.at_hand else ""),
        meters=ground.meters,
        pulse=ground.pulse,
        settled=ground.changed.ring,
    )
    dispatcher = Dispatcher(
        store,
        policy.route,
        {receiver.name: receiver for receiver in policy.receivers},
        now=now,
        pulse=ground.pulse,
        queued=_both(courier.wake, ground.changed.ring),
    )
    clouds = {account.name: Cloud(account, ground.session, now) for account in policy.accounts}
    namer = Namer(clouds, policy.rules, note=lambda alert, names: engine.annotate(alert, TASKS, names))
    engine = Engine(
        store,
        policy.rules,
        now=now,
        meters=ground.meters,
        pulse=ground.pulse,
        moved=_both(dispatcher.wake, ground.changed.ring),
        fires=namer.hear,
    )
    await dispatcher.load()
    await engine.load()
    retention = Retention(store, keep=ground.settings.retention, now=now)
    pollers = [_poller(cloud, engine, ground).run for cloud in clouds.values()]
    return engine, [courier.run, dispatcher.run, engine.run, retention.run, namer.run, *pollers]


def _poller(cloud: Cloud, engine: Engine, ground: _Ground) -> Poller:
    return Poller(
        cloud.account,
        cloud,
        engine=engine,
        now=ground.world.now,
        meters=ground.meters,
        pulse=ground.pulse,
    )


def _polled(account: Account) -> set[InstanceKey] | None:
    """The account's instances, None where only the cloud knows them."""
    return None if account.discover else {one.key for one in account.instances}


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


def carriers(
    settings: Settings,
    policy: Policy,
    session: aiohttp.ClientSession,
    now: Clock,
    *,
    seen: Callable[[Exchange], None] = unseen,
) -> dict[Destination, Carrier]:
    """How every destination of the policy is reached. `seen` is told of every request to them."""
    smtp = settings.smtp
    tools = Tools(
        session,
        now,
        SmtpServer(smtp.host, smtp.port, smtp.user, smtp.password, smtp.tls, smtp.sender),
        topics={account.name: AccountTopics(account, session, now) for account in policy.accounts},
        seen=seen,
    )
    return {
        (receiver.name, position): Carrier(integration.kind, integration.options.language, build(integration, tools))
        for receiver in policy.receivers
        for position, integration in enumerate(receiver.integrations)
    }


def _both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    def ring() -> None:
        first()
        second()

    return ring


def _reachable(host: str) -> str:
    """The address to open for pages that listen on `host`."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
