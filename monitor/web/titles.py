"""What messages are called by those who read here. Some tell of ten thousand alerts: those are read once."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.apart import apart
from monitor.message import title
from monitor.store import mailroom
from monitor.store.mailroom import Slip

MOST = 1000


class Titles:
    """The titles of messages that say the same for ever, by id and language; the oldest are forgotten."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    async def of(self, tx: AsyncConnection, slips: Sequence[Slip], language: str) -> dict[str, str]:
        """The titles of these messages, by id."""
        found: dict[str, str] = {}
        for one in slips:
            known = self._known.get((one.id, language))
            found[one.id] = known if known is not None else await self._read(tx, one, language)
        return found

    async def _read(self, tx: AsyncConnection, one: Slip, language: str) -> str:
        shown = await mailroom.whole(tx, one.id)
        if shown is None:
            return ""
        said = shown.letter.notification
        called = await apart(lambda: title(said, language), size=len(said.alerts))
        # until it is tried, a message may yet take in an older one
        if one.attempts or one.settled_at is not None:
            self._known[one.id, language] = called
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        return called


TITLES = web.AppKey("titles", Titles)


def share_with(app: web.Application) -> None:
    """Has all readers of `app` share what was read."""
    app[TITLES] = Titles()
