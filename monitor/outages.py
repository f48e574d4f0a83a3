"""The alert of a whole account that is out of reach: recorded as samples show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from monitor import lifecycle, outage
from monitor.book import Book, uncut
from monitor.builtin import TIMERS
from monitor.model import InstanceKey, Sample, Truth
from monitor.outage import Outage
from monitor.rules.change import Change


class Outages:
    """All accounts. `polled` counts the instances of each that are polled."""

    def __init__(self, book: Book, polled: Mapping[str, int]) -> None:
        self._book = book
        self._polled = polled
        self._outages: dict[str, Outage] = {}
        self._judging: set[str] = set()

    async def judge(self, sample: Sample) -> None:
        """What the sample says of its whole account. One sample at a time moves the account's alert.

        Raises:
            StoreFailed: nothing was recorded.
        """
        name = sample.instance.account
        key = outage.key_of(name)
        state = self._outages.get(name)
        if state is None:
            state = self._outages[name] = Outage(name, out=self._book.hot(key))
        truth = state.saw(sample, polled=self._polled[name])
        alert = self._book.of(key).get(outage.RULE)
        if truth is Truth.UNKNOWN or (truth is Truth.CLEAR and not self._book.hot(key)) or name in self._judging:
            return
        moved, transition = lifecycle.advance(alert, state.finding(sample, truth), TIMERS)
        if moved is None or transition is None:
            return
        if truth is Truth.BREACH:
            moved = replace(moved, annotations={"summary": outage.summary(sample)})
        self._judging.add(name)
        try:
            await uncut(self._book.record([(key, Change(outage.RULE, moved.key, moved, transition))]))
        finally:
            self._judging.discard(name)

    def forget(self, key: InstanceKey) -> None:
        """The instance is polled no more."""
        if key.account in self._outages:
            self._outages[key.account].forget(key)
