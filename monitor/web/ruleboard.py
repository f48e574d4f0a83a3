"""The rules as people look after them: where each stands now, how much noise it makes, and what it says. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor import durations
from monitor.matchers import Matcher
from monitor.model import Labels, Severity
from monitor.rules.rule import Rule
from monitor.store.episodes import Unrest
from monitor.store.tallies import Crowd
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


class Reach(NamedTuple):
    """How many instances a rule watches, and when the last of them was judged."""

    instances: int = 0
    evaluated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """One rule. `firing` and `pending` count its alerts now, `worst` is the worst severity that fires. `place` is where
    it stands in the files, empty for what is built in, whose `rule` is None.
    """

    name: str
    rule: Rule | None
    firing: int
    pending: int
    worst: Severity | None
    unrest: Unrest
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
    live: Iterable[Crowd],
    unrest: Mapping[str, Unrest],
    *,
    order: Order = Order.NOISE,
    text: str = "",
) -> list[Standing]:
    """The rules whose name or expression holds `text`, sorted; and what is built in, as far as it was heard of."""
    mine: dict[str, list[Crowd]] = {}
    for one in live:
        mine.setdefault(one.rule, []).append(one)
    rules = {rule.name: rule for rule in speech.rules}
    names = [*rules, *sorted((mine.keys() | unrest.keys()) - rules.keys())]
    found = [
        _standing(name, rules.get(name), mine.get(name, []), unrest.get(name, CALM), speech)
        for name in names
        if _holds(name, rules.get(name), text)
    ]
    keys = {
        Order.NOISE: lambda one: (-one.noise, -one.unrest.firings, one.name),
        Order.STATE: lambda one: (-(one.worst.rank if one.worst else -1), -one.firing, -one.pending, one.name),
        Order.NAME: lambda one: (one.rule is None, one.name),
    }
    return sorted(found, key=keys[order])


def _standing(name: str, rule: Rule | None, alerts: Sequence[Crowd], unrest: Unrest, speech: Speech) -> Standing:
    severities = [one.severity for one in alerts if one.state.fires]
    return Standing(
        name=name,
        rule=rule,
        firing=sum(one.number for one in alerts if one.state.fires),
        pending=sum(one.number for one in alerts if not one.state.fires),
        worst=max(severities, key=lambda severity: severity.rank, default=None),
        unrest=unrest,
        place=speech.places.get(name, ""),
        tests=speech.tested.get(name, 0),
    )


def reaches(rules: Iterable[Standing], watched: Sequence[Watched]) -> dict[str, Reach]:
    """How far each of these rules reaches, by its name. Rules look at few labels, and many instances have the same:
    each set of them is matched once."""
    kinds: dict[tuple[str, ...], list[tuple[Labels, Reach]]] = {}
    found = {}
    for one in rules:
        if one.rule is None:
            continue
        match = one.rule.match
        names = tuple(sorted({matcher.name for matcher in match.matchers}))
        if names not in kinds:
            kinds[names] = _kinds(watched, names)
        found[one.name] = _together(reach for labels, reach in kinds[names] if match.match(labels))
    return found


def _kinds(watched: Sequence[Watched], names: Sequence[str]) -> list[tuple[Labels, Reach]]:
    """The sets of these labels that there are, each with how many instances have them."""
    kinds: dict[tuple[str, ...], list[Reach]] = {}
    for one in watched:
        kinds.setdefault(tuple(one.labels.get(name, "") for name in names), []).append(Reach(1, one.sampled_at))
    return [(dict(zip(names, values, strict=True)), _together(alike)) for values, alike in kinds.items()]


def _together(parts: Iterable[Reach]) -> Reach:
    count, newest = 0, None
    for one in parts:
        count += one.instances
        if one.evaluated_at is not None and (newest is None or one.evaluated_at > newest):
            newest = one.evaluated_at
    return Reach(count, newest)


def _holds(name: str, rule: Rule | None, text: str) -> bool:
    said = " ".join((name, *(when for _, when in rule.stages))) if rule else name
    return text.casefold() in said.casefold()


def _listed(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in values.items())
