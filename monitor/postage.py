"""What of the due messages of one destination goes out now: newer ones take in older ones that failed, and what the
destination's limits do not carry becomes a digest. Decided by the core, written here before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor import merging
from monitor.budget import PRESETS, Plan, plan, remembered
from monitor.notification import Reason
from monitor.standin import Destination
from monitor.store import budgets, merges, outbox
from monitor.store.database import Store
from monitor.store.outbox import Letter

log = structlog.get_logger()


class Postage:
    """The limits of all destinations, and what was spent of them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def sort(
        self, destination: Destination, letters: Sequence[Letter], at: datetime
    ) -> tuple[list[Letter], datetime | None]:
        """The letters to send now, in their order; when to look again where others have to wait.

        Raises:
            StoreFailed: nothing was merged.
        """
        failed = [one for one in letters if one.attempts]
        kind = letters[0].kind
        limits = PRESETS.get(kind, ())
        if not failed and not limits:
            return list(letters), None
        async with self._store.write() as tx:
            taken = {one.id: await _taken_in(tx, one) for one in failed}
            found = [taken.get(one.id, one) for one in letters]
            spent = await budgets.spent(tx, destination) if limits else []
            made = plan(limits, spent, [one.notification.severity for one in found], at) if limits else None
            if made is None:
                return found, None
            return await _carried(tx, found, made, at), made.again_at

    async def spend(self, letter: Letter, at: datetime, messages: int) -> None:
        """Writes before a try that it may be this many messages.

        Raises:
            StoreFailed: it is not written down, so it must not be made.
        """
        if PRESETS.get(letter.kind):
            async with self._store.write() as tx:
                await self._spent(tx, letter, [at] * messages, gone=0)

    async def arrived(self, tx: AsyncConnection, letter: Letter, at: datetime, messages: int) -> None:
        """Writes when the last try was over: the other side may have counted it as late as that."""
        if PRESETS.get(letter.kind):
            await self._spent(tx, letter, [at] * messages, gone=messages)

    async def _spent(self, tx: AsyncConnection, letter: Letter, more: list[datetime], *, gone: int) -> None:
        destination = (letter.receiver, letter.position)
        known = await budgets.spent(tx, destination)
        kept = [*known[: len(known) - gone], *more]
        await budgets.spend(tx, destination, remembered(PRESETS[letter.kind], kept, more[-1]))


async def _taken_in(tx: AsyncConnection, older: Letter) -> Letter:
    """The newest letter of the same group with all that the older ones had to say; `older` if there is none."""
    waiting = await merges.mergeable(tx, older.receiver, older.position, group_key=older.notification.group_key)
    newest = waiting[-1] if waiting else older
    # What only shows who cares has no words for what the older had to say.
    if newest.id == older.id or newest.attempts or newest.notification.reason is Reason.ACKNOWLEDGED:
        return older
    words = reduce(merging.caught_up, (one.notification for one in waiting))
    await merges.reword(tx, newest.id, words)
    await merges.merge(tx, [one.id for one in waiting[:-1]], newest.id)
    log.info("message takes in an older one", receiver=older.receiver, id=newest.id, older=len(waiting) - 1)
    return replace(newest, notification=words)


async def _carried(tx: AsyncConnection, letters: Sequence[Letter], made: Plan, at: datetime) -> list[Letter]:
    """The letters that go out alone, and the digest of all others that wait for the destination."""
    alone = [letters[place] for place in made.alone]
    if not made.digest:
        return alone
    groups = {one.notification.group_key for one in alone}
    waiting = await merges.mergeable(tx, letters[0].receiver, letters[0].position)
    rest = [one for one in waiting if one.notification.group_key not in groups and one.kind == letters[0].kind]
    # A drill in a digest would pass for an alert, and what disturbs nobody alone would do so there.
    rest = [one for one in rest if one.notification.reason not in (Reason.DRILL, Reason.ACKNOWLEDGED)]
    if len(rest) < 2:
        return [*alone, *rest]
    words = merging.digest([one.notification for one in rest], at=at)
    one = outbox.letter(words, kind=rest[0].kind, position=rest[0].position, at=at)
    await outbox.add(tx, [one])
    await merges.merge(tx, [each.id for each in rest], one.id)
    log.info("messages go out as a digest", receiver=one.receiver, id=one.id, messages=len(rest))
    return [*alone, one]
