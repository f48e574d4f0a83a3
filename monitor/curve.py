"""How one count of an instance ran over the last hours: for messages that can show it as a picture. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Step:
    """The count from `start` to `end`; None where no poll told it."""

    start: datetime
    end: datetime
    count: int | None


@dataclass(frozen=True, slots=True)
class Curve:
    """The tasks in `status` (one of `monitor.model.STATUSES`), both kinds together. `steps` follow one another without
    holes, and one of them at least has a count. The alert fires from `fired_at` until `over_at`, None while it does."""

    instance: str
    status: str
    steps: tuple[Step, ...]
    fired_at: datetime
    over_at: datetime | None = None

    @property
    def since(self) -> datetime:
        return self.steps[0].start

    @property
    def until(self) -> datetime:
        return self.steps[-1].end

    @property
    def known(self) -> tuple[int, ...]:
        """The counts that there were, in their order."""
        return tuple(step.count for step in self.steps if step.count is not None)
