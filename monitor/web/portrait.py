"""What the page of one instance shows, made from what the store holds of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.matchers import Matcher
from monitor.model import KINDS, STATUSES, Alert, Counts, Instance, Run, Severity, State, Transition, Truth
from monitor.rules.inquest import Inquest
from monitor.store.board import Seen
from monitor.timeline import Column, Piece, Polls, columns, drawable, gaps, pieces, polls
from monitor.web.charts import Band, Chart, Mark, Scale, chart
from monitor.web.standing import Level, Tile, current, level_of, tiles

RANGES: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
"""How far back the charts may reach, by the name in the address."""

LIVE = (State.PENDING, State.FIRING, State.CLEARING)

_DRAWN = 160
"""Columns of a chart."""
_LISTED = {"1h": 12, "24h": 24, "7d": 28, "30d": 30}
"""Rows of the table."""
_STRIP = 1000.0
_ORDER = tuple((kind, status) for kind in KINDS for status in ("abnormal", "terminated", "running", "completed"))


@dataclass(frozen=True, slots=True)
class Firing:
    """A stretch in which an alert fired; `bar` is its place in the strip, `band` in each chart."""

    alert: Alert
    start: datetime
    end: datetime | None
    level: Level
    bar: Band
    band: Band


@dataclass(frozen=True, slots=True)
class Drawing:
    """One count with its chart."""

    kind: str
    status: str
    chart: Chart

    @property
    def bad(self) -> bool:
        return self.status in ("abnormal", "terminated") and bool(self.chart.last)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: the counts in the order of the charts."""

    column: Column
    polls: Polls


@dataclass(frozen=True, slots=True)
class History:
    """The stretch that is drawn, under the name of its range."""

    range: str
    scale: Scale
    marks: Sequence[Mark]
    quarters: Sequence[datetime]
    gaps: Sequence[tuple[Band, bool]]
    strip_gaps: Sequence[tuple[Band, bool]]
    missing: Sequence[Piece]
    drawings: Sequence[Drawing]
    firings: Sequence[tuple[Alert, Sequence[Firing]]]
    rows: Sequence[Row]
    polls: Polls


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says now. `word` is one of the levels, `clear` or `unknown`; `left` how long until it fires."""

    rule: str
    word: str
    stages: Sequence[tuple[Severity, str]]
    clear: str
    hold: timedelta
    alert: Alert | None = None
    left: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Portrait:
    """The page at the moment `at`."""

    at: datetime
    tile: Tile
    history: History
    findings: Sequence[Finding]
    grouped: Sequence[str]
    live: Sequence[Alert]
    over: Sequence[Alert]
    errors: Sequence[Run]
    matchers: Sequence[str]

    @property
    def instance(self) -> Instance:
        return self.tile.seen.instance


def tile_of(seen: Seen, alerts: Iterable[Alert], at: datetime) -> Tile:
    """The instance as the overview shows it."""
    return tiles(current([seen], at=at), alerts)[0]


def history(
    span: str, runs: Sequence[Run], alerts: Sequence[Alert], steps: Sequence[Transition], at: datetime
) -> History:
    """The charts of `span`, one of `RANGES`, up to `at`."""
    since = at - RANGES[span]
    parts = pieces(runs, since, at)
    scale, strip = Scale(since, at), Scale(since, at, _STRIP)
    missing, drawn, listed = gaps(parts), drawable(parts, since, at, _DRAWN), columns(parts, since, at, _LISTED[span])
    places = {(kind, status): place for place, (kind, status) in enumerate((k, s) for k in KINDS for s in STATUSES)}
    return History(
        range=span,
        scale=scale,
        marks=scale.marks(),
        quarters=[since + place * RANGES[span] / 4 for place in range(5)],
        gaps=scale.bands(missing),
        strip_gaps=strip.bands(missing),
        missing=missing,
        drawings=[Drawing(*one, chart(".".join(one), drawn, places[one], scale)) for one in _ORDER],
        firings=_firings(alerts, steps, scale, strip),
        rows=[Row(column, polls(runs, column.start, column.end)) for column in reversed(listed)],
        polls=polls(runs, since, at),
    )


def findings(inquest: Inquest | None, alerts: Iterable[Alert], at: datetime) -> list[Finding]:
    """What each rule says, those that fire first."""
    if inquest is None:
        return []
    moving = {one.rule: one for one in alerts if one.state in LIVE}
    found = []
    for ruling in inquest.rulings:
        alert = moving.get(ruling.rule)
        word, left = _word(ruling.truth, ruling.severity, alert), None
        if alert is not None and alert.state is State.PENDING:
            left = max(timedelta(), alert.since + ruling.hold - at)
        found.append(Finding(ruling.rule, word, ruling.stages, ruling.clear, ruling.hold, alert, left))
    order = [*(level.value for level in Level), "unknown", "clear"]
    return sorted(found, key=lambda one: order.index(one.word))


def matchers_of(instance: Instance) -> tuple[str, ...]:
    """What a silence of this instance alone matches."""
    return str(Matcher("account", "=", instance.account)), str(Matcher("instance_id", "=", instance.id))


def counted(run: Run | None) -> Sequence[tuple[str, Counts]]:
    """The counts of a run by kind, none where its polls failed."""
    if run is None or run.common is None or run.cdc is None:
        return ()
    return tuple(zip(KINDS, (run.common, run.cdc), strict=True))


def _word(truth: Truth, severity: Severity, alert: Alert | None) -> str:
    if alert is not None:
        return level_of(alert.severity).value if alert.state.fires else Level.PENDING.value
    if truth is Truth.BREACH:
        return level_of(severity).value
    return "unknown" if truth is Truth.UNKNOWN else "clear"


def _firings(
    alerts: Sequence[Alert], steps: Sequence[Transition], scale: Scale, strip: Scale
) -> list[tuple[Alert, Sequence[Firing]]]:
    found: list[tuple[Alert, Sequence[Firing]]] = []
    for alert in alerts:
        mine = [step for step in steps if step.alert == alert.key]
        spells = [
            Firing(
                alert,
                start,
                end,
                level_of(alert.severity),
                strip.band(start, end or strip.until, least=4.0),
                scale.band(start, end or scale.until, least=1.5),
            )
            for start, end in _spells(alert, mine)
            if (end or scale.until) > scale.since and start < scale.until
        ]
        if spells:
            found.append((alert, spells))
    return found


def _spells(alert: Alert, steps: Sequence[Transition]) -> list[tuple[datetime, datetime | None]]:
    """When the alert fired, from its steps; without any of that time as it says itself."""
    if not steps:
        fired = alert.fired_at if alert.state in (*LIVE[1:], State.RESOLVED) else None
        return [(fired, None if alert.state.fires else alert.resolved_at)] if fired else []
    found: list[tuple[datetime, datetime | None]] = []
    start: datetime | None = None
    for place, step in enumerate(steps):
        if place == 0 and step.before.fires:
            start = min(alert.fired_at or step.at, step.at)
        if step.after.fires and start is None:
            start = step.at
        elif not step.after.fires and start is not None:
            found.append((start, step.at))
            start = None
    if start is not None:
        found.append((start, None if alert.state.fires else alert.resolved_at))
    return found
