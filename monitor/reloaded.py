"""What a reload of the policy changed, as a value. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from monitor.errors import Fault


class Named(Protocol):
    """An item of the policy: the same one while its name is the same."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Difference:
    """The names that were added, changed and removed among items of one kind."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def __str__(self) -> str:
        counts = (("added", self.added), ("changed", self.changed), ("removed", self.removed))
        return ", ".join(f"{len(names)} {word}" for word, names in counts if names) or "no change"

    def as_dict(self) -> dict[str, list[str]]:
        """The same as programs read it."""
        return {"added": list(self.added), "changed": list(self.changed), "removed": list(self.removed)}


def difference(before: Iterable[Named], after: Iterable[Named]) -> Difference:
    """What became of the items of `before`, in the order of their names."""
    old, new = {one.name: one for one in before}, {one.name: one for one in after}
    return Difference(
        added=tuple(sorted(new.keys() - old.keys())),
        changed=tuple(sorted(name for name in new.keys() & old.keys() if new[name] != old[name])),
        removed=tuple(sorted(old.keys() - new.keys())),
    )


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload did. `quieting` are windows, maintenance, inhibition and flapping.

    `faults` are those of the files as they are now: where there are any, the parts that are concerned stay as they were
    before. `trouble` says why nothing was put in force, if it was no fault of the files.
    """

    accounts: Difference = Difference()
    rules: Difference = Difference()
    receivers: Difference = Difference()
    route: bool = False
    quieting: bool = False
    heartbeat: bool = False
    drill: bool = False
    faults: tuple[Fault, ...] = ()
    trouble: str = ""
    kept: tuple[str, ...] = field(default=())
    """The files that stay in force as they were when they were last good."""

    @property
    def changed(self) -> bool:
        """Whether anything is different from before."""
        parts = (self.accounts, self.rules, self.receivers, self.route, self.quieting, self.heartbeat, self.drill)
        return any(parts)

    @property
    def ok(self) -> bool:
        return not self.faults and not self.trouble

    def as_dict(self) -> dict[str, Any]:
        """The answer to `POST /-/reload`."""
        errors: list[dict[str, Any]] = [fault.as_dict() for fault in self.faults]
        if self.trouble:
            errors.append({"message": self.trouble})
        return {
            "ok": self.ok,
            "accounts": self.accounts.as_dict(),
            "rules": self.rules.as_dict(),
            "receivers": self.receivers.as_dict(),
            "route": "changed" if self.route else "unchanged",
            "quieting": "changed" if self.quieting else "unchanged",
            "heartbeat": "changed" if self.heartbeat else "unchanged",
            "drill": "changed" if self.drill else "unchanged",
            "kept": list(self.kept),
            "errors": errors,
        }
