"""Live alerts that change without a sample: each while no sample of its instance is being judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AsyncExitStack

from monitor import lifecycle, outage
from monitor.book import Book, Placed, uncut
from monitor.clock import Clock
from monitor.model import Alert, Cause, InstanceKey
from monitor.orphans import orphaned
from monitor.rules.change import Change
from monitor.rules.rule import Rule
from monitor.rules.watch import Watch


class Amending:
    """Changes the alerts of the book. `turns` are held by whoever judges a sample of an instance;
    `rules` are those in force."""

    def __init__(
        self,
        book: Book,
        watches: Mapping[InstanceKey, Watch],
        turns: Mapping[InstanceKey, asyncio.Lock],
        rules: Callable[[], Iterable[Rule]],
        *,
        now: Clock,
    ) -> None:
        self._rules = rules
        self._book = book
        self._watches = watches
        self._turns = turns
        self._now = now

    def ended(self, alert: Alert, cause: Cause) -> Change:
        """The end of an alert for a reason that no sample tells."""
        return Change(alert.rule, alert.key, *lifecycle.end(alert, cause=cause, at=self._now()))

    def unmatched(self, key: InstanceKey, alert: Alert) -> Change | None:
        """The end of an alert whose rule does not watch its instance any more."""
        watch = self._watches.get(key)
        if watch is None or watch.watched_by(alert.rule) or all(rule.name != alert.rule for rule in self._rules()):
            return None
        return self.ended(alert, Cause.RULE_UNMATCHED)

    def under(
        self, polled: Mapping[str, Collection[InstanceKey] | None]
    ) -> Callable[[InstanceKey, Alert], Change | None]:
        """What the rules in force make of alerts: the end of those that nothing will move any more, as nothing is
        `polled` or no rule judges that could; a note on the others that their rule has changed."""
        rules = {rule.name: rule for rule in self._rules()}
        names = rules.keys() | {outage.RULE}

        def change(key: InstanceKey, alert: Alert) -> Change | None:
            cause = orphaned(key, alert, polled=polled, rules=names)
            if cause is not None:
                return self.ended(alert, cause)
            rule = rules.get(alert.rule)
            if rule is not None and rule.version != alert.rule_version and not self.unmatched(key, alert):
                return Change(alert.rule, alert.key, *lifecycle.restate(alert, version=rule.version, at=self._now()))
            return self.unmatched(key, alert)

        return change

    async def amend(self, change_of: Callable[[InstanceKey, Alert], Change | None]) -> None:
        """Records what `change_of` makes of the live alerts. Raises StoreFailed."""
        concerned = {key for key, alert in self._book.live() if change_of(key, alert)}
        async with AsyncExitStack() as turns:
            for key in sorted(concerned):
                await turns.enter_async_context(self._turns[key])
            found = [(key, change_of(key, alert)) for key, alert in self._book.live() if key in concerned]
            changes: list[Placed] = [(key, change) for key, change in found if change]
            if changes:
                await uncut(self._book.record(changes))
