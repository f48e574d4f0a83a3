"""The history of every instance, cut to the stretch that is replayed."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

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
