"""Inhibition: what is not worth saying while something worse is said. Alertmanager's meaning. Pure.

An alert that matches `target` is inhibited while an alert that matches `source` fires and both have the same values of
the labels in `equal` (one that is missing counts as empty). What matches both sides is not inhibited by what also
matches both, so that nothing inhibits itself.

Source: prometheus/alertmanager, `inhibit/inhibit.go`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from monitor import outage
from monitor.matchers import Matcher, Matchers
from monitor.model import Alert, Labels


@dataclass(frozen=True, slots=True)
class Inhibit:
    """One rule of inhibition."""

    source: Matchers
    target: Matchers
    equal: tuple[str, ...] = ()

    def place(self, labels: Labels) -> tuple[str, ...]:
        """What source and target must share."""
        return tuple(labels.get(name, "") for name in self.equal)


BUILT_IN = (
    Inhibit(
        source=Matchers((Matcher("alertname", "=", outage.RULE),)),
        target=Matchers((Matcher("alertname", "!=", outage.RULE),)),
        equal=("account",),
    ),
)
"""While a whole account is out of reach, its other alerts are not worth saying."""


class Sources:
    """The alerts that fire and may inhibit others, kept up to date one by one."""

    def __init__(self, rules: Iterable[Inhibit]) -> None:
        self._rules = (*BUILT_IN, *rules)
        # rule -> what has to be equal -> alert -> whether it is a target of the same rule as well
        self._found: list[dict[tuple[str, ...], dict[str, bool]]] = [{} for _ in self._rules]

    def saw(self, alert: Alert) -> bool:
        """Takes up an alert as it is now; whether something that it inhibited is free now."""
        labels = alert.all_labels
        freed = False
        for rule, found in zip(self._rules, self._found, strict=True):
            place = rule.place(labels)
            if alert.state.fires and rule.source.match(labels):
                found.setdefault(place, {})[alert.key] = rule.target.match(labels)
            elif alert.key in found.get(place, {}):
                del found[place][alert.key]
                if not found[place]:
                    del found[place]
                freed = True
        return freed

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(self._found)

    def of(self, labels: Labels) -> list[str]:
        """The keys of the alerts that inhibit one with these labels, severity included."""
        keys: dict[str, None] = {}
        for rule, found in zip(self._rules, self._found, strict=True):
            sources = found.get(rule.place(labels))
            if sources and rule.target.match(labels):
                both = rule.source.match(labels)
                keys |= {key: None for key, is_target in sources.items() if not (both and is_target)}
        return list(keys)
