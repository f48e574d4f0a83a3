"""Which instances of an account are polled: those named in the policy and those the cloud lists. Pure.

A cloud that leaves an instance out of one list may be mistaken: an instance leaves when two complete lists in a row do
not have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.model import Instance, InstanceKey

LISTS = 2
"""Complete lists in a row without an instance, until it has left."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What one complete list changes: who is polled from now on, and who has left."""

    polled: Mapping[InstanceKey, Instance]
    left: frozenset[InstanceKey]


class Roster:
    """The instances of one account. `known` are those that were watched before and that may have left since; of them
    `listed` are polled from the start."""

    def __init__(
        self, named: Iterable[Instance], *, known: Iterable[InstanceKey] = (), listed: Iterable[Instance] = ()
    ) -> None:
        self._named = {one.key: one for one in named}
        self._polled = {one.key: one for one in listed} | self._named
        self._missed = dict.fromkeys((set(known) | self._polled.keys()) - self._named.keys(), 0)

    @property
    def polled(self) -> Mapping[InstanceKey, Instance]:
        """Who is polled now."""
        return self._polled

    def listed(self, found: Iterable[Instance]) -> Listed:
        """Takes a complete list. What the policy says of an instance wins over what the cloud says."""
        present = {one.key: one for one in found} | self._named
        missed = {key: count + 1 for key, count in self._missed.items() if key not in present}
        left = frozenset(key for key, count in missed.items() if count >= LISTS)
        staying = {key: one for key, one in self._polled.items() if key not in left}
        self._polled = staying | present
        self._missed = dict.fromkeys(self._polled, 0) | {key: missed[key] for key in missed.keys() - left}
        return Listed(self._polled, left)
