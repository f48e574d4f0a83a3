"""`drill:` as written."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from monitor.drill import WITHIN, Schedule
from monitor.policy.fields import SECOND, Duration, Form, Name
from monitor.policy.quiet import Cron, Zone


class DrillForm(Form):
    """When the service sends a drill by itself. Who does not get it in time is told of by the alert `drill-failed`."""

    cron: Cron = Field(description="When: minute, hour, day of the month, month, weekday.", examples=["0 9 * * 1"])
    timezone: Zone = Field(description="On whose clocks `cron` is read.", examples=["Asia/Shanghai"])
    receivers: list[Name] = Field([], description="To whom; left out, to all.", examples=[["ops-chat"]])
    within: Annotated[Duration, SECOND] = Field(WITHIN, description="How long it may take to arrive.")

    def build(self) -> Schedule:
        """The schedule."""
        return Schedule(self.cron, self.timezone, tuple(self.receivers), self.within)
