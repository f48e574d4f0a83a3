"""The parts of history around the firings of a rule: enough to see what other timers would have made of them. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from monitor.model import InstanceKey
from monitor.rules.past import Past, past_of
from monitor.rules.replay import Firing
from monitor.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of one instance's history up to `until`; `cut` says that it goes on after it."""

    past: Past
    until: datetime
    cut: bool


def excerpts(
    pasts: Sequence[Past], firings: Sequence[Firing], rule: Rule, *, until: datetime, margin: timedelta = timedelta()
) -> Iterator[Excerpt]:
    """From the breach that led to a firing until `margin` after its end; those that lie closer together are one.

    `firings` are the rule's, in the order in which they began. Alerts about no single instance have no excerpts.
    """
    known = {past.instance.key: past for past in pasts}
    by_instance: dict[InstanceKey, list[Firing]] = {}
    for firing in firings:
        key = InstanceKey(firing.labels.get("account", ""), firing.labels.get("instance_id", ""))
        if key in known:
            by_instance.setdefault(key, []).append(firing)
    for key, found in by_instance.items():
        for first, last in _together(found, until, margin):
            yield _cut(known[key], first, last, rule.reach)


def _together(firings: Sequence[Firing], until: datetime, margin: timedelta) -> Iterator[tuple[datetime, datetime]]:
    begin, end = firings[0].since, firings[0].since
    for firing in firings:
        if firing.since > end:
            if end > begin:
                yield begin, end
            begin = firing.since
        end = max(end, min(until, (firing.resolved_at or until) + margin))
    yield begin, end


def _cut(past: Past, since: datetime, until: datetime, reach: timedelta) -> Excerpt:
    runs = past.runs
    first = bisect_left(runs, since - reach, key=attrgetter("end"))
    last = bisect_left(runs, until, key=attrgetter("start"), lo=first)
    within = runs[first : last + 1]
    earlier = runs[first - 1] if first else past.before[-1] if past.before else None
    good = earlier if earlier is not None and earlier.failure is None else past.health.good if past.health else None
    first_at = past.health.first_at if past.health else runs[0].start
    before = past.before if not first else ()
    part = past_of(past.instance, first_at=first_at, runs=[*before, *within], good=good, since=since, until=until)
    return Excerpt(part, until, cut=runs[-1].end > until)
