"""Due groups -> decision -> outbox row: what a group decides and its message in one transaction, with a few others'.

What moved first reaches its groups: a transition joins its alert to the groups of its routes and to those that it was
told to before (an alert whose severity falls may leave a route, but not the people who believe that it fires). Then
every group that is due decides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor import chronicle, hushing
from monitor.apart import apart
from monitor.clock import Clock
from monitor.grouping import Group, Quiet
from monitor.meters import Meters, Pulse
from monitor.model import Alert
from monitor.notifiers.receiver import Receiver
from monitor.quieting import PLAIN, Quieting, Watcher, Why, earliest
from monitor.regrouping import Regrouped, regroup, unheld
from monitor.rounds import Rounds
from monitor.routing import Route
from monitor.speech import Speaker
from monitor.store import alerts, decisions, groups, outbox
from monitor.store.database import Store
from monitor.store.groups import Kept, Place
from monitor.traces import hand_on, note, span

BATCH = 500
"""Transitions that reach their groups in one transaction, and groups that are looked at together."""

DECIDED = 100
"""Groups that decide in one transaction: few, so that whoever else writes need not wait, and the first messages leave
while the other groups of a storm still decide."""

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
        meters: Meters,
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
        self._meters = meters
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
            for begin in range(0, len(due), DECIDED):
                some = due[begin : begin + DECIDED]
                with span("decide", groups=len(some)):
                    await self._decide(watcher, some, at)
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
            changed = [Kept(known[number][0].row, one, Quiet.WAITING) for number, one in result.changed.items()]
            stirred = [
                replace(kept, group=replace(kept.group, look_at=earliest(kept.group.look_at, at)))
                for kept in _stirred(known, result)
            ]
            await groups.save(tx, [*changed, *stirred])
            joining = [(group, members, group.changed_at or at) for group, members in result.joining]
            for begin in range(0, len(joining), BATCH):
                await _join(tx, joining[begin : begin + BATCH])
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
            await _join(tx, [(one, keys, min(moved_at[key] for key in keys)) for one, keys in joining.values()])
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

    async def _decide(self, watcher: Watcher, due: Sequence[Kept], at: datetime) -> None:
        """The decisions of some groups and their messages, in one transaction."""
        async with self._store.write() as tx:
            rows = [kept.row for kept in due]
            members = await groups.members(tx, rows)
            facts = await hushing.facts(tx, self._quieting, rows, at)
            speaker = Speaker(self._receivers, watcher, facts, at)
            # off the event loop where a group is large
            size = sum(map(len, members.values()))
            found = await apart(lambda: [speaker.speech(kept, members[kept.row]) for kept in due], size=size)
            await groups.settle(tx, [(one.kept, one.decision) for one in found])
            await decisions.append(tx, [line for one in found for line in one.lines])
            note(verdict=", ".join(sorted({str(one.decision.verdict) for one in found})))
            for one in found:
                told = (view.key for letter in one.letters for view in letter.notification.alerts)
                hand_on(told, to=[letter.id for letter in one.letters])
            await outbox.add(tx, [letter for one in found for letter in one.letters])
        for one in found:
            message = one.letters[0].id if one.letters else ""
            chronicle.decided(self._meters, one.kept.group, one.decision, message=message)
        if any(one.letters for one in found):
            self._queued()


def _stirred(known: Sequence[tuple[Kept, object]], result: Regrouped) -> Iterator[Kept]:
    """The groups that go on as they were and hold something back: windows may be others than those that said when to
    look again."""
    elsewhere = {*result.dropped, *result.changed}
    for number, (kept, _) in enumerate(known):
        # What inhibits has its own way of letting go.
        held = any(one.why is not Why.INHIBITED for one in kept.group.held.values())
        quiet = held or kept.verdict in (Quiet.MUTED, Quiet.INACTIVE)
        if quiet and number not in elsewhere:
            yield kept


async def _join(tx: AsyncConnection, joining: Sequence[tuple[Group, Collection[str], datetime]]) -> None:
    """Makes alerts members of groups, each as its route makes it, known or not; the first of them moved then."""
    found = await groups.find(tx, {group.key for group, _, _ in joining})
    known: list[Kept] = []
    new: list[Group] = []
    for group, _, moved_at in joining:
        kept = found.get(Place(group.key, group.receiver))
        if kept is None:
            new.append(group.changed(moved_at))
        else:
            known.append(Kept(kept.row, kept.group.changed(moved_at), Quiet.WAITING))
    await groups.save(tx, known)
    added = await groups.add(tx, new, verdict=Quiet.WAITING)
    rows = {Place(one.group.key, one.group.receiver): one.row for one in (*known, *added)}
    await groups.join(tx, {rows[Place(group.key, group.receiver)]: keys for group, keys, _ in joining})
