"""When each instance is polled: a slot in every interval, the same after every restart. Pure.

Slots follow from the instance's name alone, so that neither a start nor a discovery makes a crowd. Times are seconds
on one clock; what comes too late is left out and counted, it does not push the others.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from hashlib import blake2b
from math import floor

from monitor.model import InstanceKey


def offset(key: InstanceKey, interval: float) -> float:
    """Where in each interval of `interval` seconds the instance's slot lies."""
    digest = blake2b("\0".join(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 * interval


SHARE = 0.975
"""How much of a quota the polls may use: the rest is for lists, and for the pacing that keeps the quota exactly."""


def stretched(interval: float, *, instances: int, rate: float) -> float:
    """The seconds between two polls of an instance that `rate` requests a second can carry, at least `interval`.

    Stretching the interval keeps the polls of all instances even; a quota that is simply overrun would serve some
    twice and others not at all.
    """
    return max(interval, instances / (rate * SHARE))


HASTE = 0.95
"""The first poll of who joins comes this much sooner than its first slot: after one interval all are known, although
starting took a moment too. All later polls are in their slots."""


class Schedule:
    """The next slot of every instance that is polled."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._slots: list[tuple[float, InstanceKey, float]] = []
        """When to poll which instance, and the moment after which its next slot lies."""

    def keep(self, keys: Iterable[InstanceKey], *, at: float, missed: Collection[InstanceKey] = ()) -> None:
        """Polls exactly these from now on; new ones a little before their first slot after `at`, and at once where they
        `missed` the one before."""
        keys = set(keys)
        staying = [entry for entry in self._slots if entry[1] in keys]
        for key in keys.difference(key for _, key, _ in staying):
            slot = self._next(key, at)
            if key in missed:
                staying.append((at, key, at))
            else:
                staying.append((at + (slot - at) * HASTE, key, slot + self._interval / 2))
        self._slots = staying
        heapq.heapify(self._slots)

    def next_at(self) -> float | None:
        """The next slot; None while nothing is polled."""
        return self._slots[0][0] if self._slots else None

    def due(self, at: float) -> list[tuple[float, InstanceKey]]:
        """The slots that have come, oldest first, each instance once; their next ones lie after `at`.

        An instance whose slots were missed altogether (the machine slept) has one poll, not one for each.
        """
        found = []
        while self._slots and self._slots[0][0] <= at:
            planned, key, after = self._slots[0]
            found.append((planned, key))
            slot = self._next(key, max(at, after))
            heapq.heapreplace(self._slots, (slot, key, slot))
        return found

    def _next(self, key: InstanceKey, at: float) -> float:
        """The first slot after `at`."""
        shift = offset(key, self._interval)
        return (floor((at - shift) / self._interval) + 1) * self._interval + shift
