"""A receiver as the policy names it: one name, one or several kinds that are all sent."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.notifiers import Options


@dataclass(frozen=True, slots=True)
class Integration:
    """One kind under a receiver's name, with its validated options."""

    kind: str
    options: Options


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where messages of a route go."""

    name: str
    integrations: tuple[Integration, ...]
    fallback: str = ""
    """The receiver that gets what this one could not be told."""

    @property
    def language(self) -> str:
        """What it is spoken to in, where only the words matter: that of its first kind."""
        return self.integrations[0].options.language if self.integrations else "en"
