"""Due groups -> decision -> outbox row, each group in one transaction.

What moved first reaches its groups: a transition joins its alert to the groups of its routes and to those that it was
told to before (an alert whose severity falls may leave a route, but not the people who believe that it fires). Then
every group that is due decides.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor import hushing
from monitor.clock import Clock
from monitor.grouping import Decision, Group, Quiet, decide
from monitor.ledger import lines
from monitor.meters import Pulse
from monitor.model import Alert
from monitor.notifiers.receiver import Receiver
from monitor.quieting import PLAIN, Quieting, Watcher, Why, earliest
from monitor.regrouping import Regrouped, regroup, unheld
from monitor.rounds import Rounds
from monitor.routing import Route
from monitor.store import alerts, decisions, groups, outbox
from monitor.store.database import Store
from monitor.store.groups import Kept, Place
from monitor.undelivered import is_about

BATCH = 500

log = structlog.get_logger()


class _Terms(NamedTuple):
    """What a policy says of whom to tell, and when to be quiet."""

    route: Route
    receivers: Mapping[str, Receiver]
    quieting: Quieting


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
        self._next: _Terms | None = _Terms(route, receivers, quieting)
        self._queued = queued
        self._quieting = quieting
        self._now = now
        self._watcher: Watcher | None = None
        self._rounds = Rounds("dispatcher", now=now, pulse=pulse)

    def wake(self) -> None:
        """Something moved: look at once."""
        self._rounds.wake()

    def adopt(self, route: Route, receivers: Mapping[str, Receiver], quieting: Quieting = PLAIN) -> None:
        """Goes by another policy from the next pass on, and by nothing that it knew before."""
        self._watcher = None
        self._next = _Terms(route, receivers, quieting)
        self.wake()

    async def run(self) -> None:
        """Passes until cancelled: when woken, and when the next group is due."""
        await self._rounds.run(self.step)

    async def step(self, at: datetime) -> datetime | None:
        """One pass: routes what moved, then decides for every group that is due.

        Returns when the next group has to be looked at, None while none waits.

        Raises:
            StoreFailed: what was not committed comes again with the next pass.
        """
        watcher = self._watcher or await hushing.recall(self._store, self._quieting, at)
        # What it knows is right only while every transaction that it learns from is kept.
        self._watcher = None
        while await self._route_moved(watcher, at):
            pass
        if self._next is not None:
            await self._regroup(self._next, at)
            watcher = await hushing.recall(self._store, self._quieting, at)
        self._watcher = watcher
        while due := await self._due(at):
            for kept in due:
                await self._decide(watcher, kept, at)
        async with self._store.read() as tx:
            return await groups.next_look(tx)

    async def _regroup(self, terms: _Terms, at: datetime) -> None:
        """Puts another policy in force, together with what it makes of the groups."""
        route, receivers, _ = terms
        async with self._store.write() as tx:
            known = await groups.everything(tx)
            firing = [one for one in await alerts.live(tx) if one.state.fires]
            entries = [(kept.group, members) for kept, members in known]
            result = regroup(entries, firing, route, receivers=receivers, at=at)
            await groups.drop(tx, [known[number][0].row for number in result.dropped])
            for number, group in result.changed.items():
                await groups.save(tx, group, row=known[number][0].row, verdict=str(Quiet.WAITING))
            for kept in _stirred(known, result):
                group = replace(kept.group, look_at=earliest(kept.group.look_at, at))
                await groups.save(tx, group, row=kept.row, verdict=kept.verdict)
            found = await groups.find(tx, {group.key for group, _ in result.joining})
            for group, members in result.joining:
                await _join(tx, found.get(Place(group.key, group.receiver)), group, members, at=group.changed_at or at)
        for receiver in sorted({one.group.receiver for one, _ in known} - receivers.keys()):
            log.warning("receiver is gone from the policy, its groups are dropped", receiver=receiver)
        self._route, self._receivers, self._quieting = terms
        # another one may have come meanwhile
        self._next = None if self._next == terms else self._next

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
            await hushing.end(tx, watcher, [step for _, step in moved], known, at)
            joining = self._joining(known.values(), await groups.told(tx, known))
            kept = await groups.find(tx, {place.key for place in joining})
            for place, (group, members) in joining.items():
                await _join(tx, kept.get(place), group, members, at=min(moved_at[key] for key in members))
            await alerts.routed(tx, [row for row, _ in moved])
        return True

    def _joining(
        self, moved: Iterable[Alert], told: Mapping[str, Sequence[Group]]
    ) -> dict[Place, tuple[Group, set[str]]]:
        """Which alerts belong to which groups: those of their routes while they fire, and those told of before."""
        joining: dict[Place, tuple[Group, set[str]]] = {}
        for alert in moved:
            before = told.get(alert.key, ())
            routed = unheld(alert, before, self._route) if alert.state.fires else ()
            for group in (*before, *routed):
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
                await hushing.facts(tx, self._quieting, kept.row, at),
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

    def _letters(self, decision: Decision, at: datetime) -> list[outbox.Letter]:
        """One letter for each kind under the receiver's name that wants to hear of it."""
        notification = decision.notification
        if notification is None:
            return []
        others = (one for one in notification.alerts if not is_about(one.labels, notification.receiver))
        notification = replace(notification, alerts=tuple(others))
        letters = []
        for position, integration in enumerate(self._receivers[notification.receiver].integrations):
            mine = notification if integration.options.send_resolved else notification.only_firing()
            if mine.alerts:
                mine = replace(mine, id=f"{notification.id}.{position}" if position else notification.id)
                letters.append(outbox.letter(mine, kind=integration.kind, position=position, at=at))
        return letters


def _stirred(known: Sequence[tuple[Kept, object]], result: Regrouped) -> Iterator[Kept]:
    """The groups that go on as they were and hold something back: windows may be others than those that said when to
    look again."""
    for number, (kept, _) in enumerate(known):
        # What inhibits has its own way of letting go.
        held = any(one.why is not Why.INHIBITED for one in kept.group.held.values())
        quiet = held or kept.verdict in (Quiet.MUTED, Quiet.INACTIVE)
        if quiet and number not in result.dropped and number not in result.changed:
            yield kept


async def _join(
    tx: AsyncConnection, kept: Kept | None, group: Group, members: Collection[str], *, at: datetime
) -> None:
    """Makes alerts that moved at `at` members of a group: of the `kept` one, else of `group` as its route makes it."""
    changed = (kept.group if kept else group).changed(at)
    row = await groups.save(tx, changed, row=kept.row if kept else None, verdict=str(Quiet.WAITING))
    await groups.join(tx, row, members)
