"""Which receivers hear of an alert: a tree of routes with Alertmanager's words and meaning. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from monitor.matchers import Matchers
from monitor.model import Labels

ALL_LABELS = "..."
"""In `group_by`: every alert is a group of its own."""


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

    def group_labels(self, labels: Labels) -> dict[str, str]:
        """The labels that make the alert's group on this route."""
        if ALL_LABELS in self.group_by:
            return dict(labels)
        return {name: labels[name] for name in self.group_by if name in labels}

    def group_key(self, labels: Labels) -> str:
        """The group's name, as Alertmanager writes it: `{}/{severity="critical"}:{alertname="X"}`."""
        inner = ", ".join(f'{name}="{value}"' for name, value in sorted(self.group_labels(labels).items()))
        return f"{self.path}:{{{inner}}}"

    def walk(self) -> Iterator[Route]:
        """This route and all below it."""
        yield self
        for child in self.routes:
            yield from child.walk()
