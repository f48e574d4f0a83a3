"""The alerts of a group as its next message tells them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from monitor.model import Alert, Severity
from monitor.notification import AlertView, Change


@dataclass(frozen=True, slots=True)
class Said:
    """What a group last said of one alert: while an alert stands here, people believe that it fires.

    `flapping`: they were told that it flaps, so that they hear of it again only when it stands still.
    """

    severity: Severity
    values: Mapping[str, float] = field(default_factory=dict)
    flapping: bool = False
    owner: str = ""
    """Who was said to care for it."""


def views(
    firing: Iterable[Alert],
    over: Iterable[Alert],
    *,
    said: Mapping[str, Said],
    flapping: Collection[str],
    owners: Mapping[str, str] = MappingProxyType({}),
) -> tuple[AlertView, ...]:
    """Those that fire and those that are over, in reading order, against what was said of them before. `owners` are
    those who care for them."""
    told = [
        _view(one, said.get(one.key), _change(one, said.get(one.key), one.key in flapping), owners.get(one.key, ""))
        for one in firing
    ]
    told += [_view(one, said.get(one.key), Change.RESOLVED) for one in over]
    return tuple(sorted(told, key=_reading_order))


def _reading_order(view: AlertView) -> tuple[bool, int, list[tuple[str, str]]]:
    return not view.firing, -view.severity.rank, sorted(view.labels.items())


def _view(alert: Alert, said: Said | None, change: Change, owner: str = "") -> AlertView:
    return AlertView(
        key=alert.key,
        labels=alert.all_labels,
        annotations=alert.annotations,
        severity=alert.severity,
        firing=change is not Change.RESOLVED,
        change=change,
        started_at=alert.fired_at or alert.since,
        resolved_at=alert.resolved_at,
        cause=alert.cause,
        values=alert.values,
        values_at=alert.values_at,
        values_before=said.values if said else {},
        acknowledged_by=owner,
        source=alert.source or "",
    )


def _change(alert: Alert, said: Said | None, flaps: bool) -> Change:
    if flaps and not (said and said.flapping):
        return Change.FLAPPING
    if said is None:
        return Change.NEW
    return Change.WORSE if alert.severity.rank > said.severity.rank else Change.SAME
