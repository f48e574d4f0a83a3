"""What people and programs did here: one entry for each act. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from monitor.access import Way


class Act(enum.StrEnum):
    """What can be done. The values are the words that people read after a name."""

    SILENCED = "silenced"
    EXPIRED = "expired"
    """Ended a silence before its time."""
    ACKNOWLEDGED = "acknowledged"
    WITHDREW = "withdrew"
    """Took an acknowledgement back."""
    RETRIED = "retried"
    DROPPED = "dropped"
    DRILLED = "drilled"
    RELOADED = "reloaded"


_NAMED = (Act.SILENCED, Act.EXPIRED, Act.RETRIED, Act.DROPPED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `subject` is the id of the silence, the key of the alert, the id of the message; empty for a reload and
    for a drill. `detail` is for people. `id` counts up, and is 0 before the entry is written."""

    at: datetime
    way: Way
    name: str
    address: str
    act: Act
    subject: str = ""
    detail: str = ""
    id: int = 0

    @property
    def what(self) -> str:
        """The act in words, with what it was done to where that is no alert: `expired s-1, instance="orders"`."""
        about = f" {self.subject}" if self.act in _NAMED else ""
        return f"{self.act}{about}" + (f", {self.detail}" if self.detail else "")

    @property
    def who(self) -> str:
        """`user wang`, or the way alone where nobody had to say who they are."""
        return f"{self.way} {self.name}" if self.name else str(self.way)
