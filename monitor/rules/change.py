"""One alert that moves, or only changes its numbers and its words: as a value. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from monitor import lifecycle, templates
from monitor.model import TASKS, Alert, Finding, Transition, Truth
from monitor.rules.facts import Facts
from monitor.rules.judge import Judge
from monitor.rules.rule import Rule
from monitor.textfault import TextFault


@dataclass(frozen=True, slots=True)
class Change:
    """One alert that is not as it was. `alert` is None when a pending one was dropped."""

    rule: str
    key: str
    alert: Alert | None
    transition: Transition | None


def change_of(
    rule: Rule, judge: Judge, alert: Alert | None, finding: Finding, facts: Facts, *, refresh: bool
) -> Change | None:
    """What `finding`, judged on `facts`, makes of `alert`. Where nothing moves its numbers change only if they are to
    be refreshed."""
    moved, transition = lifecycle.advance(alert, finding, rule)
    if transition is None and not (refresh and finding.truth is not Truth.UNKNOWN):
        return None
    if moved is not None:
        if transition is None:
            moved = replace(moved, values=finding.values, values_at=finding.at)
        # They keep the words of the last breach: what is said when it is over is what was wrong.
        if finding.truth is Truth.BREACH and (rule.summary or rule.runbook or moved.annotations):
            rendered = annotate(rule, moved, judge.value(facts, severity=moved.severity))
            found = {name: text for name, text in moved.annotations.items() if name == TASKS}
            moved = replace(moved, annotations=rendered | found)
    return Change(rule.name, finding.key, moved, transition)


def annotate(rule: Rule, alert: Alert, value: float | None) -> dict[str, str]:
    """The rule's summary and runbook with the alert's numbers filled in.

    A summary that fails on these numbers never holds the alert back: the fault stands in its place.
    """
    names = templates.names(
        values=alert.values,
        labels=alert.all_labels,
        severity=alert.severity,
        started_at=alert.since,
        value=value,
    )
    rendered = {}
    for name, text in (("summary", rule.summary), ("runbook", rule.runbook)):
        if not text:
            continue
        try:
            rendered[name] = _template(text).render(names)
        except TextFault as fault:
            rendered[name] = f"{rule.name} ({name} cannot be rendered: {fault.message})"
    return rendered


def note(alert: Alert | None, known: Alert, *, name: str, text: str) -> Alert | None:
    """`alert` with the annotation `text`, or without one where that is empty; None where nothing changes, or where it
    no longer fires as it did when it was `known`."""
    if alert is None or not alert.state.fires or alert.fired_at != known.fired_at:
        return None
    noted = {**alert.annotations, name: text} if text else {k: v for k, v in alert.annotations.items() if k != name}
    return replace(alert, annotations=noted) if noted != alert.annotations else None


_template = lru_cache(maxsize=4096)(templates.compile_template)
