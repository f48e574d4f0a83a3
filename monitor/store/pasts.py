"""The history of every instance, cut to the stretch that is replayed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.model import Instance
from monitor.rules.past import Past, past_of
from monitor.store import board, history, instances


async def between(tx: AsyncConnection, since: datetime, until: datetime, *, reach: timedelta) -> list[Past]:
    """The instances that were polled from `since` to `until`, each with its runs of that time and, for windows, those
    of `reach` before it; by account and name."""
    began = since - reach
    runs = await history.since(tx, began)
    good = await history.latest(tx, good=True, before=began)
    firsts = await instances.first_seen(tx)
    found = []
    for seen in await board.instances(tx):
        key = seen.instance.key
        past = past_of(
            seen.instance,
            first_at=firsts[key],
            runs=runs.pop(key, ()),
            good=good.get(key),
            since=since,
            until=until,
        )
        if past.runs:
            found.append(past)
    return found


async def up_to(tx: AsyncConnection, at: datetime, of: Collection[Instance], *, reach: timedelta) -> list[Past]:
    """What was known of these instances at `at`, with the runs of `reach` before it; nothing follows."""
    keys = {one.key for one in of}
    runs = await history.since(tx, at - reach, of=keys)
    earlier = await history.latest(tx, before=at, of=keys)
    good = await history.latest(tx, good=True, before=at, of=keys)
    firsts = await instances.first_seen(tx, keys)
    found = []
    for one in of:
        mine = runs.get(one.key, [])
        last = earlier.get(one.key)
        if last is not None and (not mine or last.start < mine[0].start):
            mine = [last, *mine]
        known_good = good.get(one.key)
        after = at + timedelta(microseconds=1)
        found.append(past_of(one, first_at=firsts[one.key], runs=mine, good=known_good, since=after, until=after))
    return found
