"""What people and programs do, on the pages and by the APIs: each deed is one transaction, with a line of who did it,
and is told to the loops."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.acknowledgement import Ack
from monitor.audit import Act
from monitor.silences import LONGEST, Ended, Silence, Standing, may_become
from monitor.store import acks, alerts, groups, mailroom, silences
from monitor.store import outbox as letters
from monitor.web import audit
from monitor.web.amshape import moment, whole
from monitor.web.site import Site


class TooLong(Exception):
    """A silence would last longer than silences may."""


async def acknowledge(
    site: Site, keys: Collection[str], *, by: str, comment: str, expires_at: datetime | None
) -> Sequence[Ack]:
    """Somebody cares for those of these alerts that fire. They are not repeated until they get worse."""
    at = site.now()
    async with site.store.write() as tx:
        known = await alerts.by_key(tx, keys)
        taken = [Ack(one.key, at, by, comment, one.severity, expires_at) for one in known.values() if one.state.fires]
        if not taken:
            return []
        for ack in taken:
            await acks.save(tx, ack)
        await groups.touch(tx, at, about=[ack.alert for ack in taken])
        said = f"by {by}" + (f": {comment}" if comment else "")
        entries = [await audit.write(tx, site, Act.ACKNOWLEDGED, ack.alert, said) for ack in taken]
    audit.tell(site, *entries)
    return taken


async def withdraw(site: Site, key: str) -> bool:
    """Takes an acknowledgement back; whether there was one."""
    async with site.store.write() as tx:
        if not await acks.remove(tx, [key]):
            return False
        await groups.touch(tx, site.now(), about=[key])
        entry = await audit.write(tx, site, Act.WITHDREW, key)
    audit.tell(site, entry)
    return True


async def silence(site: Site, given: Silence) -> Silence | None:
    """Makes a silence, or changes the one with the id that is given; None where there is no such silence.

    Where what has happened would be rewritten, the old one ends and a new one begins.
    """
    at = site.now()
    async with site.store.write() as tx:
        made = await _put(tx, given, at)
        if made is None:
            return None
        await groups.touch(tx, at)
        entry = await audit.write(tx, site, Act.SILENCED, made.id, _told(made))
    audit.tell(site, entry)
    return made


async def _put(tx: AsyncConnection, given: Silence, at: datetime) -> Silence | None:
    before = await silences.find(tx, given.id) if given.id else None
    if given.id and before is None:
        return None
    if before is not None and may_become(before, given, at):
        await silences.save(tx, given)
        return given
    if before is not None and before.standing(at) is not Standing.EXPIRED:
        await silences.save(tx, before.end(at, Ended.REPLACED))
    made = replace(given, id=str(uuid.uuid4()), starts_at=max(given.starts_at, whole(at)))
    await silences.save(tx, made)
    return made


async def expire(site: Site, name: str) -> Silence | None:
    """Ends a silence now; one that has ended stays as it is. None where there is no such silence."""
    at = site.now()
    async with site.store.write() as tx:
        found = await silences.find(tx, name)
        if found is None or found.standing(at) is Standing.EXPIRED:
            return found
        await silences.save(tx, found.end(at, Ended.BY_HAND))
        await groups.touch(tx, at)
        entry = await audit.write(tx, site, Act.EXPIRED, name, str(found.matchers))
    audit.tell(site, entry)
    return found


async def extend(site: Site, name: str, longer: timedelta) -> Silence | None:
    """Has a silence that is not over end so much later; None where there is none.

    Raises:
        TooLong: it would last longer than silences may.
    """
    at = site.now()
    async with site.store.write() as tx:
        found = await silences.find(tx, name)
        if found is None or found.standing(at) is Standing.EXPIRED:
            return None
        if longer > LONGEST or found.ends_at + longer - at > LONGEST:
            raise TooLong
        made = found.lasting(found.ends_at + longer, at)
        await silences.save(tx, made)
        await groups.touch(tx, at)
        entry = await audit.write(tx, site, Act.SILENCED, name, _told(made))
    audit.tell(site, entry)
    return made


async def retry(site: Site, names: Sequence[str]) -> int:
    """Has those of these messages that were not delivered tried at once; how many they are."""
    at = site.now()
    async with site.store.write() as tx:
        waiting = [one for name in names if (one := await mailroom.find(tx, name)) and _open(one)]
        if not waiting:
            return 0
        for one in waiting:
            await mailroom.retry(tx, one.id, at)
        entries = [await audit.write(tx, site, Act.RETRIED, one.id, _said(one)) for one in waiting]
    audit.tell(site, *entries)
    return len(waiting)


async def drop(site: Site, name: str) -> bool:
    """Forgets an undelivered message: nobody will get it. Whether there was one."""
    async with site.store.write() as tx:
        found = await mailroom.find(tx, name)
        if found is None or not _open(found):
            return False
        await mailroom.drop(tx, name)
        entry = await audit.write(tx, site, Act.DROPPED, name, _said(found))
    audit.tell(site, entry)
    return True


def _told(one: Silence) -> str:
    comment = f": {one.comment}" if one.comment else ""
    return f"{one.matchers} until {moment(one.ends_at)} by {one.created_by}{comment}"


def _said(one: mailroom.Slip) -> str:
    return f"for {one.receiver} by {one.kind}"


def _open(one: mailroom.Slip) -> bool:
    """Whether something can still be done for a message."""
    return one.state is not letters.Standing.SENT and one.merged_into is None
