"""Polls an instance that keeps failing ever more rarely, until it answers. Pure.

The first failures cost nothing: a poll that fails by chance is repeated in the next slot. From the fifth in a row on
the pause doubles, up to five minutes; the first success ends it. Where all instances of the account failed, it was the
account that did not answer: then the first success of any ends the pauses of all.
"""

from __future__ import annotations

from monitor.model import FailureKind, InstanceKey, Sample

PATIENCE = 5
"""Failures in a row until polls become rarer."""

LONGEST = 300.0
"""Seconds between two polls of an instance, however often it failed."""

_OF_THE_ACCOUNT = frozenset({FailureKind.AUTH, FailureKind.THROTTLED})
"""These say nothing of the instance: its account rests as a whole."""


class Circuit:
    """The pauses of one account's instances. Times are seconds on any one clock."""

    def __init__(self, interval: float) -> None:
        """`interval`: seconds between two polls of an instance that is well."""
        self._interval = interval
        self._failures: dict[InstanceKey, int] = {}
        self._open_until: dict[InstanceKey, float] = {}

    def __len__(self) -> int:
        """How many instances are polled more rarely."""
        return len(self._open_until)

    def rests(self, key: InstanceKey, *, at: float) -> bool:
        """Whether the instance's slot at `at` is left out."""
        return at < self._open_until.get(key, at)

    def saw(self, sample: Sample, *, planned: float, polled: int) -> None:
        """Takes what a poll planned for `planned` gave, of an account of which `polled` instances are polled."""
        key = sample.instance.key
        if sample.failure is None:
            if 1 < polled <= len(self._failures):
                self._failures.clear()
                self._open_until.clear()
            self._failures.pop(key, None)
            self._open_until.pop(key, None)
        elif sample.failure.kind not in _OF_THE_ACCOUNT:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            if failures >= PATIENCE:
                doubled = self._interval * 2.0 ** min(failures - PATIENCE + 1, 32)
                # Half an interval early, so that the slot that lies just there is not missed by a rounding.
                self._open_until[key] = planned + max(min(doubled, LONGEST), self._interval) - self._interval / 2

    def forget(self, key: InstanceKey) -> None:
        """The instance is polled no more."""
        self._failures.pop(key, None)
        self._open_until.pop(key, None)
