"""What fires and waits, with everything that keeps it quiet: one view of the store for the APIs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor import matchers
from monitor.acknowledgement import Ack, Ended
from monitor.fingerprint import fingerprint
from monitor.hindsight import Hindsight
from monitor.hindsight import hindsight as found_in
from monitor.inhibition import Sources
from monitor.matchers import EVERYTHING, Matchers
from monitor.model import Alert
from monitor.quieting import Suppressed, Watcher
from monitor.silences import Silence
from monitor.store import acks, alerts, lately, silences
from monitor.textfault import TextFault
from monitor.timewindows import Windows, spells
from monitor.web.amshape import Unusable
from monitor.web.site import Site, Speech

LOOK_BACK = timedelta(days=7)
"""How far back is looked for what a silence would have hidden."""
MOST = 5000


@dataclass(frozen=True, slots=True)
class Seen:
    """One alert, what keeps it quiet, and who cares for it."""

    alert: Alert
    suppressed: Suppressed
    ack: Ack | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """All live alerts at one moment, worst and oldest first, and the silences, the one that ends last first."""

    at: datetime
    speech: Speech
    seen: Sequence[Seen]
    silences: Sequence[Silence]
    sources: Mapping[str, str]
    """The fingerprints of the alerts that inhibit others, by their keys."""

    @property
    def firing(self) -> Iterator[Seen]:
        """Those that people should count as a problem now."""
        return (one for one in self.seen if one.alert.state.fires)


async def look(site: Site) -> Outlook:
    """The outlook now.

    Raises:
        StoreFailed: the database did not answer.
    """
    at, speech = site.now(), site.speech()
    async with site.store.read() as tx:
        live, known, given = await alerts.live(tx), await silences.every(tx), await acks.every(tx)
    # off the event loop: ten thousand alerts under many silences take a while
    return await asyncio.to_thread(_outlook, at, speech, live, known, given)


def _outlook(
    at: datetime, speech: Speech, live: Sequence[Alert], known: Sequence[Silence], given: Mapping[str, Ack]
) -> Outlook:
    watcher = Watcher(speech.quieting, Sources(speech.quieting.inhibit))
    for one in live:
        watcher.sources.saw(one)
    windows = spells(speech.quieting.windows, at)
    hiding = [one for one in known if one.spell(at, windows).open]
    seen = [Seen(one, watcher.suppressed(one, hiding, windows, at), _holding(given, one, at)) for one in live]
    inhibiting = {key for one in seen for key in one.suppressed.inhibited_by}
    sources = {one.key: fingerprint(one.all_labels) for one in live if one.key in inhibiting}
    return Outlook(at, speech, seen, known, sources)


def _holding(given: Mapping[str, Ack], alert: Alert, at: datetime) -> Ack | None:
    ack = given.get(alert.key)
    return ack if ack is not None and ack.ended(alert, at) is Ended.NOT else None


async def find(tx: AsyncConnection, name: str) -> Alert | None:
    """The alert with this key, or with this fingerprint of all its labels, as messages and Alertmanager's API tell it:
    that one changes with the severity."""
    if (alert := (await alerts.by_key(tx, [name])).get(name)) is not None:
        return alert
    return next((one for one in await alerts.known(tx) if fingerprint(one.all_labels) == name), None)


async def hindsight(tx: AsyncConnection, silence: Silence, windows: Windows, at: datetime) -> Hindsight:
    """What a silence would have hidden in the last days. Of very many messages the last ones are looked at."""
    since = at - LOOK_BACK
    began, said = await lately.began(tx, since, most=MOST), await lately.said(tx, since, most=MOST)
    # off the event loop: thousands of messages are held against the silence
    return await asyncio.to_thread(found_in, silence, began, said, windows, since=since)


def wanted(request: web.Request, name: str = "filter") -> Matchers:
    """What the parameters of this name ask for, each of which writes matchers; they must all hold.

    Raises:
        Unusable: one of them is no matcher.
    """
    try:
        parsed = [matchers.parse(text) for text in request.query.getall(name, [])]
    except TextFault as fault:
        raise Unusable(f"bad matcher format: {fault.message}") from fault
    return Matchers(tuple(one for each in parsed for one in each.matchers)) if parsed else EVERYTHING


def flag(request: web.Request, name: str) -> bool:
    """A parameter that is true unless it says false.

    Raises:
        Unusable: it says something else.
    """
    text = request.query.get(name, "true").lower()
    if text not in ("true", "false"):
        raise Unusable(f"{name} is neither true nor false")
    return text == "true"
