"""What people will read: the summary of each rule, filled in with sample values. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from monitor import templates
from monitor.model import Counts, Severity
from monitor.policy.policy import Policy
from monitor.rules.facts import Facts, values
from monitor.rules.rule import Rule
from monitor.textfault import TextFault

_AT = datetime(2026, 1, 5, 2, 1, tzinfo=UTC)
# Numbers that differ, so that one cannot be taken for another; a poll failed lately, so that ages are worth reading.
_FACTS = Facts(
    at=_AT,
    common=Counts(running=20, abnormal=4, terminated=6, completed=35),
    cdc=Counts(running=8, abnormal=3, terminated=1, completed=2),
    up=True,
    failures=2,
    age=245.0,
    latency=1.5,
)
_VALUE = 7.0
"""What stands for a value that one sample alone does not give."""


class Preview(NamedTuple):
    """A rule's name, its worst severity, and its summary as people would read it; empty where it has none."""

    rule: str
    severity: Severity
    text: str


def previews(policy: Policy) -> Iterator[Preview]:
    """Each rule of `policy`, in the order of the files."""
    labels = _labels(policy)
    for rule in policy.rules:
        worst = rule.stages[0][0]
        yield Preview(rule.name, worst, _filled(rule, labels, worst) if rule.summary else "")


def _filled(rule: Rule, labels: dict[str, str], severity: Severity) -> str:
    alone = rule.by is None
    shown = labels if rule.by is None else {name: labels[name] for name in rule.by if name in labels}
    own = {**shown, "alertname": rule.name, **rule.labels, "severity": str(severity)}
    # What several instances add up to, one sample does not give.
    judge = rule.bind(labels) if alone else None
    value = judge.value(_FACTS, severity) if judge is not None else None
    names = templates.names(
        values=values(_FACTS) if alone else {},
        labels=own,
        severity=severity,
        started_at=_AT,
        value=_VALUE if value is None else value,
    )
    try:
        return templates.compile_template(rule.summary).render(names)
    except TextFault as fault:
        return f"(cannot be shown with these values: {fault.message})"


def _labels(policy: Policy) -> dict[str, str]:
    """Labels as an instance has them: those that the accounts and the tests of the policy give, the first of each."""
    found: dict[str, str] = {}
    for account in policy.accounts:
        found.setdefault("account", account.name)
        for instance in account.instances:
            found.setdefault("instance", instance.name)
        for labels in (account.labels, *(instance.labels for instance in account.instances)):
            found = {**labels, **found}
    for case in policy.cases:
        for one in case.instances:
            found = {**one.labels, "instance": one.name, **found}
    rest = {
        "account": "prod",
        "region": "cn-north-4",
        "project_id": "c53626012ba84727b938ca8bf03108ef",
        "instance": "orders",
        "instance_id": "fae7ff6c-8e07-4cf8-9e67-589cab2f017c",
    }
    return {**rest, **found}
