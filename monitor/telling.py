"""What a message tells of one alert: a headline, then lines, or named fields and what fits in none. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from monitor.curve import Curve
from monitor.figures import counts, figures, foreign, health, moved
from monitor.notification import AlertView
from monitor.wording import Wording
from monitor.writing import clean, near

Fields = tuple[tuple[str, str], ...]
"""Names and values, both short."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A curve with the words around it: `title` above it, `since` and `until` below its ends."""

    curve: Curve
    title: str
    since: str
    until: str


def headline(alert: AlertView, words: Wording) -> str:
    """What the rule says, or the names of rule and instance; of an alert that is over, that it is."""
    names = " · ".join(filter(None, (alert.name, alert.instance)))
    said = clean(alert.annotations.get("summary", "")) or clean(names)
    over = words.ended if alert.cause in words.causes else words.over
    return said if alert.firing else over.format(headline=said)


def lines(alert: AlertView, at: datetime, zone: tzinfo, words: Wording) -> tuple[str, ...]:
    """All there is to say, a line for each thing."""
    return _firing(alert, at, zone, words) if alert.firing else _ended(alert, at, zone, words)


def fields(alert: AlertView, at: datetime, zone: tzinfo, words: Wording) -> Fields:
    """The numbers and moments of it by their names, for chats that show such in two columns."""
    told = (*figures(alert, words), *_moments(alert, at, zone, words))
    return tuple((name, value) for name, value in told if value)


def prose(alert: AlertView, words: Wording) -> tuple[str, ...]:
    """What stands beside the fields: what is no number."""
    if alert.firing:
        told = (health(alert, words), words.tasks(alert.annotations))
        return tuple(filter(None, (*told, *foreign(alert, words))))
    return tuple(filter(None, (words.causes.get(alert.cause, ""), _back(alert, words))))


def plot(curve: Curve, at: datetime, zone: tzinfo, words: Wording) -> Plot:
    """The curve of a message of the moment `at`."""
    known = curve.known
    title = words.plotted.format(
        instance=clean(curve.instance, 80),
        status=words.counts[curve.status],
        low=min(known),
        high=max(known),
        last=known[-1],
    )
    return Plot(curve, title, near(curve.since, at, zone), near(curve.until, at, zone))


def _moments(alert: AlertView, at: datetime, zone: tzinfo, words: Wording) -> Iterator[tuple[str, str]]:
    began = near(alert.started_at, at, zone)
    if alert.firing:
        yield words.names["since"], began
        yield words.names["for"], words.span(at - alert.started_at)
        if alert.acknowledged_by:
            yield words.names["acknowledged"], clean(alert.acknowledged_by, 80)
        return
    end = alert.resolved_at or at
    if alert.cause not in words.causes and alert.values_at is not None:
        yield words.names["sampled"], near(alert.values_at, at, zone)
    yield words.names["began"], began
    yield words.names["ended"], near(end, at, zone)
    yield words.names["lasted"], words.span(end - alert.started_at)


def _firing(alert: AlertView, at: datetime, zone: tzinfo, words: Wording) -> tuple[str, ...]:
    since = words.since.format(start=near(alert.started_at, at, zone), span=words.span(at - alert.started_at))
    owner = clean(alert.acknowledged_by, 80)
    acknowledged = words.named.format(name=words.names["acknowledged"], value=owner) if owner else ""
    told = (health(alert, words), counts(alert, words), words.tasks(alert.annotations))
    return tuple(filter(None, (*told, *foreign(alert, words), since, acknowledged)))


def _ended(alert: AlertView, at: datetime, zone: tzinfo, words: Wording) -> tuple[str, ...]:
    end = alert.resolved_at or at
    lasted = words.lasted.format(
        start=near(alert.started_at, at, zone), end=near(end, at, zone), span=words.span(end - alert.started_at)
    )
    if alert.cause not in words.causes:
        return tuple(filter(None, (_proof(alert, at, words), lasted)))
    counted = counts(alert, words) if moved(alert) else ""
    return tuple(filter(None, (words.causes[alert.cause], counted, lasted)))


def _proof(alert: AlertView, at: datetime, words: Wording) -> str:
    """The counts, before and after, with the age of the sample that shows that it is well."""
    counted = words.between.join(filter(None, (_back(alert, words), counts(alert, words))))
    if not counted or alert.values_at is None:
        return counted
    return words.proof.format(counts=counted, ago=words.span(at - alert.values_at))


def _back(alert: AlertView, words: Wording) -> str:
    """That an instance which did not answer does so again."""
    return words.answers if alert.values_before.get("up") == 0 and alert.values.get("up") == 1 else ""
