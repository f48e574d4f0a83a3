"""The policy as a value: everything the service does, as the operator wrote it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.drill import Schedule
from monitor.errors import Fault
from monitor.fdi.account import Account
from monitor.heartbeat import OFF, Beat
from monitor.notifiers.receiver import Receiver
from monitor.quieting import Quieting
from monitor.routing import Route
from monitor.rules.case import Case
from monitor.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy without faults; `warnings` do not stand in the way. `cases` are its tests, `files` where it was read.

    Read without its doors (see `loader.load`) it has no accounts, and its receivers cannot send.
    """

    accounts: tuple[Account, ...]
    rules: tuple[Rule, ...]
    receivers: tuple[Receiver, ...]
    route: Route
    quieting: Quieting
    cases: tuple[Case, ...]
    warnings: tuple[Fault, ...]
    files: tuple[str, ...]
    heartbeat: Beat = OFF
    drill: Schedule | None = None
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """What stood in the files."""
    places: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Where each rule stands, by its name: `fdi.yaml:12`."""

    @property
    def tested(self) -> Mapping[str, int]:
        """How many tests speak of the alerts of each rule, as firing or as pending; rules without any are left out."""
        return Counter(name for case in self.cases for name in _told(case))

    @property
    def kinds(self) -> dict[str, tuple[str, ...]]:
        """The kinds under each receiver's name, in their order."""
        return {one.name: tuple(each.kind for each in one.integrations) for one in self.receivers}

    @property
    def untested(self) -> tuple[str, ...]:
        """The rules of whose alerts no test speaks."""
        tested = self.tested
        return tuple(rule.name for rule in self.rules if rule.name not in tested)


def _told(case: Case) -> set[str]:
    """The rules of whose alerts a test speaks."""
    told = (labels for one in case.expect for labels in (*(one.alerts or ()), *(one.pending or ())))
    return {labels["alertname"] for labels in told if "alertname" in labels}
