"""What watches the service itself: whether its store takes writes, whether people can be told, and by drills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from monitor.addressees import Addressees
from monitor.addressees import Terms as Whom
from monitor.clock import Clock
from monitor.drilling import Terms
from monitor.earshot import Earshot
from monitor.lifeline import Lifeline
from monitor.live import Live
from monitor.meters import Meters, Pulse
from monitor.policy.policy import Policy
from monitor.rehearsal import Plan, Rehearsal
from monitor.store.database import Store


@dataclass(frozen=True, slots=True)
class Selfwatch:
    """The loops that raise the service's own alerts."""

    lifeline: Lifeline
    earshot: Earshot
    rehearsal: Rehearsal


def selfwatch(
    live: Live, store: Store, *, now: Clock, meters: Meters, pulse: Pulse, patience: Callable[[], timedelta] = timedelta
) -> Selfwatch:
    """Watches what is `live`, under whatever policy is in force; `patience` as of the lifeline."""
    book, force = live.engine.book, live.force
    return Selfwatch(
        Lifeline(
            book,
            live.courier,
            Addressees(store, lambda: Whom(force.policy.route, force.policy.quieting)),
            now=now,
            meters=meters,
            pulse=pulse,
            patience=patience,
        ),
        Earshot(store, book, lambda: set(force.policy.kinds), now=now, pulse=pulse),
        Rehearsal(
            store,
            book,
            lambda: _plan(force.policy),
            now=now,
            meters=meters,
            pulse=pulse,
            queued=live.courier.wake,
        ),
    )


def _plan(policy: Policy) -> Plan:
    return Plan(Terms(policy.route, policy.kinds), policy.drill)
