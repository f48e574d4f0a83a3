"""What becomes of a message after a try."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.notifiers import Outcome, Verdict
from monitor.pacing import THROTTLED_WAIT, given_up, retry_at
from monitor.store.outbox import Letter, Standing


def settle(letter: Letter, verdict: Verdict, *, at: datetime, draw: float) -> Letter:
    """The letter after a try that ended at `at` with `verdict`. `draw` is a random number in [0, 1)."""
    tried = replace(
        letter, attempts=letter.attempts + 1, tried_at=at, verdict=str(verdict.outcome), reason=verdict.reason
    )
    match verdict.outcome:
        case Outcome.DELIVERED:
            return replace(tried, state=Standing.SENT, settled_at=at)
        case Outcome.REFUSED:
            return replace(tried, state=Standing.DEAD, settled_at=at)
        case Outcome.THROTTLED | Outcome.UNREACHABLE:
            if given_up(letter.retried_at or letter.created_at, at=at):
                return replace(tried, state=Standing.DEAD, settled_at=at)
            throttled = verdict.outcome is Outcome.THROTTLED
            asked = verdict.wait or (THROTTLED_WAIT if throttled else None)
            last_wait = letter.next_at - letter.tried_at if letter.tried_at else timedelta()
            return replace(tried, next_at=retry_at(at, last_wait=last_wait, asked=asked, draw=draw))
