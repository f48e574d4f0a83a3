"""When a message is tried again, when it is given up, and when one that can wait steps aside. Pure."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=10)
GIVE_UP = timedelta(hours=24)

THROTTLED_WAIT = timedelta(minutes=1)
"""What a throttle without a hint costs."""

_HALF_HOUR = timedelta(minutes=30)
_RUSH = timedelta(seconds=10)
_SPREAD = timedelta(seconds=50)
_NO_RUSH = timedelta(minutes=5)


def aside(at: datetime, key: str) -> datetime:
    """`at`, or up to a minute later where that falls into the first seconds of a full or half hour, the same for the
    same `key`. Everybody's reports leave then, and chats throttle: Feishu says so, and refuses with 11232."""
    past = timedelta(seconds=at.timestamp()) % _HALF_HOUR
    if past >= _RUSH:
        return at
    return at - past + _RUSH + _SPREAD * (zlib.crc32(key.encode()) / 2**32)


def repeats_at(spoke_at: datetime, every: timedelta, key: str) -> datetime:
    """When what was said at `spoke_at` is repeated; off the rush where it is not repeated so soon anyway."""
    return spoke_at + every if every < _NO_RUSH else aside(spoke_at + every, key)


def retry_at(at: datetime, *, last_wait: timedelta, asked: timedelta | None, draw: float) -> datetime:
    """When to try again after a try at `at` failed.

    Decorrelated back-off: somewhere between the first wait and three times the last one, so that messages that failed
    together do not come back together. `draw` is a random number in [0, 1). What the other side `asked` for is the
    least.
    """
    reach = max(FIRST_WAIT, min(LONGEST_WAIT, 3 * last_wait))
    wait = FIRST_WAIT + (reach - FIRST_WAIT) * draw
    return at + max(wait, asked or wait)


def given_up(created_at: datetime, *, at: datetime) -> bool:
    """Whether a message has waited so long that people have to look after it."""
    return at - created_at >= GIVE_UP
