"""Where the loops say what they are at, for traces. Nothing is loaded, made or kept until `begin` is given a tracer.

with span("poll", account="prod", instance="orders"):
    note(up=True)

What happens later and elsewhere is tied to it by names: `mark` keeps the present span under the key of an alert, and
`hand_on` under the id of the message that tells of it, so that sending it leads back to the poll.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Value = str | int | float | bool


class Tracer(Protocol):
    """Who makes spans of it."""

    def span(self, name: str, within: str, attributes: dict[str, Value]) -> AbstractContextManager[None]:
        """A span around the block, below the one that is kept under `within`, else below the present one."""

    def note(self, attributes: dict[str, Value]) -> None:
        """Adds to the present span."""

    def failed(self, reason: str) -> None:
        """Says that what the present span is about went wrong."""

    def mark(self, keys: Iterable[str]) -> None:
        """Keeps the outermost span that is present under these keys."""

    def hand_on(self, keys: Iterable[str], to: Collection[str]) -> None:
        """Links the present span to those kept under `keys`, and keeps it with its links under the names `to`."""


_NOTHING = nullcontext()
_tracer: Tracer | None = None


def begin(tracer: Tracer | None) -> None:
    """Has spans made from now on; None ends that."""
    global _tracer  # noqa: PLW0603 - as the logs: one for the process, so that no loop has to carry it
    _tracer = tracer


def span(name: str, /, *, within: str = "", **attributes: Value) -> AbstractContextManager[None]:
    """A span around the block; see `Tracer.span`."""
    return _NOTHING if _tracer is None else _tracer.span(name, within, attributes)


def note(**attributes: Value) -> None:
    """Adds to the present span."""
    if _tracer is not None:
        _tracer.note(attributes)


def failed(reason: str) -> None:
    """Says that what the present span is about went wrong."""
    if _tracer is not None:
        _tracer.failed(reason)


def mark(keys: Iterable[str]) -> None:
    """See `Tracer.mark`."""
    if _tracer is not None:
        _tracer.mark(keys)


def hand_on(keys: Iterable[str], *, to: Collection[str]) -> None:
    """See `Tracer.hand_on`."""
    if _tracer is not None:
        _tracer.hand_on(keys, to)
