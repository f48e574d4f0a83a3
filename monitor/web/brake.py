"""How long somebody waits who gave wrong passwords. Nobody can lock somebody else out for long.

Each address pays for its own failures. A user whom many addresses try is tried more slowly too, but only by those who
have failed themselves: who writes the right password at once always gets in, whoever else is guessing.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

LONGEST = 30.0
"""Seconds that anybody waits for another try."""
FORGOTTEN = 600.0
"""Seconds without a failure after which everything is as at first."""
FREE_OF_ADDRESS, FREE_OF_USER = 5, 10
MOST = 4096
"""Addresses and users that are remembered; the one that failed longest ago is forgotten first."""


@dataclass(slots=True)
class _Count:
    failures: int
    last: float

    def wait(self, free: int, at: float) -> float:
        """Seconds from `at` on: none for the first `free` failures, then 1, 2, 4..."""
        beyond = self.failures - free
        pause = min(LONGEST, 2.0 ** min(beyond, 10)) if beyond >= 0 else 0.0
        return max(0.0, self.last + pause - at)


class Brake:
    """What is remembered of failures. Moments are seconds on any clock that never goes back."""

    def __init__(self) -> None:
        self._addresses: OrderedDict[str, _Count] = OrderedDict()
        self._users: OrderedDict[str, _Count] = OrderedDict()

    def wait(self, address: str, user: str, at: float) -> float:
        """Seconds until this address may try a password of `user`; `user` is empty for a token."""
        mine = _current(self._addresses, _household(address), at)
        if mine is None:
            return 0.0
        theirs = _current(self._users, user, at) if user else None
        return max(mine.wait(FREE_OF_ADDRESS, at), theirs.wait(FREE_OF_USER, at) if theirs else 0.0)

    def failed(self, address: str, user: str, at: float) -> None:
        """Counts a failure. Told before a try, it counts those that are made at the same time as well."""
        _count(self._addresses, _household(address), at)
        if user:
            _count(self._users, user, at)

    def passed(self, address: str, user: str) -> None:
        """Takes back the failure that was counted before a try that went well."""
        for counts, key in ((self._addresses, _household(address)), (self._users, user)):
            if (found := counts.get(key)) is not None:
                found.failures -= 1
                if found.failures == 0:
                    del counts[key]


def _current(counts: OrderedDict[str, _Count], key: str, at: float) -> _Count | None:
    found = counts.get(key)
    return found if found is not None and at - found.last < FORGOTTEN else None


def _count(counts: OrderedDict[str, _Count], key: str, at: float) -> None:
    before = _current(counts, key, at)
    counts[key] = _Count(before.failures + 1 if before else 1, at)
    counts.move_to_end(key)
    if len(counts) > MOST:
        counts.popitem(last=False)


def _household(address: str) -> str:
    """Whose address it is: with IPv6 everybody has 2^64 of them."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address
