"""How soon a message that was not delivered is tried again, and when it is given up. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=10)
GIVE_UP = timedelta(hours=24)

THROTTLED_WAIT = timedelta(minutes=1)
"""What a throttle without a hint costs."""


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
