"""Plays the tests of the rules and says what differs from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter

from monitor import durations
from monitor.message import plain, render
from monitor.model import STATUSES, Alert, Counts, Failure, FailureKind, Instance, Labels, Sample, State
from monitor.notification import Notification
from monitor.quieting import PLAIN, Quieting
from monitor.routing import Route
from monitor.rules.case import Case, CaseInstance, ExpectAlerts, ExpectMessage
from monitor.rules.rule import Rule
from monitor.rules.stage import Stage

_LOST = Failure(FailureKind.UNREACHABLE, "this poll fails in the test")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one test: `failures` are texts for people, none where it passed."""

    case: Case
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.failures


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules and routes under test. `languages` are those of the receivers."""

    rules: tuple[Rule, ...]
    route: Route
    languages: Mapping[str, str]
    quieting: Quieting = PLAIN

    def play(self, case: Case) -> Result:
        """One test, in virtual time."""
        instances = {one: _instance(one) for one in case.instances}
        stage = Stage(instances.values(), self.rules, self.route, self.quieting)
        polls = max((len(values) for one in case.instances for _, values in one.series), default=0)
        moments = {case.start + number * case.every for number in range(polls)}
        moments |= {case.start + expected.at for expected in case.expect}
        moments |= {case.start + expected.at for expected in case.messages or ()}
        said: list[tuple[timedelta, Notification]] = []
        failures: list[str] = []
        for at in sorted(moments):
            before = stage.speak(at - timedelta(microseconds=1))
            for one, instance in instances.items():
                sample = _sample(one, instance, case, at)
                if sample is not None:
                    stage.take(sample)
            said += [(notification.at - case.start, notification) for notification in (*before, *stage.speak(at))]
            for expected in case.expect:
                if case.start + expected.at == at:
                    failures += _differences(expected, stage.alerts())
        if case.messages is not None:
            failures += self._unexpected(case.messages, said)
        return Result(case, tuple(failures))

    def _unexpected(self, expected: Sequence[ExpectMessage], said: list[tuple[timedelta, Notification]]) -> list[str]:
        """What differs between the messages that were said and those expected, moment by moment."""
        failures: list[str] = []
        rest = list(said)
        if not expected and said:
            return self._differ(durations.show(said[-1][0]), [], [notification for _, notification in said])
        in_order = sorted(expected, key=attrgetter("at"))
        for at, wanted in groupby(in_order, key=attrgetter("at")):
            due = [notification for when, notification in rest if when <= at]
            rest = [(when, notification) for when, notification in rest if when > at]
            failures += self._differ(durations.show(at), list(wanted), due)
        return failures

    def _differ(self, at: str, wanted: list[ExpectMessage], due: list[Notification]) -> list[str]:
        failures: list[str] = []
        for one in wanted:
            found = next(
                (said for said in due if said.receiver == one.receiver and one.contains in self.text(said)), None
            )
            if found is None:
                failures.append(f"line {one.line}: at {at} no message to {one.receiver} with {one.contains!r}")
            else:
                due.remove(found)
        for said in due:
            text = self.text(said).strip().replace("\n", "\n      | ")
            failures.append(f"at {at} a message to {said.receiver} that is not expected:\n      | {text}")
        return failures

    def text(self, notification: Notification) -> str:
        """A message as its receiver reads it, without format."""
        language = self.languages.get(notification.receiver, "en")
        return plain(render(notification, language=language, zone=UTC))


def _instance(one: CaseInstance) -> Instance:
    return Instance(account=one.account, id=one.name, name=one.name, labels=one.labels)


def _sample(one: CaseInstance, instance: Instance, case: Case, at: datetime) -> Sample | None:
    """What the instance shows at `at`; None when it is not polled then."""
    number, rest = divmod(at - case.start, case.every)
    length = max((len(values) for _, values in one.series), default=0)
    if rest or not 0 <= number < length:
        return None
    counts = {name: values[number] for name, values in one.series}
    if None in counts.values():
        return Sample(instance, at, timedelta(), failure=_LOST)
    common = [counts.get(f"common.{status}", counts.get(status)) or 0 for status in STATUSES]
    cdc = [counts.get(f"cdc.{status}") or 0 for status in STATUSES]
    return Sample(instance, at, timedelta(), Counts(*common), Counts(*cdc))


def _differences(expected: ExpectAlerts, alerts: Iterable[Alert]) -> list[str]:
    alerts = list(alerts)
    checks: list[tuple[str, tuple[Labels, ...] | None, Callable[[Alert], bool]]] = [
        ("firing", expected.alerts, lambda alert: alert.state.fires),
        ("pending", expected.pending, lambda alert: alert.state is State.PENDING),
    ]
    failures: list[str] = []
    for word, wanted, chosen in checks:
        if wanted is None:
            continue
        rest = [alert.all_labels for alert in alerts if chosen(alert)]
        missing = []
        for labels in wanted:
            found = next((have for have in rest if labels.items() <= have.items()), None)
            if found is None:
                missing.append(labels)
            else:
                rest.remove(found)
        lines = [f"      - {_shown(labels)}   (expected)" for labels in missing]
        lines += [f"      + {_shown(labels)}   (seen)" for labels in rest]
        if lines:
            where = f"line {expected.line}: at {durations.show(expected.at)} these {word} alerts differ:"
            failures.append("\n".join([where, *lines]))
    return failures


def _shown(labels: Labels) -> str:
    return "{" + ", ".join(f"{name}={value!r}" for name, value in sorted(labels.items())) + "}"
