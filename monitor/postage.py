"""What of the due messages of one destination goes out now: newer ones take in the older ones of their group, and what
the destination's limits do not carry becomes a digest. Decided by the core, written here before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor import merging
from monitor.apart import apart
from monitor.budget import PRESETS, Plan, plan, remembered
from monitor.notification import Reason
from monitor.standin import Destination
from monitor.store import budgets, merges, outbox
from monitor.store.database import Store
from monitor.store.outbox import Letter

log = structlog.get_logger()


class Postage:
    """The limits of all destinations, and what was spent of them."""

    def __init__(self, store: Store, *, shared: bool = False) -> None:
        """`shared`: other nodes may go on with what this one began, so each try is written down before it is made."""
        self._store = store
        self._shared = shared
        self._doubtful: set[str] | None = None

    def see(self, waiting: Sequence[Letter]) -> None:
        """What waits at the first look. Of a destination without limits nothing is written before a try, so the last
        process may have sent any of these."""
        if self._doubtful is None:
            self._doubtful = {one.id for one in waiting if not PRESETS.get(one.kind)}

    def _may_have_arrived(self, letter: Letter) -> bool:
        return letter.begun or letter.id in (self._doubtful or ())

    async def sort(
        self, destination: Destination, letters: Sequence[Letter], at: datetime
    ) -> tuple[list[Letter], datetime | None]:
        """The letters to send now, in their order; when to look again where others have to wait.

        Those that may have arrived go out as they are, so that a second copy can be known as one.

        Raises:
            StoreFailed: nothing was merged.
        """
        limits = PRESETS.get(letters[0].kind, ())
        heads = [one for one in letters if not self._may_have_arrived(one)]
        async with self._store.read() as tx:
            newer = await merges.behind(tx, heads)
            lost = await merges.unheard(tx, heads)
        if not newer and not lost and not limits:
            return list(letters), None
        async with self._store.write() as tx:
            taken = {one.id: await _taken_in(tx, one, newer.get(_group(one), ())) for one in heads}
            found = [taken.get(one.id, one) for one in letters]
            found = [await _after_loss(tx, one, lost.get(_group(one), ())) for one in found]
            if not limits:
                return found, None
            spent = await budgets.spent(tx, destination)
            made = plan(limits, spent, [one.notification.severity for one in found], at)
            return await _carried(tx, found, made, at), made.again_at

    async def spend(self, letter: Letter, at: datetime, messages: int) -> None:
        """Writes before a try that it begins, and that it may be this many messages.

        Raises:
            StoreFailed: it is not written down, so it must not be made.
        """
        limited = bool(PRESETS.get(letter.kind))
        if limited or self._shared:
            async with self._store.write() as tx:
                await outbox.begin(tx, letter, at)
                if limited:
                    await self._spent(tx, letter, [at] * messages, gone=0)

    async def arrived(self, tx: AsyncConnection, letter: Letter, at: datetime, messages: int) -> None:
        """Writes when the last try was over: the other side may have counted it as late as that."""
        if self._doubtful:
            self._doubtful.discard(letter.id)
        if PRESETS.get(letter.kind):
            await self._spent(tx, letter, [at] * messages, gone=messages)

    async def _spent(self, tx: AsyncConnection, letter: Letter, more: list[datetime], *, gone: int) -> None:
        destination = (letter.receiver, letter.position)
        known = await budgets.spent(tx, destination)
        kept = [*known[: len(known) - gone], *more]
        await budgets.spend(tx, destination, remembered(PRESETS[letter.kind], kept, more[-1]))


def _group(letter: Letter) -> str:
    return letter.notification.group_key


async def _taken_in(tx: AsyncConnection, older: Letter, newer: Sequence[Letter]) -> Letter:
    """The newest letter of the same group that can say all that the older ones had to; `older` if there is none."""
    chain = [older, *newer]
    # What only shows who cares has no words for what another had to say: it goes out behind it.
    while len(chain) > 1 and chain[-1].notification.reason is Reason.ACKNOWLEDGED:
        chain.pop()
    if len(chain) < 2:
        return older
    count, words = merging.caught_up([one.notification for one in chain])
    if count == 1:
        return older
    newest = chain[count - 1]
    await merges.reword(tx, newest.id, words)
    await merges.merge(tx, [one.id for one in chain[: count - 1]], newest.id)
    log.info("message takes in an older one", receiver=older.receiver, id=newest.id, older=count - 1)
    return replace(newest, notification=words)


async def _after_loss(tx: AsyncConnection, letter: Letter, lost: Sequence[Letter]) -> Letter:
    """The letter as it is to be told after these of its group were given up; as it is if it was tried."""
    if not lost or letter.attempts:
        return letter
    words = merging.unheard([one.notification for one in lost], letter.notification)
    if words != letter.notification:
        await merges.reword(tx, letter.id, words)
    return replace(letter, notification=words)


async def _carried(tx: AsyncConnection, letters: Sequence[Letter], made: Plan, at: datetime) -> list[Letter]:
    """The letters that go out alone, and the digest of all others that wait for the destination."""
    alone = [letters[place] for place in made.alone]
    if not made.digest:
        return alone
    waiting = await merges.mergeable(tx, letters[0].receiver, letters[0].position)
    barred = {_group(one) for one in alone} | {_group(one) for one in waiting if one.begun}
    barred |= await merges.in_digests(tx, letters[0].receiver, letters[0].position)
    rest = [one for one in waiting if _group(one) not in barred and one.kind == letters[0].kind]
    # A drill in a digest would pass for an alert, and what disturbs nobody alone would do so there.
    rest = [one for one in rest if one.notification.reason not in (Reason.DRILL, Reason.ACKNOWLEDGED)]
    if not rest:
        return [*alone, letters[made.digest[0]]]
    said = [one.notification for one in rest]
    # off the event loop where it tells of very many
    places, words = await apart(lambda: merging.digest(said, at=at), size=len(said))
    if len(places) == 1:
        return [*alone, rest[0]]
    one = outbox.letter(words, kind=rest[0].kind, position=rest[0].position, at=at)
    await outbox.add(tx, [one])
    await merges.merge(tx, [rest[place].id for place in places], one.id)
    log.info("messages go out as a digest", receiver=one.receiver, id=one.id, messages=len(places))
    return [*alone, one]
