"""What a message tells of one alert beside its summary: its counts, before and after, and how its instance answers;
or what another system wrote on it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from monitor.model import KINDS, STATUSES, TASKS
from monitor.notification import AlertView
from monitor.wording import Wording
from monitor.writing import clean, number

_AGE_LIMIT = 1e9
"""Seconds: whatever is older was never there."""
_TOLD_ELSEWHERE = ("summary", "runbook", "runbook_url", TASKS)
_LINES = 5
_STATUSES = ("abnormal", *(status for status in STATUSES if status != "abnormal"))


def moved(alert: AlertView) -> bool:
    """Whether a count is another than in the last message."""
    before, after = alert.values_before, alert.values
    return any(name in before and name in after and before[name] != after[name] for name in _STATUSES)


def health(alert: AlertView, words: Wording) -> str:
    """Where the instance does not answer: for how many polls, and since when nothing is known."""
    values = alert.values
    if values.get("up") != 0:
        return ""
    failures = values.get("failures")
    parts = [] if failures is None else [words.silent.format(failures=number(failures))]
    if 0 <= (age := values.get("age", _AGE_LIMIT)) < _AGE_LIMIT:
        parts.append(words.last_good.format(ago=words.span(timedelta(seconds=age))))
    return words.between.join(parts)


def foreign(alert: AlertView, words: Wording) -> tuple[str, ...]:
    """What another system wrote on an alert that it posted, and where it leads: the first few lines of that."""
    others = [(name, text) for name, text in alert.annotations.items() if name not in _TOLD_ELSEWHERE and text]
    lines = [words.named.format(name=clean(name, 80), value=clean(text)) for name, text in others[:_LINES]]
    return (*lines, clean(alert.source, 1000))


def counts(alert: AlertView, words: Wording) -> str:
    """The counts, before and after where they moved, the others unless nothing; of a group what its rule adds up."""
    there = [status for status in _STATUSES if status == "abnormal" or _some(alert, status)]
    told = [_counted(alert, status, words, name=words.counts[status]) for status in there]
    told += [_figure(alert, key, clean(key, 80), words) for key in alert.values if "(" in key]
    return words.between.join(filter(None, told))


def figures(alert: AlertView, words: Wording) -> Iterator[tuple[str, str]]:
    """The same, each with its name."""
    for status in _STATUSES:
        if status == "abnormal" or _some(alert, status):
            yield words.counts[status], _counted(alert, status, words, name="").strip()
    for key in alert.values:
        if "(" in key:
            yield clean(key, 80), _figure(alert, key, "", words).strip()


def _some(alert: AlertView, status: str) -> bool:
    """Whether there are or were tasks in this state."""
    keys = (status, *(f"{kind}.{status}" for kind in KINDS))
    return any(values.get(key) for values in (alert.values, alert.values_before) for key in keys)


def _counted(alert: AlertView, status: str, words: Wording, *, name: str) -> str:
    """One state under this name: both kinds together, or kind by kind where only that is known."""
    keys = [f"{kind}.{status}" for kind in KINDS]
    if status not in alert.values:
        return _kinds(alert, keys, words, name=f" {name}" if name else "")
    total = _figure(alert, status, name, words)
    if status != "abnormal" or not any(alert.values.get(key) or alert.values_before.get(key) for key in keys):
        return total
    return words.by_kind.format(total=total, kinds=_kinds(alert, keys, words, name=""))


def _kinds(alert: AlertView, keys: Iterable[str], words: Wording, *, name: str) -> str:
    figures = (_figure(alert, key, words.counts[kind] + name, words) for kind, key in zip(KINDS, keys, strict=True))
    return words.between.join(filter(None, figures))


def _figure(alert: AlertView, key: str, name: str, words: Wording) -> str:
    before, after = alert.values_before.get(key), alert.values.get(key)
    if after is None:
        return ""
    say = words.seconds if key.endswith(("(age)", "(latency)")) else number
    if before is None or before == after:
        return words.counted.format(name=name, after=say(after))
    return words.changed.format(name=name, before=say(before), after=say(after))
