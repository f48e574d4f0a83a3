"""Errors, sorted by who must act.

    MonitorError
     +- PolicyError     the operator: mend the files; all faults at once
     +- UsageError      the operator: mend the command, the settings or the machine
     +- DoorError       something outside answered badly
         +- Unreachable   try again later
         +- Throttled     try again after `wait`
         +- Refused       do not try the same again
         +- AuthFailed    authenticate once more, then stop
     +- StoreFailed     the store did not take it: nothing happened, try again

Foreign exceptions are turned into these at the doors, with `from`. Anything else is a bug.
No text here ever carries a secret.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


class MonitorError(Exception):
    """Base of all errors that the service raises on purpose."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in the policy, with its place.

    `line` and `column` count from 1; 0 means that the fault has no place inside the file. `source` is the
    faulty line, already masked and escaped; `width` is how many characters the caret underlines.
    """

    file: str
    line: int
    column: int
    message: str
    path: str = ""
    source: str = ""
    width: int = 1

    @property
    def place(self) -> str:
        """`rules/fdi.yaml:12:9`, or the file alone."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def as_dict(self) -> dict[str, str | int]:
        """The fault as programs read it."""
        return {name: getattr(self, name) for name in ("file", "line", "column", "path", "message")}

    def __str__(self) -> str:
        """The fault as people read it: place, message, then the line with a caret under the fault."""
        text = f"{self.place}: {self.message}" + (f" [{self.path}]" if self.path else "")
        if not self.source:
            return text
        number = f"{self.line:>5} | "
        before, under = self.source[: self.column - 1], self.source[self.column - 1 :][: self.width]
        caret = " " * (len(number) + columns(before)) + "^" * max(1, columns(under))
        return f"{text}\n{number}{self.source}\n{caret}"


def columns(text: str) -> int:
    """How wide a terminal shows `text`: Chinese characters take two columns."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


class PolicyError(MonitorError):
    """The policy cannot be used as it stands: every fault found, in the order of files and lines."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class UsageError(MonitorError):
    """The command, the settings or the machine stand in the way; the text says what to do."""


class DoorError(MonitorError):
    """Something outside answered badly. `request_id` is the other side's name for the call, where it gave one."""

    def __init__(self, reason: str, *, code: str = "", request_id: str = "") -> None:
        self.reason = reason
        self.code = code
        self.request_id = request_id
        super().__init__(reason)


class Unreachable(DoorError):
    """No usable answer: network, time-out, 5xx, or a 200 that is not the documented one. Try again."""


class Throttled(DoorError):
    """The other side asks for patience of `wait`."""

    def __init__(self, reason: str, *, wait: timedelta, code: str = "", request_id: str = "") -> None:
        self.wait = wait
        super().__init__(reason, code=code, request_id=request_id)


class Refused(DoorError):
    """The request is understood and declined; the same request will be declined again."""


class AuthFailed(DoorError):
    """The credentials were not accepted. Never hammer: accounts get locked."""


class StoreFailed(MonitorError):
    """The store did not take a write or answer a read; nothing of that transaction happened. Try again."""
