"""What a receiver did not get goes to its fallback: its own messages, with ids derived from the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor import merging
from monitor.notification import Notification, Reason
from monitor.notifiers import Notifier
from monitor.notifiers.receiver import Integration, Receiver
from monitor.store import outbox, standins
from monitor.store.outbox import Letter

PATIENCE = timedelta(minutes=10)
"""How long a message may wait before the fallback gets it too. What is given up goes there at once."""

BATCH = 200

Destination = tuple[str, int]
"""A receiver's name and the position among its kinds."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Carrier:
    """How one destination is reached, in which language it is spoken to, and which receiver stands in for it."""

    kind: str
    language: str
    notifier: Notifier
    fallback: str = ""
    send_resolved: bool = True
    draws: bool = False
    """Whether it shows how an instance fared lately."""
    within: timedelta = timedelta(seconds=10)
    """How long one try may take."""

    @classmethod
    def of(cls, receiver: Receiver, integration: Integration, notifier: Notifier) -> Carrier:
        """The carrier of one kind under a receiver's name."""
        options = integration.options
        return cls(
            integration.kind,
            options.language,
            notifier,
            receiver.fallback,
            options.send_resolved,
            options.draws,
            options.timeout,
        )


async def overdue(tx: AsyncConnection, carriers: Mapping[Destination, Carrier], at: datetime) -> list[Letter]:
    """Messages that wait for too long and have a fallback that did not get them; a batch of the oldest."""
    names = {name for (name, _), carrier in carriers.items() if carrier.fallback}
    return await standins.overdue(tx, at - PATIENCE, names, most=BATCH) if names else []


async def hand_over(
    tx: AsyncConnection, letters: Sequence[Letter], carriers: Mapping[Destination, Carrier], at: datetime
) -> None:
    """Gives these messages to the fallbacks of their receivers, unless those have them, in the caller's transaction.
    What those heard of the same groups before is not told as new again: messages that wait take in older ones."""
    by_ear: dict[tuple[str, str], list[Letter]] = {}
    for letter in letters:
        if (fallback := _fallback(letter, carriers)) and not letter.fallback:
            of = letter.notification.instead_of or letter.receiver
            by_ear.setdefault((of, fallback), []).append(letter)
    for (_, fallback), mine in by_ear.items():
        heard = merging.last_words(one.notification for one in await standins.instead(tx, mine, fallback))
        for letter in mine:
            # who cares for an alert is nothing that somebody has to hear
            if letter.notification.reason is not Reason.ACKNOWLEDGED:
                said = merging.beyond(letter.notification, heard)
                await _add(tx, _copies(letter, said, fallback, carriers, at))
                heard |= merging.last_words([said])
                log.warning("message goes to the fallback", receiver=letter.receiver, fallback=fallback, id=letter.id)
            await standins.stood_in(tx, letter, fallback)


async def take_back(tx: AsyncConnection, letter: Letter, carriers: Mapping[Destination, Carrier], at: datetime) -> None:
    """Tells the fallback, which heard in place of a receiver that something fires, that it is over, once the receiver
    itself was told so."""
    fallback = _fallback(letter, carriers)
    if not fallback or letter.fallback or not letter.notification.resolved:
        return
    heard = merging.last_words(one.notification for one in await standins.instead(tx, [letter], fallback))
    copies = _copies(letter, merging.ends(letter.notification, heard), fallback, carriers, at)
    await _add(tx, copies)
    if copies:
        await standins.stood_in(tx, letter, fallback)


def _fallback(letter: Letter, carriers: Mapping[Destination, Carrier]) -> str:
    """Who stands in for the receiver of a message, empty for nobody."""
    return next((one.fallback for (name, _), one in carriers.items() if name == letter.receiver and one.fallback), "")


async def _add(tx: AsyncConnection, copies: Sequence[Letter]) -> None:
    """Of a receiver with several kinds each fails for itself; whoever stands in hears of it once."""
    known = await standins.known(tx, [one.id for one in copies])
    await outbox.add(tx, [one for one in copies if one.id not in known])


def _copies(
    letter: Letter, said: Notification, fallback: str, carriers: Mapping[Destination, Carrier], at: datetime
) -> list[Letter]:
    base = letter.id.removesuffix(f".{letter.position}") if letter.position else letter.id
    found = []
    for (name, position), carrier in carriers.items():
        if name != fallback:
            continue
        name_of_copy = f"{base}{standins.COPY}" + (f".{position}" if position else "")
        copy = replace(said, id=name_of_copy, receiver=fallback, instead_of=said.instead_of or letter.receiver)
        copy = copy if carrier.send_resolved else copy.only_firing()
        if copy.alerts:
            found.append(outbox.letter(copy, kind=carrier.kind, position=position, at=at))
    return found
