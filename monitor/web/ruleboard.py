"""The rules as people look after them: where each stands now, how much noise it makes, and what it says. Pure."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor import durations
from monitor.matchers import EVERYTHING, Matcher, Matchers
from monitor.model import Alert, Labels, Severity
from monitor.rules.rule import Rule
from monitor.store.episodes import Unrest
from monitor.web.site import Speech

CALM = Unrest()
_ENDLESS = timedelta()


class Order(enum.StrEnum):
    """What the rules are sorted by. The values stand in addresses."""

    NOISE = "noise"
    STATE = "state"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Watched:
    """An instance as far as rules look at it: its labels, and when it was sampled last."""

    labels: Labels
    sampled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """One rule. `firing` and `pending` count its alerts now, `worst` is the worst severity that fires.

    `instances` are those that it watches, `evaluated_at` when the last of them was judged. `place` is where it stands
    in the files, empty for what is built in, whose `rule` is None.
    """

    name: str
    rule: Rule | None
    firing: int
    pending: int
    worst: Severity | None
    unrest: Unrest
    instances: int
    evaluated_at: datetime | None
    place: str
    tests: int

    @property
    def noise(self) -> int:
        """How often in the time looked at it told of what nobody could act on: over at once, or back at once."""
        return self.unrest.idle

    @property
    def conditions(self) -> tuple[tuple[Severity, str], ...]:
        return self.rule.stages if self.rule else ()

    @property
    def settings(self) -> Iterator[tuple[str, str]]:
        """What it says beside its conditions: the key of the files, and the value as it is written there."""
        rule = self.rule
        if rule is None:
            return
        if rule.clear is not None:
            yield "clear", rule.clear
        for key, length in (("for", rule.hold), ("keep_firing_for", rule.keep)):
            if length > _ENDLESS:
                yield key, durations.show(length)
        if rule.match.matchers:
            yield "match", str(rule.match)
        if rule.by is not None:
            yield "by", f"[{', '.join(rule.by)}]"
        if rule.thresholds:
            yield "thresholds", _listed(rule.thresholds)
        for override in rule.overrides:
            yield f"overrides: {override.match}", _listed(override.thresholds)
        if rule.labels:
            yield "labels", _listed(rule.labels)
        if rule.summary:
            yield "summary", rule.summary

    @property
    def alerts(self) -> str:
        """The matcher of its alerts."""
        return str(Matcher("alertname", "=", self.name))


def board(
    speech: Speech,
    live: Iterable[Alert],
    unrest: Mapping[str, Unrest],
    watched: Sequence[Watched],
    *,
    order: Order = Order.NOISE,
    text: str = "",
) -> list[Standing]:
    """The rules whose name or expression holds `text`, sorted; and what is built in, as far as it was heard of."""
    mine: dict[str, list[Alert]] = {}
    for alert in live:
        mine.setdefault(alert.rule, []).append(alert)
    newest = sorted(watched, key=lambda one: one.sampled_at.timestamp() if one.sampled_at else 0.0, reverse=True)
    rules = {rule.name: rule for rule in speech.rules}
    names = [*rules, *sorted((mine.keys() | unrest.keys()) - rules.keys())]
    found = [
        _standing(name, rules.get(name), mine.get(name, []), unrest.get(name, CALM), newest, speech)
        for name in names
        if _holds(name, rules.get(name), text)
    ]
    keys = {
        Order.NOISE: lambda one: (-one.noise, -one.unrest.firings, one.name),
        Order.STATE: lambda one: (-(one.worst.rank if one.worst else -1), -one.firing, -one.pending, one.name),
        Order.NAME: lambda one: (one.rule is None, one.name),
    }
    return sorted(found, key=keys[order])


def _standing(
    name: str, rule: Rule | None, alerts: Sequence[Alert], unrest: Unrest, newest: Sequence[Watched], speech: Speech
) -> Standing:
    counted = Counter(alert.state.fires for alert in alerts)
    severities = [alert.severity for alert in alerts if alert.state.fires]
    instances, evaluated_at = _reach(rule.match, newest) if rule else (0, None)
    return Standing(
        name=name,
        rule=rule,
        firing=counted[True],
        pending=counted[False],
        worst=max(severities, key=lambda severity: severity.rank, default=None),
        unrest=unrest,
        instances=instances,
        evaluated_at=evaluated_at,
        place=speech.places.get(name, ""),
        tests=speech.tested.get(name, 0),
    )


def _reach(match: Matchers, newest: Sequence[Watched]) -> tuple[int, datetime | None]:
    """How many of the instances match, and when the newest of them was sampled."""
    if match == EVERYTHING:
        return len(newest), newest[0].sampled_at if newest else None
    found = [one for one in newest if match.match(one.labels)]
    return len(found), found[0].sampled_at if found else None


def _holds(name: str, rule: Rule | None, text: str) -> bool:
    said = " ".join((name, *(when for _, when in rule.stages))) if rule else name
    return text.casefold() in said.casefold()


def _listed(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in values.items())
