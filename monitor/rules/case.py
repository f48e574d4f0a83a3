"""A test of the rules, as written under `tests:` beside them. Pure data; `suite` plays it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.model import Labels


@dataclass(frozen=True, slots=True)
class CaseInstance:
    """One instance of a test with the counts it shows.

    `series` maps a count (`abnormal`, `cdc.abnormal`, ...) to one value per poll; None is a failed poll. A bare name
    such as `abnormal` stands for the common kind. All series have the same length.
    """

    name: str
    account: str = "test"
    labels: Labels = field(default_factory=dict, hash=False)
    series: tuple[tuple[str, tuple[int | None, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectAlerts:
    """At `at` exactly these alerts fire and, where `pending` is given, exactly those wait: each by the labels given."""

    at: timedelta
    line: int
    alerts: tuple[Labels, ...] | None = None
    pending: tuple[Labels, ...] | None = None


@dataclass(frozen=True, slots=True)
class ExpectMessage:
    """Up to `at` this receiver is sent a message, not listed before, whose text contains this."""

    at: timedelta
    line: int
    receiver: str
    contains: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One test: instances polled `every` from `start`, and what must be seen. `file` and `line` say where it stands.

    `messages` without entries say that nobody is told anything; None says nothing about messages.
    """

    name: str
    file: str
    line: int
    start: datetime
    every: timedelta
    instances: tuple[CaseInstance, ...]
    expect: tuple[ExpectAlerts, ...] = ()
    messages: tuple[ExpectMessage, ...] | None = None
