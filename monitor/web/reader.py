"""Who asks now: known from the door on, wherever an answer is made."""

from __future__ import annotations

from contextvars import ContextVar

from monitor.access import Reader, Role, Way

_NOBODY = Reader(Way.OPEN, Role.VIEWER)
_READER: ContextVar[Reader] = ContextVar("reader", default=_NOBODY)


def reader() -> Reader:
    """Whoever asks for what is being answered; outside of a request somebody who may only read."""
    return _READER.get()


def enters(one: Reader) -> None:
    """From here on this request is theirs."""
    _READER.set(one)
