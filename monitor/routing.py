"""Which receivers hear of an alert: a tree of routes with Alertmanager's words and meaning. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from monitor import durations
from monitor.matchers import Matchers
from monitor.model import Labels

ALL_LABELS = "..."
"""In `group_by`: every alert is a group of its own."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of escalation: `receiver` is told of what still fires `after` it began, unless somebody acknowledged it
    where `unless_acknowledged` is set."""

    receiver: str
    after: timedelta
    unless_acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One node of the tree, everything it does not say already inherited from its parent.

    `path` is the place in the tree in Alertmanager's writing, e.g. `{}/{severity="critical"}`.
    """

    path: str
    receiver: str
    matchers: Matchers
    group_by: tuple[str, ...]
    group_wait: timedelta
    group_interval: timedelta
    repeat_interval: timedelta
    proceed: bool = False
    """`continue:` in the files: the siblings after this route are asked too."""
    routes: tuple[Route, ...] = ()
    mute: tuple[str, ...] = ()
    """Windows in which it says nothing."""
    active: tuple[str, ...] = ()
    """Windows outside of which it says nothing; none for always."""
    repeat_limit: int | None = None
    """How often it repeats itself at most; None for no limit."""
    steps: tuple[Step, ...] = ()
    step: Step | None = None
    """Set where this stands for a step of a route and not for the route itself."""

    def find(self, labels: Labels) -> Iterator[Route]:
        """The routes that an alert with these labels takes: the deepest that match, in the order of the files."""
        found = False
        for child in self.routes:
            if child.matchers.match(labels):
                found = True
                yield from child.find(labels)
                if not child.proceed:
                    break
        if not found:
            yield self

    def told(self, labels: Labels) -> Iterator[Route]:
        """Everything that an alert with these labels takes: its routes, and the steps of escalation of each."""
        for route in self.find(labels):
            yield from _with_steps(route)

    def group_labels(self, labels: Labels) -> dict[str, str]:
        """The labels that make the alert's group on this route."""
        if ALL_LABELS in self.group_by:
            return dict(labels)
        return {name: labels[name] for name in self.group_by if name in labels}

    def group_key(self, labels: Labels) -> str:
        """The group's name, as Alertmanager writes it: `{}/{severity="critical"}:{alertname="X"}`."""
        inner = ", ".join(f'{name}="{value}"' for name, value in sorted(self.group_labels(labels).items()))
        return f"{self.path}:{{{inner}}}"

    def places(self) -> Iterator[Route]:
        """All that may have groups: this route and those below it, each with its steps of escalation."""
        for route in self.walk():
            yield from _with_steps(route)

    def walk(self) -> Iterator[Route]:
        """This route and all below it."""
        yield self
        for child in self.routes:
            yield from child.walk()


def _with_steps(route: Route) -> Iterator[Route]:
    yield route
    for step in route.steps:
        path = f"{route.path}/after={durations.show(step.after)}"
        yield replace(route, path=path, receiver=step.receiver, step=step, steps=(), routes=())
