"""The groups of instances on the stage: what a sample of one says of all that share its labels. Pure.

Whoever jumps from one sample that matters to the next has to know when any sample of any member may matter: while an
alert of the group waits for time, right after it moved, and after a failed poll, which can end nothing although all may
be well.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.lifecycle import TIMED
from monitor.model import Alert, InstanceKey, Sample, State
from monitor.rules.change import Change
from monitor.rules.cohort import Cohort
from monitor.rules.cohorts import Cohorts
from monitor.rules.edges import Edges
from monitor.rules.rule import Rule
from monitor.rules.watch import Step, Watch
from monitor.rules.window import Window


class Together:
    """The rules with `by` over the instances of `watches`."""

    def __init__(self, rules: Iterable[Rule], watches: Iterable[Watch], *, figures: bool = True) -> None:
        """Without `figures` an alert that does not move keeps the numbers it had."""
        self._figures = figures
        self._rules = tuple(rule for rule in rules if rule.by is not None)
        self._cohorts = Cohorts(self._rules)
        for watch in watches:
            self._cohorts.join(watch.instance, watch.health, watch.window)
        self._restless: set[str] = set()
        self.roused: set[InstanceKey] = set()
        """The members of groups that the last sample made restless."""

    def know(self, alerts: Iterable[Alert]) -> None:
        """Their alerts as they stand before the first sample."""
        self._cohorts.alerts.update((alert.key, alert) for alert in alerts)
        self._cohorts = self._cohorts.under(self._rules)
        self._restless = {alert.key for alert in self._cohorts.alerts.values() if alert.state in TIMED}

    def edges(self, key: InstanceKey) -> Edges:
        """When, while the counts of an instance stay, it may change what its groups see of it."""
        return Edges(always=not all(cohort.steady(key) for cohort in self._cohorts.of(key)))

    def restless(self, key: InstanceKey) -> bool:
        """Whether any sample of this instance may move an alert of its groups."""
        return bool(self._restless) and any(cohort.key in self._restless for cohort in self._cohorts.of(key))

    def take(self, sample: Sample, step: Step, window: Window | None) -> list[Change]:
        """What `sample`, with which its own watch took `step`, changes for its groups."""
        self.roused = set()
        if not self._rules:
            return []
        began = step.began and self._figures
        changes = []
        for cohort in self._cohorts.saw(sample, step.health, window):
            change = cohort.judge(self._cohorts.alerts.get(cohort.key), sample.at, up=sample.up, began=began)
            if change is not None:
                self._cohorts.believe(change)
                changes.append(change)
            self._settle(cohort, moved=change is not None, up=sample.up)
        return changes

    def _settle(self, cohort: Cohort, *, moved: bool, up: bool) -> None:
        """Whether the next sample of any member may move what this one left as it is, or just `moved`."""
        alert = self._cohorts.alerts.get(cohort.key)
        alive = alert is not None and alert.state is not State.RESOLVED
        if not moved and not (alive and not up) and not (alert is not None and alert.state in TIMED):
            self._restless.discard(cohort.key)
        elif cohort.key not in self._restless:
            self._restless.add(cohort.key)
            self.roused |= set(cohort)
