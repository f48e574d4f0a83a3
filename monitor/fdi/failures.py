"""Sorted errors as samples carry them."""

from __future__ import annotations

from monitor.errors import AuthFailed, DoorError, Refused, Throttled
from monitor.fdi.answers import Garbage, TimedOut
from monitor.model import Failure, FailureKind

_KINDS: tuple[tuple[type[DoorError], FailureKind], ...] = (
    (AuthFailed, FailureKind.AUTH),
    (Throttled, FailureKind.THROTTLED),
    (Refused, FailureKind.REFUSED),
    (Garbage, FailureKind.GARBAGE),
    (TimedOut, FailureKind.TIMEOUT),
)


def failure_of(error: DoorError) -> Failure:
    """A sorted error as a sample carries it."""
    kind = next((kind for sort, kind in _KINDS if isinstance(error, sort)), FailureKind.UNREACHABLE)
    return Failure(kind, error.reason, error.request_id)
