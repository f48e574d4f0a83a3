"""What a test of the rules expected beside what was seen, aligned for people. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from monitor import durations
from monitor.model import Alert, Labels, State
from monitor.rules.case import ExpectAlerts

_FIRST = ("alertname", "severity", "instance")
_ABSENT = "-"


def alerts_differ(expected: ExpectAlerts, alerts: Iterable[Alert], *, start: datetime) -> list[str]:
    """A text for each list of `expected` that is not what is there: none where all are. `start` is the test's."""
    alerts = list(alerts)
    lists: tuple[tuple[str, Sequence[Labels] | None, Callable[[Alert], bool]], ...] = (
        ("firing", expected.alerts, lambda alert: alert.state.fires),
        ("pending", expected.pending, lambda alert: alert.state is State.PENDING),
    )
    failures = []
    for word, wanted, chosen in lists:
        if wanted is None:
            continue
        seen = [alert for alert in alerts if chosen(alert)]
        others = [alert for alert in alerts if not chosen(alert)]
        rows = _rows(wanted, seen, others, start)
        if any(mark != " " for mark, _, _ in rows):
            where = f"line {expected.line}: at {durations.show(expected.at)} these {word} alerts differ:"
            failures.append("\n".join([where, *_table(rows)]))
    return failures


_Row = tuple[str, str, str]


def _rows(wanted: Sequence[Labels], seen: Sequence[Alert], others: Sequence[Alert], start: datetime) -> list[_Row]:
    """Mark, expected, seen: what agrees first, then what nearly does, then what has no counterpart."""
    rest = list(seen)
    unmet: list[Labels] = []
    rows: list[_Row] = []
    for labels in wanted:
        found = next((alert for alert in rest if labels.items() <= alert.all_labels.items()), None)
        if found is None:
            unmet.append(labels)
        else:
            rest.remove(found)
            rows.append((" ", shown(labels), shown(found.all_labels, beside=labels)))
    for labels in unmet:
        near = next((alert for alert in rest if _near(labels, alert)), None)
        if near is not None:
            rest.remove(near)
            rows.append(("!", shown(labels), shown(near.all_labels, beside=labels)))
        else:
            rows.append(("-", shown(labels), _instead(labels, others, start)))
    return rows + [("+", _ABSENT, shown(alert.all_labels)) for alert in rest]


def _near(labels: Labels, alert: Alert) -> bool:
    return labels.get("alertname") == alert.all_labels["alertname"]


def _instead(labels: Labels, others: Sequence[Alert], start: datetime) -> str:
    """The alert that was meant, where it is there in another state."""
    for alert in others:
        if labels.items() <= alert.all_labels.items():
            return f"{_ABSENT} (it is {alert.state} since {durations.show(alert.state_since - start)})"
    return _ABSENT


def shown(labels: Labels, *, beside: Labels | None = None) -> str:
    """Labels as people read them, those that tell alerts apart first; with `beside` only those it has too."""
    names = sorted(labels, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
    return " ".join(f"{name}={labels[name]}" for name in names if beside is None or name in beside)


def _table(rows: Sequence[_Row]) -> list[str]:
    titled = [(" ", "expected", "seen"), *rows]
    wide = max(_columns(expected) for _, expected, _ in titled)
    return [f"    {mark} {expected}{' ' * (wide - _columns(expected))}   {seen}" for mark, expected, seen in titled]


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
