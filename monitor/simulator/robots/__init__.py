"""Chat robots: one file per kind. A robot judges what it is sent as the real one does, and shows it as people see it.

A new kind is a class with this shape in a file of its own, and a line in `everyone`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from monitor.simulator.card import Card


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request to a robot. `address` tells robots of one kind apart; `parts` are all that the path names."""

    at: datetime
    address: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    raw: bytes
    method: str = "POST"
    path: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The body; None if it is not JSON."""
        try:
            return json.loads(self.raw)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the robot answers: JSON, or text as it stands. `reason` is empty when it accepted the message.

    `ref` names what people see from now on: with the ref of an earlier message, that one has changed. `shown` False is
    an answer to what is no message.
    """

    status: int
    body: Any
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    ref: str = ""
    shown: bool = True


class Robot(Protocol):
    """One kind of chat robot."""

    kind: str
    routes: tuple[str, ...]
    """Paths for POST, or `METHOD PATH`; without `{address}` it is the token or key of the query."""

    def judge(self, arrival: Arrival) -> Answer:
        """The documented answer; limits are counted here."""

    def refusal(self, code: str) -> Answer:
        """The documented answer with that code. Raises `ValueError` if the kind has no such code."""

    def protect(self, address: str, secret: str) -> None:
        """From now on that address wants signatures made with `secret`; an empty one lifts it."""

    def card(self, body: Any) -> Card:
        """How people see an accepted body."""
