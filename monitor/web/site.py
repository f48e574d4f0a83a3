"""What the pages may use of the service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

from monitor.clock import Clock
from monitor.errors import Fault
from monitor.matchers import EVERYTHING
from monitor.meters import Meters, Pulse
from monitor.nudge import Nudge
from monitor.posted import Post
from monitor.quieting import PLAIN, Quieting
from monitor.reloaded import Reloaded
from monitor.routing import Route
from monitor.rules.rule import Rule
from monitor.store.database import Store
from monitor.web.door import Door
from monitor.web.hosts import LOOPBACK
from monitor.web.proxies import Network


@dataclass(frozen=True, slots=True)
class Tended:
    """An account as pages show it, without what is secret. `quota` is what the files write, `rate` the same in requests
    a second; `every` is how often an instance should be polled."""

    name: str
    region: str
    quota: str
    rate: float
    every: timedelta


@dataclass(frozen=True, slots=True)
class Speech:
    """How the policy has the service speak: the tree of routes, the receivers' names, what keeps it quiet; and the
    rules that give it something to say. `kinds` are those under each receiver's name, in their order; `accounts` are
    those that are polled. `files` is where it was read, `faults` what of them could not be put in force."""

    route: Route
    receivers: tuple[str, ...]
    quieting: Quieting = PLAIN
    rules: tuple[Rule, ...] = ()
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accounts: tuple[Tended, ...] = ()
    files: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    """Where each rule stands in the files, by its name."""
    tested: Mapping[str, int] = field(default_factory=dict)
    """How many tests speak of each rule."""
    heartbeat: timedelta | None = None
    """How often a heartbeat is sent, None for never."""


_NOBODY = Speech(Route("{}", "", EVERYTHING, (), timedelta(), timedelta(), timedelta()), ())


NOTICED = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Site:
    """All that a room gets. `changed` is rung after each step that a page would show.

    `acted` is rung after each step that somebody took here, `speech` gives how the policy speaks now, `started_at` is
    when the service began. `hosts` are the names that the service answers to, lower case and without ports; None
    answers to every name. `reload` reads the policy again, None where it never changes. `post` takes alerts of other
    systems, and says how many did not fit. Moments that people say or read go by `wall`, `now` unless given.
    `door` lets people in, `trusted` are the proxies that are believed, `public_url` is how people reach the pages.
    `node` is the name of this process among several; one that is not heard of for `lease` is dead to the others.
    """

    store: Store
    meters: Meters
    pulse: Pulse
    now: Clock
    changed: Nudge
    hosts: frozenset[str] | None = LOOPBACK
    reload: Callable[[], Awaitable[Reloaded]] | None = None
    title: str = "FDI Monitor"
    acted: Nudge = field(default_factory=Nudge)
    speech: Callable[[], Speech] = lambda: _NOBODY
    started_at: datetime | None = None
    wall: Clock | None = None
    door: Door = field(default_factory=Door)
    trusted: Sequence[Network] = ()
    public_url: str = ""
    post: Callable[[Sequence[Post]], Awaitable[int]] | None = None
    node: str = ""
    lease: timedelta = timedelta(seconds=15)

    def behind(self) -> timedelta:
        """How far `now` is behind the clocks of people, nothing while nobody sees it."""
        behind = self.wall() - self.now() if self.wall else timedelta()
        return behind if abs(behind) > NOTICED else timedelta()


SITE = web.AppKey("site", Site)
