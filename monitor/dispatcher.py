"""Due groups -> decision -> outbox row, each group in one transaction.

What moved first reaches its groups: a transition joins its alert to the groups of its routes and to those that it was
told to before (an alert whose severity falls may leave a route, but not the people who believe that it fires). Then
every group that is due decides.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.clock import Clock
from monitor.grouping import Decision, Group, Quiet, decide, new_group
from monitor.inhibition import Sources
from monitor.ledger import lines
from monitor.meters import Pulse
from monitor.model import Alert, Transition
from monitor.notifiers.receiver import Receiver
from monitor.quieting import PLAIN, Facts, Quieting, Watcher, earliest
from monitor.rounds import Rounds
from monitor.routing import Route
from monitor.silences import Ended
from monitor.silences import over as is_over
from monitor.store import acks, alerts, decisions, groups, outbox, silences
from monitor.store.database import Store
from monitor.store.groups import Kept, Place

BATCH = 500

log = structlog.get_logger()


class Dispatcher:
    """Brings what moved to its groups, and lets those speak that are due."""

    def __init__(
        self,
        store: Store,
        route: Route,
        receivers: Mapping[str, Receiver],
        *,
        now: Clock,
        pulse: Pulse,
        queued: Callable[[], None],
        quieting: Quieting = PLAIN,
    ) -> None:
        self._store = store
        self._route = route
        self._receivers = receivers
        self._queued = queued
        self._quieting = quieting
        self._now = now
        self._watcher: Watcher | None = None
        self._rounds = Rounds("dispatcher", now=now, pulse=pulse)

    def wake(self) -> None:
        """Something moved: look at once."""
        self._rounds.wake()

    async def load(self) -> None:
        """Has the groups follow the present policy.

        Those of receivers that it no longer names are forgotten: nobody is left to be told.
        """
        at, places = self._now(), list(self._route.places())
        async with self._store.write() as tx:
            for receiver in await groups.forget_others(tx, self._receivers):
                log.warning("receiver is gone from the policy, its groups are dropped", receiver=receiver)
            for kept in await groups.every(tx):
                group = kept.group.on(_route_of(kept.group, places))
                # Windows and intervals may be others than those that said when to look again.
                if group != kept.group or group.held or kept.verdict in (Quiet.MUTED, Quiet.INACTIVE):
                    looked_at = replace(group, look_at=earliest(group.look_at, at))
                    await groups.save(tx, looked_at, row=kept.row, verdict=kept.verdict)

    async def run(self) -> None:
        """Passes until cancelled: when woken, and when the next group is due."""
        await self._rounds.run(self.step)

    async def step(self, at: datetime) -> datetime | None:
        """One pass: routes what moved, then decides for every group that is due.

        Returns when the next group has to be looked at, None while none waits.

        Raises:
            StoreFailed: what was not committed comes again with the next pass.
        """
        watcher = self._watcher or await self._recall(at)
        # What it knows is right only while every transaction that it learns from is kept.
        self._watcher = None
        while await self._route_moved(watcher, at):
            pass
        self._watcher = watcher
        while due := await self._due(at):
            for kept in due:
                await self._decide(watcher, kept, at)
        async with self._store.read() as tx:
            return await groups.next_look(tx)

    async def _recall(self, at: datetime) -> Watcher:
        """Finds what inhibits others now. What ended unseen meanwhile frees them as well."""
        sources = Sources(self._quieting.inhibit)
        async with self._store.write() as tx:
            for alert in await alerts.live(tx):
                sources.saw(alert)
            await groups.free(tx, at)
        return Watcher(self._quieting, sources)

    async def _route_moved(self, watcher: Watcher, at: datetime) -> bool:
        """Tells their groups of a batch of transitions; whether there was one."""
        async with self._store.read() as tx:
            if not await alerts.unrouted(tx, most=1):
                return False
        async with self._store.write() as tx:
            moved = await alerts.unrouted(tx, most=BATCH)
            moved_at: dict[str, datetime] = {}
            for _, transition in moved:
                moved_at.setdefault(transition.alert, transition.at)
            known = await alerts.by_key(tx, moved_at)
            await self._end_quiet(tx, watcher, [step for _, step in moved], known, at)
            joining = self._joining(known.values(), await groups.told(tx, known))
            kept = await groups.find(tx, {place.key for place in joining})
            for place, (group, members) in joining.items():
                row = kept[place].row if place in kept else None
                first = min(moved_at[key] for key in members)
                changed = (kept[place].group if place in kept else group).changed(first)
                row = await groups.save(tx, changed, row=row, verdict=str(Quiet.WAITING))
                await groups.join(tx, row, members)
            await alerts.routed(tx, [row for row, _ in moved])
        return True

    async def _end_quiet(
        self,
        tx: AsyncConnection,
        watcher: Watcher,
        steps: Sequence[Transition],
        known: Mapping[str, Alert],
        at: datetime,
    ) -> None:
        """What keeps quiet and ends with what moved: inhibition, acknowledgements, silences until resolved."""
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

    def _joining(
        self, moved: Iterable[Alert], told: Mapping[str, Sequence[Group]]
    ) -> dict[Place, tuple[Group, set[str]]]:
        """Which alerts belong to which groups: those of their routes while they fire, and those told of before."""
        joining: dict[Place, tuple[Group, set[str]]] = {}
        for alert in moved:
            labels = alert.all_labels
            routes = tuple(self._route.told(labels)) if alert.state.fires else ()
            for group in (*told.get(alert.key, ()), *(new_group(route, labels) for route in routes)):
                joining.setdefault(Place(group.key, group.receiver), (group, set()))[1].add(alert.key)
        return joining

    async def _due(self, at: datetime) -> list[Kept]:
        async with self._store.read() as tx:
            return await groups.due(tx, at, most=BATCH)

    async def _decide(self, watcher: Watcher, kept: Kept, at: datetime) -> None:
        """One group's decision and its messages, in one transaction."""
        async with self._store.write() as tx:
            members = await groups.members(tx, kept.row)
            group = kept.group
            look = watcher.look(
                members,
                await self._facts(tx, kept, at),
                at,
                mute=group.mute,
                active=group.active,
                step=group.step,
                flapped=group.flapped,
            )
            decision = decide(group, members, at=at, message_id=str(uuid.uuid4()), look=look)
            await groups.settle(tx, kept, decision)
            await decisions.append(tx, lines(group, decision, members, at, before=kept.verdict))
            letters = self._letters(decision, at)
            await outbox.add(tx, letters)
        if letters:
            self._queued()
            log.info(
                "message queued",
                receiver=kept.group.receiver,
                group=kept.group.key,
                reason=str(decision.verdict),
                id=letters[0].id,
            )

    async def _facts(self, tx: AsyncConnection, kept: Kept, at: datetime) -> Facts:
        reach = max((one.window for one in self._quieting.flapping.values()), default=None)
        return Facts(
            silences=await silences.current(tx, at),
            acks=await acks.in_group(tx, kept.row),
            changes={} if reach is None else await alerts.changes(tx, kept.row, since=at - reach),
        )

    def _letters(self, decision: Decision, at: datetime) -> list[outbox.Letter]:
        """One letter for each kind under the receiver's name that wants to hear of it."""
        notification = decision.notification
        if notification is None:
            return []
        letters = []
        for position, integration in enumerate(self._receivers[notification.receiver].integrations):
            mine = notification if integration.options.send_resolved else notification.only_firing()
            if mine.alerts:
                mine = replace(mine, id=f"{notification.id}.{position}" if position else notification.id)
                letters.append(outbox.letter(mine, kind=integration.kind, position=position, at=at))
        return letters


def _route_of(group: Group, places: Iterable[Route]) -> Route | None:
    """The route that makes this group, None where the policy has it no more."""
    place = (group.key, group.receiver)
    return next((one for one in places if (one.group_key(group.labels), one.receiver) == place), None)
