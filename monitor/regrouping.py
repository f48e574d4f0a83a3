"""Which groups go on under another route tree, and which alerts have to be told to whom. Pure.

People who were told that an alert fires still hear of its end, by the group that told them: it goes on to its end even
if no route leads to it any more, and until then no other group of the same receiver speaks of that alert. Who is new
on an alert's way hears of it as of a new one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.grouping import Group, new_group
from monitor.model import Alert, Severity
from monitor.routing import Route


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What becomes of the groups: those dropped, those that go on otherwise than before, and who joins which.

    `dropped` and `changed` are places in the list that was given. `joining` are groups as their routes make them, new
    or known, with the keys of the alerts that join.
    """

    dropped: Sequence[int] = ()
    changed: Mapping[int, Group] = field(default_factory=dict)
    joining: Sequence[tuple[Group, frozenset[str]]] = ()


def regroup(
    known: Sequence[tuple[Group, Sequence[Alert]]],
    firing: Iterable[Alert],
    route: Route,
    *,
    receivers: Collection[str],
    at: datetime,
) -> Regrouped:
    """`known` are the groups with their members, `firing` all alerts that fire."""
    dropped = [
        number for number, (group, members) in enumerate(known) if _ends(group, members, route, receivers=receivers)
    ]
    going_on = dict(enumerate(known))
    for number in dropped:
        del going_on[number]
    changed = {
        number: timed
        for number, (group, members) in going_on.items()
        if (timed := _timed(group, members, route, at=at)) != group
    }
    told: dict[str, list[Group]] = {}
    for group, members in going_on.values():
        for alert in members:
            told.setdefault(alert.key, []).append(group)
    waiting = {
        (alert.key, known[number][0].receiver): since
        for number in dropped
        for alert in known[number][1]
        if (since := known[number][0].changed_at)
    }
    joining: dict[tuple[str, str], tuple[Group, dict[str, datetime]]] = {}
    for alert in firing:
        groups = told.get(alert.key, [])
        member_of = {(group.key, group.receiver) for group in groups}
        for group in unheld(alert, groups, route):
            place = group.key, group.receiver
            if place not in member_of:
                joining.setdefault(place, (group, {}))[1][alert.key] = waiting.get((alert.key, group.receiver), at)
    joined = ((group.changed(min(since.values())), frozenset(since)) for group, since in joining.values())
    return Regrouped(tuple(dropped), changed, tuple(joined))


def unheld(alert: Alert, told: Iterable[Group], route: Route) -> Iterator[Group]:
    """The groups of the alert's routes, but for receivers that hear of it from a group that no route leads to."""
    labels = alert.all_labels
    groups = [new_group(one, labels) for one in route.told(labels)]
    places = {(group.key, group.receiver) for group in groups}
    strays = [group for group in told if (group.key, group.receiver) not in places]
    held = {group.receiver for group in strays if _route_to(group, alert, route) is None}
    return (group for group in groups if group.receiver not in held)


def _ends(group: Group, members: Sequence[Alert], route: Route, *, receivers: Collection[str]) -> bool:
    """Nobody is left to be told, or no route leads here any more and nothing was said that has to be taken back."""
    if group.receiver not in receivers:
        return True
    return not group.said and not any(_route_to(group, alert, route) for alert in members)


def _timed(group: Group, members: Sequence[Alert], route: Route, *, at: datetime) -> Group:
    """The group with the times, windows and limits of its route, to be looked at now where they are others."""
    one = next((found for alert in members if (found := _route_to(group, alert, route))), None)
    timed = group.on(one)
    return group if timed == group else replace(timed, look_at=at)


def _route_to(group: Group, alert: Alert, route: Route) -> Route | None:
    """The route that leads an alert with these labels, whatever its severity, to this group; None where none does."""
    for one in route.places():
        if one.receiver == group.receiver:
            for severity in Severity:
                if one.group_key({**alert.labels, "severity": str(severity)}) == group.key:
                    return one
    return None
