"""`heartbeat:` as written."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from monitor.heartbeat import OFF, Beat
from monitor.policy.fields import SECOND, Duration, Form, UrlOrNone


class HeartbeatForm(Form):
    """Who is told, by a GET, that all is well: after a full cycle in which it was."""

    url: UrlOrNone = Field(description="What is asked; empty is nobody.", examples=["${HEALTHCHECK_URL:-}"])
    every: Annotated[Duration, SECOND] = Field(OFF.every, description="How often.")

    def build(self) -> Beat:
        """The heartbeat."""
        return Beat(self.url, self.every)
