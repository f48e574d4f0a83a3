"""What the pages may use of the service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from monitor.clock import Clock
from monitor.meters import Meters, Pulse
from monitor.nudge import Nudge
from monitor.reloaded import Reloaded
from monitor.store.database import Store
from monitor.web.hosts import LOOPBACK


@dataclass(frozen=True, slots=True)
class Site:
    """All that a room gets. `changed` is rung after each step that a page would show.

    `hosts` are the names that the service answers to, lower case and without ports; None answers to every name.
    `reload` reads the policy again, None where it never changes.
    """

    store: Store
    meters: Meters
    pulse: Pulse
    now: Clock
    changed: Nudge
    hosts: frozenset[str] | None = LOOPBACK
    reload: Callable[[], Awaitable[Reloaded]] | None = None
    title: str = "FDI Monitor"


SITE = web.AppKey("site", Site)
