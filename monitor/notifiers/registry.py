"""Which kinds of notifier there are: those of this package and those of plugins, by their entry points."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import ClassVar, cast

from monitor.message import Message
from monitor.notifiers import GROUP, Notifier, Options, OptionsType, Outcome, Tools, Verdict
from monitor.notifiers.receiver import Integration

_OWN = "monitor."
_TAKEN = frozenset({"name", "fallback", *Options.model_fields})
"""What stands beside the kinds in a receiver."""
_NAME = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Broken:
    """An entry point that cannot be used. `source` is where it points to (`package.module:Class`)."""

    kind: str
    source: str
    reason: str

    def __str__(self) -> str:
        """What people are told of it."""
        return f"the receiver kind {self.kind} ({self.source}) {self.reason}"


@dataclass(frozen=True, slots=True)
class Found:
    """The usable kinds by name, and what was found but cannot be used."""

    kinds: dict[str, type[Notifier]]
    broken: tuple[Broken, ...] = ()


def find(points: Iterable[EntryPoint] | None = None) -> Found:
    """All kinds among the installed packages (or among `points`). A kind of this package cannot be replaced."""
    kinds: dict[str, type[Notifier]] = {}
    broken: list[Broken] = []
    installed = _installed() if points is None else points
    for point in sorted(installed, key=lambda point: (not point.value.startswith(_OWN), point.name, point.value)):
        kind, reason = _load(point)
        if point.name in kinds:
            reason = "a kind of this name exists already; rename it"
        if kind is None or reason:
            broken.append(Broken(point.name, point.value, reason))
        else:
            kinds[point.name] = kind
    return Found(kinds, tuple(broken))


def build(integration: Integration, tools: Tools) -> Notifier:
    """The notifier of `integration`, ready to send. KeyError for a kind that `find` does not give.

    One that cannot be made says so at every try, and the others work.
    """
    kind = find().kinds[integration.kind]
    try:
        return kind(integration.options, tools)
    except Exception as error:  # noqa: BLE001 - whatever a plugin does when it is made, the service is to start
        return Unusable(f"the notifier cannot be made: {type(error).__name__}")


class Unusable:
    """Stands for a notifier that could not be made."""

    Options: ClassVar[OptionsType] = Options

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def payload(self, message: Message) -> str:
        """The title, which is not sent."""
        return message.title

    async def send(self, message: Message) -> Verdict:  # noqa: ARG002 - nothing is sent
        """Worth another try after the next start, with a plugin that was mended."""
        return Verdict(Outcome.UNREACHABLE, self._reason)


@cache
def _installed() -> tuple[EntryPoint, ...]:
    """Looked for once: a process keeps the packages it started with, and the search reads all of them."""
    return tuple(entry_points(group=GROUP))


def _load(point: EntryPoint) -> tuple[type[Notifier] | None, str]:
    if not _NAME.fullmatch(point.name) or point.name in _TAKEN:
        return None, "cannot be written in a policy under this name; rename it"
    try:
        loaded = point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin does on import, the others are to work
        return None, f"cannot be loaded: {type(error).__name__}: {error}"
    options = getattr(loaded, "Options", None)
    if not inspect.isclass(options) or not issubclass(options, Options):
        return None, "has no class Options derived from monitor.notifiers.Options"
    if not inspect.isclass(loaded) or not callable(getattr(loaded, "payload", None)):
        return None, "is not a class with a method payload(message)"
    if not inspect.iscoroutinefunction(getattr(loaded, "send", None)):
        return None, "has no coroutine method send(message)"
    return cast("type[Notifier]", loaded), ""
