"""What every part of one service stands on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

import aiohttp

from monitor.clock import Clock
from monitor.intake import Intake
from monitor.live import InForce
from monitor.meters import Meters, Pulse
from monitor.nudge import Nudge
from monitor.settings import Settings
from monitor.store.database import Store
from monitor.tenure import Tenure


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
class Ground:
    """What every part of one service stands on. Receivers are reached through `outward`, which heeds proxies. `intake`
    takes what other systems post. `tenure`: what this node may do, where several share the database."""

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
    intake: Intake
    tenure: Tenure | None
