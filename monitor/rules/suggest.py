"""Better timers for a rule, with what they would have changed: found by replaying the rule with each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor import durations
from monitor.rules.dimensions import dimension
from monitor.rules.excerpts import Excerpt, excerpts
from monitor.rules.parser import parse
from monitor.rules.past import Past
from monitor.rules.printing import written
from monitor.rules.quantity import Dimension
from monitor.rules.replay import Firing, Replay
from monitor.rules.rule import Rule
from monitor.rules.scores import again, lasted, typical
from monitor.rules.syntax import Comparison, Name, Number

FEW = 3
"""Fewer firings say nothing about a rule's timers."""
LATEST = 500
"""Of more firings only so many are looked at, the latest: the others would say the same, and take their time."""
WORTH = 1 / 3
"""A suggestion takes away at least this share of the firings."""
MARGIN = timedelta(hours=6)
"""What does not end so long after it used to is no better."""
NEARLY = 0.8
"""The mildest change is suggested that does nearly as much as the strictest."""
_HOLDS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 3, 5, 10, 15))
_KEEPS = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 15, 30))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One key of a rule and the value that it could have. `evidence` says in words what `firings`, at most the LATEST,
    would have become: so many `removed`, those that are left `delayed` by the median, firing `longer` altogether."""

    rule: str
    key: str
    value: str
    firings: int
    removed: int
    delayed: timedelta
    longer: timedelta
    evidence: str


def suggestions(
    rule: Rule, firings: Sequence[Firing], pasts: Sequence[Past], *, until: datetime
) -> tuple[Suggestion, ...]:
    """At most one for `for` and one against firing again; none where the rule is quiet. `firings` are the rule's,
    in the order in which they began."""
    if len(firings) < FEW:
        return ()
    firings = firings[-LATEST:]
    narrow = list(excerpts(pasts, firings, rule, until=until))
    if not narrow:
        return ()
    chosen = [_mildest(_tried(rule, _longer_holds(rule), firings, narrow, until, alike=True))]
    if again(firings) / len(firings) >= WORTH:
        wide = list(excerpts(pasts, firings, rule, until=until, margin=MARGIN))
        # what says when it is over comes before what waits for it
        for variants in (_clears(rule), _longer_keeps(rule)):
            found = _mildest(_tried(rule, variants, firings, wide, until))
            if found is not None:
                chosen.append(found)
                break
    return tuple(one for one in chosen if one is not None)


def _longer_holds(rule: Rule) -> Mapping[tuple[str, str], Rule]:
    longer = (hold for hold in _HOLDS if hold > rule.hold)
    return {("for", durations.show(hold)): replace(rule, hold=hold) for hold in longer}


def _longer_keeps(rule: Rule) -> Mapping[tuple[str, str], Rule]:
    longer = (keep for keep in _KEEPS if keep > rule.keep)
    return {("keep_firing_for", durations.show(keep)): replace(rule, keep=keep) for keep in longer}


def _clears(rule: Rule) -> Mapping[tuple[str, str], Rule]:
    """Conditions that are further away than the one which fires: half of its figure, and nothing at all."""
    if rule.clear is not None:
        return {}
    condition = parse(rule.stages[-1][1])
    if not isinstance(condition, Comparison) or condition.op not in (">", ">="):
        return {}
    limit = _figure(condition, rule)
    if limit is None or limit <= 0 or dimension(condition.left, rule.thresholds) is not Dimension.NUMBER:
        return {}
    left = written(condition.left)
    texts = [f"{left} <= {written(Number(float(limit // 2)))}"] if limit >= 4 else []
    texts += [f"{left} == 0"] if limit >= 1 + (condition.op == ">=") else []
    return {("clear", text): replace(rule, clear=text) for text in texts}


def _figure(condition: Comparison, rule: Rule) -> float | None:
    match condition.right:
        case Number(percent=False):
            return condition.right.value
        case Name(text) if text in rule.thresholds and rule.thresholds[text].dimension is Dimension.NUMBER:
            return float(rule.thresholds[text].value)
        case _:
            return None


def _tried(
    rule: Rule,
    variants: Mapping[tuple[str, str], Rule],
    firings: Sequence[Firing],
    parts: Sequence[Excerpt],
    until: datetime,
    *,
    alike: bool = False,
) -> list[Suggestion]:
    """What each variant makes of the stretches, all in one replay of each, every one under a name of its own.

    `alike`: once all of them fire they go on as the rule's own alert does, which ends where the stretch does.
    """
    named = {f"{number} {rule.name}": place for number, place in enumerate(variants)}
    rules = tuple(replace(variants[place], name=name) for name, place in named.items())
    by_place: dict[tuple[str, str], list[Firing]] = {place: [] for place in variants}
    endless: set[tuple[str, str]] = set()
    for part in parts if rules else ():
        for firing in Replay((part.past,), rules, None).play(until, enough=len(rules) if alike else None).firings:
            place = named[firing.rule]
            ends = part.until if alike and part.until < until else None
            by_place[place].append(replace(firing, resolved_at=firing.resolved_at or ends))
            if firing.resolved_at is None and ends is None and part.cut:
                endless.add(place)
    return [
        _compared(rule, place, firings, sorted(after, key=lambda one: one.fired_at), until)
        for place, after in by_place.items()
        if parts and place not in endless
    ]


def _compared(
    rule: Rule, place: tuple[str, str], before: Sequence[Firing], after: Sequence[Firing], until: datetime
) -> Suggestion:
    """What became of the firings: one that is left is the first of a former time at its instance, or goes on then."""
    key, value = place
    delays = [late for firing in before if (late := _late(firing, after, until)) is not None]
    removed = max(0, len(before) - len(after)) if key != "for" else len(before) - len(delays)
    delayed = typical(delays) if delays else timedelta()
    longer = sum((lasted(one, until) for one in after), timedelta()) - sum(
        (lasted(one, until) for one in before), timedelta()
    )
    figures = (len(before), removed, delayed, longer)
    return Suggestion(rule.name, key, value, *figures, _evidence(place, *figures))


def _late(firing: Firing, after: Sequence[Firing], until: datetime) -> timedelta | None:
    """How much later it fires now; None where it does not any more."""
    where, end = _where(firing), firing.resolved_at or until
    for other in after:
        if firing.fired_at <= other.fired_at <= end and _where(other) == where:
            return other.fired_at - firing.fired_at
    return None


def _where(firing: Firing) -> dict[str, str]:
    """What its alert shares with those of the rule's variants."""
    return {name: value for name, value in firing.labels.items() if name != "alertname"}


def _evidence(place: tuple[str, str], firings: int, removed: int, delayed: timedelta, longer: timedelta) -> str:
    key, value = place
    rest, of = firings - removed, f"{firings}" if firings < LATEST else f"the latest {firings:,}"
    if key != "for":
        more = f", which fire {durations.show(longer)} longer altogether" if longer > timedelta() else ""
        return f"{key}: {value} would have made {rest} of {of} firings{more}"
    if not rest:
        return f"{key}: {value} would have removed all {of.removeprefix('the ')} firings"
    others = f"the other {rest}" if removed else f"all {rest}"
    return f"{key}: {value} would have removed {removed} of {of} firings and delayed {others} by {_rough(delayed)}"


def _rough(length: timedelta) -> str:
    return durations.show(timedelta(seconds=round(length.total_seconds())))


def _mildest(found: Sequence[Suggestion]) -> Suggestion | None:
    """The first, in the order of strictness, that does nearly as much as any; None where none is worth it."""
    most = max((one.removed for one in found), default=0)
    worth = [one for one in found if one.removed >= NEARLY * most and one.removed >= max(2, WORTH * one.firings)]
    return worth[0] if worth else None
