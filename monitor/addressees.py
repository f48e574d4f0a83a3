"""Whom to tell of what while the store is away: by the policy in force, and by what was read of the store last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.errors import StoreFailed
from monitor.inhibition import Sources
from monitor.model import Alert
from monitor.quieting import PLAIN, Facts, Quieting, Watcher
from monitor.routing import Route
from monitor.store import acks, silences
from monitor.store.database import Store
from monitor.undelivered import is_about

AGAIN = timedelta(seconds=5)
"""How soon silences and acknowledgements are read again."""
PATIENCE = 2.0
"""Seconds that a store which may be away is waited for."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a policy says of whom to tell, and when to be quiet."""

    route: Route
    quieting: Quieting = PLAIN


class Addressees:
    """Knows the routes and windows of the policy in force, and the silences and acknowledgements read last."""

    def __init__(self, store: Store, terms: Callable[[], Terms]) -> None:
        self._store = store
        self._terms = terms
        self._facts = Facts()
        self._read_at: datetime | None = None

    async def refresh(self, at: datetime) -> None:
        """Reads what people asked for by hand, if the store can be read; else what was read last goes on."""
        if self._read_at is not None and at - self._read_at < AGAIN:
            return
        self._read_at = at
        try:
            async with asyncio.timeout(PATIENCE), self._store.read() as tx:
                self._facts = Facts(silences=await silences.current(tx, at), acks=await acks.every(tx))
        except (StoreFailed, TimeoutError):
            # Nothing to tell: whoever writes says so, and this is what to do then.
            return

    def of(self, alerts: Iterable[Alert], live: Iterable[Alert], at: datetime) -> dict[str, list[Alert]]:
        """The receivers to tell of these alerts that fire now, each with its own. `live` are all that may inhibit."""
        route, quieting = self._terms().route, self._terms().quieting
        watcher = Watcher(quieting, Sources(quieting.inhibit))
        for one in live:
            watcher.sources.saw(one)
        on: dict[tuple[str, str], tuple[Route, list[Alert]]] = {}
        for alert in alerts:
            for place in route.told(alert.all_labels):
                on.setdefault((place.path, place.receiver), (place, []))[1].append(alert)
        found: dict[str, dict[str, Alert]] = {}
        for place, mine in on.values():
            look = watcher.look(mine, self._facts, at, mute=place.mute, active=place.active, step=place.step)
            heard = () if look.muted else (one for one in mine if one.key not in look.hushed)
            for alert in heard:
                if not is_about(alert.all_labels, place.receiver):
                    found.setdefault(place.receiver, {})[alert.key] = alert
        return {receiver: list(mine.values()) for receiver, mine in found.items()}
