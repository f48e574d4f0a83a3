"""A cycle of polls: every instance of an account once. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.model import InstanceKey


class Cycle:
    """Comes round when every instance has had its poll, and is healthy if one of them was answered."""

    def __init__(self, *, listed: bool = False) -> None:
        self.listed = listed
        """Whether it is known that there are no other instances: without any, that is all there is to know."""
        self._kept: frozenset[InstanceKey] = frozenset()
        self._owed: set[InstanceKey] = set()
        self._answered = False

    def keep(self, polled: Iterable[InstanceKey]) -> None:
        """These are polled from now on; those that are new have to have their poll in this cycle."""
        kept = frozenset(polled)
        self._owed = {key for key in kept if key in self._owed or key not in self._kept}
        self._kept = kept

    def had(self, key: InstanceKey, *, answered: bool) -> None:
        """The instance had its poll, or rests."""
        self._owed.discard(key)
        self._answered |= answered

    def healthy(self) -> bool:
        """Whether a healthy cycle has just come round; if one has, of whatever health, the next begins."""
        if self._owed:
            return False
        healthy = self._answered if self._kept else self.listed
        self._owed, self._answered = set(self._kept), False
        return healthy
