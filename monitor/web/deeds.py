"""What people do on the pages: each deed is one transaction, told to the loops and to whoever looks, and logged."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import structlog

from monitor.acknowledgement import Ack
from monitor.model import Alert
from monitor.silences import LONGEST, Ended, Silence, Standing
from monitor.store import acks, alerts, groups, mailroom, silences
from monitor.store import outbox as letters
from monitor.web.site import Site

log = structlog.get_logger()


class TooLong(Exception):
    """A silence would last longer than silences may."""


def done(site: Site, deed: str, *, by: str, **about: object) -> None:
    """Everybody who has to know of a deed hears of it: the loops, the pages that are open, the log."""
    site.acted.ring()
    site.changed.ring()
    log.info(deed, by=by, **about)


async def acknowledge(
    site: Site, keys: Collection[str], *, by: str, comment: str, expires_at: datetime | None
) -> Sequence[Alert]:
    """Somebody cares for those of these alerts that fire; gives them. They are not repeated until they get worse."""
    at = site.now()
    async with site.store.write() as tx:
        known = await alerts.by_key(tx, keys)
        firing = [one for one in known.values() if one.state.fires]
        for one in firing:
            await acks.save(tx, Ack(one.key, at, by, comment, one.severity, expires_at))
        await groups.touch(tx, at, about=[one.key for one in firing])
    if firing:
        done(site, "alerts acknowledged", by=by, alerts=[one.key for one in firing])
    return firing


async def withdraw(site: Site, key: str, *, by: str) -> bool:
    """Takes an acknowledgement back; whether there was one."""
    async with site.store.write() as tx:
        found = await acks.remove(tx, [key])
        if found:
            await groups.touch(tx, site.now(), about=[key])
    if found:
        done(site, "acknowledgement taken back", by=by, alert=key)
    return bool(found)


async def silence(site: Site, one: Silence) -> None:
    """Makes a silence."""
    async with site.store.write() as tx:
        await silences.save(tx, one)
        await groups.touch(tx, site.now())
    done(site, "silence made", by=one.created_by, silence=one.id, matchers=str(one.matchers))


async def expire(site: Site, name: str, *, by: str) -> Silence | None:
    """Ends a silence now; one that has ended stays as it is. None where there is no such silence."""
    at = site.now()
    async with site.store.write() as tx:
        found = await silences.find(tx, name)
        if found is None or found.standing(at) is Standing.EXPIRED:
            return found
        await silences.save(tx, found.end(at, Ended.BY_HAND))
        await groups.touch(tx, at)
    done(site, "silence ended", by=by, silence=name)
    return found


async def extend(site: Site, name: str, longer: timedelta, *, by: str) -> Silence | None:
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
    done(site, "silence extended", by=by, silence=name)
    return made


async def retry(site: Site, names: Sequence[str], *, by: str) -> int:
    """Has those of these messages that were not delivered tried at once; how many they are."""
    at = site.now()
    async with site.store.write() as tx:
        waiting = [one for name in names if (one := await mailroom.find(tx, name)) and _open(one)]
        for one in waiting:
            await mailroom.retry(tx, one.id, at)
    if waiting:
        done(site, "messages are tried again by hand", by=by, ids=[one.id for one in waiting])
    return len(waiting)


async def drop(site: Site, name: str, *, by: str) -> bool:
    """Forgets an undelivered message: nobody will get it. Whether there was one."""
    async with site.store.write() as tx:
        found = await mailroom.find(tx, name)
        if found is None or not _open(found):
            return False
        await mailroom.drop(tx, name)
    done(site, "message dropped by hand", by=by, id=name)
    return True


def _open(one: mailroom.Slip) -> bool:
    """Whether something can still be done for a message."""
    return one.state is not letters.Standing.SENT and one.merged_into is None
