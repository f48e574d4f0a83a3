"""What keeps quiet, as the store knows it: read for the watcher, and ended by what moves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.inhibition import Sources
from monitor.model import Alert, Transition
from monitor.quieting import Facts, Quieting, Watcher
from monitor.silences import Ended
from monitor.silences import over as is_over
from monitor.store import acks, alerts, groups, silences
from monitor.store.database import Store


async def recall(store: Store, quieting: Quieting, at: datetime) -> Watcher:
    """A watcher that knows what inhibits others now. What ended unseen meanwhile frees them as well.

    Raises:
        StoreFailed: nothing was freed.
    """
    sources = Sources(quieting.inhibit)
    async with store.write() as tx:
        for alert in await alerts.live(tx):
            sources.saw(alert)
        await groups.free(tx, at)
    return Watcher(quieting, sources)


async def facts(tx: AsyncConnection, quieting: Quieting, rows: Collection[int], at: datetime) -> Facts:
    """What is known at `at` of the alerts in the groups of these rows."""
    reach = max((one.window for one in quieting.flapping.values()), default=None)
    return Facts(
        silences=await silences.current(tx, at),
        acks=await acks.in_groups(tx, rows),
        changes={} if reach is None else await alerts.changes(tx, rows, since=at - reach),
    )


async def end(
    tx: AsyncConnection, watcher: Watcher, steps: Sequence[Transition], known: Mapping[str, Alert], at: datetime
) -> None:
    """Ends what these steps of the `known` alerts end: inhibition, acknowledgements, silences until resolved."""
    freed = [watcher.sources.saw(alert) for alert in known.values()]
    if any(freed):
        await groups.free(tx, at)
    given = await acks.of(tx, known)
    ended = {step.alert for step in steps if step.alert in given and given[step.alert].ended_by(step)}
    await acks.remove(tx, ended)
    resolved = [known[step.alert] for step in steps if not step.after.fires and step.alert in known]
    waiting = [one for one in await silences.current(tx, at) if one.until_resolved] if resolved else []
    for silence in waiting:
        if is_over(silence, resolved, await alerts.live(tx), at):
            await silences.save(tx, silence.end(at, Ended.RESOLVED))
            await groups.touch(tx, at)
