"""The whole chain in a process, as its loops run it, and people who believe what they hear.

The ears know nothing of the service: each holds every message against what it was told before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from reload_town import Town

from monitor.message import Message
from monitor.model import Cause, Instance
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.notifiers import Notifier, Outcome, Verdict
from monitor.policy.policy import Policy
from monitor.standin import Carrier, Destination
from monitor.store.database import Store

INSTANCES = tuple(
    Instance("prod", f"i-{number}", name, "cn-north-4", "p-1", {"env": "prod"})
    for number, name in enumerate(("orders", "订单同步", "invoices"))
)
VERDICTS = {
    "well": Verdict(Outcome.DELIVERED),
    "down": Verdict(Outcome.UNREACHABLE, "connection refused"),
    "busy": Verdict(Outcome.THROTTLED, "too fast", timedelta(seconds=7)),
    "refusing": Verdict(Outcome.REFUSED, "no such robot"),
}
ENDS_WITHOUT_SAMPLE = {Cause.RULE_REMOVED, Cause.RULE_UNMATCHED, Cause.INSTANCE_REMOVED, Cause.ACCOUNT_REMOVED}
REPEATS = timedelta(seconds=300)
"""The shortest `repeat_interval` of any policy here."""
MANY = 300
"""Passes at one moment after which the loops will never come to rest."""


@dataclass(slots=True)
class Ear:
    """A receiver, and what people believe by it. `cut`: the process dies while the next message is on its way. `behind`
    is the receiver that it stands in for: what that was told counts for what is told in its place."""

    behind: Ear | None = None
    state: str = "well"
    cut: bool = False
    believed: set[str] = field(default_factory=set)
    taken: dict[str, list[tuple[str, Change]]] = field(default_factory=dict)
    in_flight: set[str] = field(default_factory=set)
    ever: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    spoke: dict[str, datetime] = field(default_factory=dict)
    """When each group last said something that was taken."""
    faults: list[str] = field(default_factory=list)

    async def send(self, message: Message) -> Verdict:
        verdict = VERDICTS[self.state]
        if verdict.outcome is Outcome.DELIVERED:
            try:
                self.read(message.notification)
            except AssertionError as fault:
                # the courier would take it for a fault of the receiver
                self.faults.append(str(fault))
        if verdict.outcome is Outcome.REFUSED:
            # It is a dead letter now, which people find in the outbox, and the fallback has it.
            self.refused |= {view.key for view in message.notification.firing}
            self.believed -= {view.key for view in message.notification.resolved}
        if self.cut:
            self.in_flight.add(message.notification.id)
            raise asyncio.CancelledError
        return verdict

    def read(self, told: Notification) -> None:
        """What people make of a message."""
        words = [(view.key, view.change) for view in told.alerts]
        if told.id in self.taken:
            assert told.id in self.in_flight, f"{told.id} came twice"
            assert words == self.taken[told.id], f"{told.id} came twice, with other words"
            self.in_flight.discard(told.id)
            return
        self.taken[told.id] = words
        for view in told.alerts:
            self._believe(view, told)
        if told.reason is Reason.REPEAT and told.group_key in self.spoke:
            rested = told.at - self.spoke[told.group_key]
            assert rested >= REPEATS, f"{told.id} is said again after {rested}"
        self.spoke[told.group_key] = max(told.at, self.spoke.get(told.group_key, told.at))
        news = told.reason in (Reason.REPEAT, Reason.SILENCE_ENDED, Reason.DIGEST)
        news |= any(view.change is not Change.SAME for view in told.alerts)
        assert news, f"a message without anything to tell: {told.reason}"

    def _believe(self, view: AlertView, told: Notification) -> None:
        who = f"{view.name} of {view.instance or 'the account'} ({told.reason}, {told.id[:8]})"
        known = view.key in self.believed
        if told.instead_of and self.behind is not None and view.change is not Change.NEW:
            known |= view.key in self.behind.ever
        if view.firing:
            assert (view.change is Change.NEW) is not known, f"{who} is told as {view.change}, known before: {known}"
            self.believed.add(view.key)
            self.ever.add(view.key)
            return
        if view.change is Change.PASSED:
            assert view.key not in self.believed, f"{who} is told as over before it was told"
        else:
            assert known, f"an all-clear for {who}, of which nobody was told"
        assert view.cause in ENDS_WITHOUT_SAMPLE | {Cause.CLEARED, Cause.KEPT}, f"{who} ended by {view.cause}"
        if view.cause not in ENDS_WITHOUT_SAMPLE and view.instance:
            # that an account is out of reach is about no sample
            assert view.values["abnormal"] == 0, f"an all-clear for {who} without a good sample"
        self.believed.discard(view.key)


class Chained(Town):
    """One life of the service, whose loops come round when they are woken and when they said, and never else."""

    def __init__(self, folder: Path, store: Store, ears: Mapping[str, Ear], at: datetime) -> None:
        self._ears = ears
        super().__init__(folder, store)
        self.at = at
        self.look: datetime | None = at
        self.again: datetime | None = at
        live = self.live
        live.engine.book._moved = live.dispatcher.wake
        live.dispatcher._queued = live.courier.wake

    def _reach(self, policy: Policy) -> dict[Destination, Carrier]:
        return {
            (one.name, position): Carrier(
                integration.kind, "en", cast("Notifier", self._ears[one.name]), fallback=one.fallback
            )
            for one in policy.receivers
            for position, integration in enumerate(one.integrations)
        }

    async def begin(self) -> None:
        """A start, with what the store knows."""
        await self.live.engine.load()
        self._writing = asyncio.create_task(self.live.engine.book.run())
        await self.reloader._settle()
        await self.live.engine.meet(INSTANCES)

    async def end(self) -> None:
        """What was recorded is in the store; what else the process knew is gone."""
        self._writing.cancel()
        with suppress(asyncio.CancelledError):
            await self._writing

    async def reload(self) -> None:
        """The files are read again."""
        await self.reloader._put_in_force()
        await self.reloader._settle()

    def wake(self) -> None:
        """Somebody did something on a page."""
        self.live.dispatcher.wake()
        self.live.courier.wake()

    async def passes(self) -> datetime | None:
        """Every pass that is due now; when the next one is, None for never."""
        for _ in range(MANY):
            if self._comes(self.live.dispatcher._rounds._woken, self.look):
                self.look = await self.live.dispatcher.step(self.at)
            elif self._comes(self.live.courier._rounds._woken, self.again):
                async with asyncio.TaskGroup() as tasks:
                    self.again = await self.live.courier.step(self.at, tasks)
                if any(ear.cut and ear.in_flight for ear in self._ears.values()):
                    return None
            else:
                return min((one for one in (self.look, self.again) if one is not None), default=None)
        raise AssertionError("the loops never come to rest")

    def _comes(self, woken: asyncio.Event, due: datetime | None) -> bool:
        comes = woken.is_set() or (due is not None and due <= self.at)
        woken.clear()
        return comes
