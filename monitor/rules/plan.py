"""What other rules would make of the alerts as they stand, if all went on showing what they showed last. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.builtin import VERSION as BUILT_IN
from monitor.model import Alert, Labels, Severity
from monitor.rules.past import Past, past_of, spacing
from monitor.rules.replay import Replay
from monitor.rules.rule import Rule

EVERY = timedelta(seconds=30)
"""Between two polls, where an instance was polled once only."""
QUIET = timedelta(minutes=10)
"""An instance whose last poll lies so far behind the newest of all is not polled any more."""
_TICK = timedelta(microseconds=1)


class Effect(enum.StrEnum):
    """What becomes of one alert."""

    FIRES = "fires"
    RESOLVES = "resolves"
    RISES = "rises"
    FALLS = "falls"
    ENDS = "ends"
    """Its rule is gone."""
    KEEPS = "keeps"


@dataclass(frozen=True, slots=True)
class Planned:
    """One alert: what becomes of it and when, its severity before and after (None where it does not fire)."""

    effect: Effect
    labels: Labels
    before: Severity | None
    after: Severity | None
    wait: timedelta | None = None


def plan(pasts: Sequence[Past], alerts: Iterable[Alert], rules: tuple[Rule, ...]) -> list[Planned]:
    """What becomes of the live `alerts`, and which new ones fire, under `rules`; worst effects first.

    `pasts` go up to now. Timers of live alerts go on, as in a running service; those of new ones begin with the next
    poll. Alerts that no rule made are left out.
    """
    live = {alert.key: alert for alert in alerts}
    names = {rule.name for rule in rules}
    horizon = max((rule.hold + rule.keep for rule in rules), default=timedelta())
    onwards = [_onward(past, horizon) for past in polled(pasts)]
    replay = Replay(onwards, rules, None, alerts=[alert for alert in live.values() if alert.rule in names])
    now = max((past.health.run.end for past in onwards if past.health and past.health.run), default=None)
    until = max((run.end for past in onwards for run in past.runs), default=None)
    if until is None or now is None:
        return []
    after = {alert.key: alert for alert in replay.play(until).alerts if alert.state.fires}
    moved = _moments(replay, now)
    within = {past.instance.key for past in onwards}
    found = [
        _planned(alert, after.get(key), moved.get(key), gone=alert.rule not in names)
        for key, alert in live.items()
        if alert.state.fires and (alert.instance in within or _is_of_group(alert))
    ]
    new = (alert for key, alert in after.items() if key not in live or not live[key].state.fires)
    found += [Planned(Effect.FIRES, one.labels, None, one.severity, moved.get(one.key)) for one in new]
    order = list(Effect)
    return sorted(found, key=lambda one: (order.index(one.effect), sorted(one.labels.items())))


def polled(pasts: Sequence[Past]) -> list[Past]:
    """The instances that are still polled: there are others whose history is kept."""
    newest = max((past.runs[-1].end for past in pasts), default=None)
    return [
        past
        for past in pasts
        if newest is not None and newest - past.runs[-1].end <= max(QUIET, 5 * spacing(past.runs[-1]))
    ]


def _is_of_group(alert: Alert) -> bool:
    return alert.instance is None and alert.rule_version != BUILT_IN


def _onward(past: Past, horizon: timedelta) -> Past:
    """The instance from its last poll on, for `horizon`."""
    last = past.runs[-1]
    step = spacing(last) or EVERY
    polls = horizon // step + 3
    following = replace(last, start=last.end + step, end=last.end + polls * step, polls=polls)
    runs = [*past.before, *past.runs, following]
    health = past.health
    first_at = health.first_at if health else past.runs[0].start
    good = health.good if health else None
    return past_of(past.instance, first_at=first_at, runs=runs, good=good, since=last.end + _TICK, until=following.end)


def _moments(replay: Replay, now: datetime) -> Mapping[str, timedelta]:
    """How long it takes each alert to get where it is at the end."""
    return {step.alert: max(timedelta(), step.at - now) for step in replay.transitions if step.audible}


def _planned(alert: Alert, after: Alert | None, wait: timedelta | None, *, gone: bool) -> Planned:
    if gone:
        return Planned(Effect.ENDS, alert.labels, alert.severity, None)
    if after is None:
        return Planned(Effect.RESOLVES, alert.labels, alert.severity, None, wait)
    if after.severity is alert.severity:
        return Planned(Effect.KEEPS, alert.labels, alert.severity, alert.severity)
    effect = Effect.RISES if after.severity.rank > alert.severity.rank else Effect.FALLS
    return Planned(effect, alert.labels, alert.severity, after.severity, wait)
