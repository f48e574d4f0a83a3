"""What the robots were sent, kept in order, for the control API and for the chat room. No I/O."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.simulator.card import Card

KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Message:
    """One request to a robot, accepted or not.

    `id` is the Idempotency-Key the sender gave, empty if none; `verdict` is accepted, refused or failed and `reason`
    says why; `card` is how people see it, None unless it was accepted. `place` is the number of the message in whose
    place people see it: its own, unless it changes an earlier one.
    """

    number: int
    at: datetime
    robot: str
    address: str
    id: str
    headers: Mapping[str, str]
    body: Any
    verdict: str
    reason: str
    summary: str
    card: Card | None = field(repr=False)
    place: int = 0

    def as_json(self) -> dict[str, Any]:
        """The message as `GET /_sim/messages` shows it."""
        return {
            "number": self.number,
            "place": self.place,
            "at": self.at.isoformat(),
            "robot": self.robot,
            "address": self.address,
            "id": self.id,
            "headers": dict(self.headers),
            "body": self.body,
            "verdict": self.verdict,
            "reason": self.reason,
            "summary": self.summary,
        }


class Inbox:
    """The newest messages and those who watch for more."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque(maxlen=KEPT)
        self._watchers: set[asyncio.Queue[Message]] = set()
        self._next = 1

    @property
    def next_number(self) -> int:
        return self._next

    def keep(self, message: Message) -> None:
        self._next = message.number + 1
        self._messages.append(message)
        for queue in self._watchers:
            queue.put_nowait(message)

    def clear(self) -> None:
        """Forgets the messages; numbers go on."""
        self._messages.clear()

    def listed(self, *, robot: str = "", verdict: str = "", after: int = 0) -> list[Message]:
        """Oldest first; `robot` is a kind or an address."""
        return [
            message
            for message in self._messages
            if message.number > after
            and robot in ("", message.robot, message.address)
            and verdict in ("", message.verdict)
        ]

    def seen(self, *, robot: str = "") -> list[Message]:
        """What people see now: what was accepted, each at its place in its last form."""
        last = {message.place: message for message in self.listed(robot=robot, verdict="accepted")}
        return list(last.values())

    @contextmanager
    def watch(self) -> Iterator[asyncio.Queue[Message]]:
        """A queue of what comes in from now on."""
        queue: asyncio.Queue[Message] = asyncio.Queue()
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)
