"""Plays the tests of the rules and says what differs from what they expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter

from monitor import durations
from monitor.message import plain, render
from monitor.model import STATUSES, Alert, Counts, Failure, FailureKind, Instance, Sample
from monitor.notification import Notification
from monitor.quieting import PLAIN, Quieting
from monitor.routing import Route
from monitor.rules.case import Case, CaseInstance, ExpectMessage
from monitor.rules.differences import alerts_differ
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
class Seen:
    """What happened in a test: the alerts after each of its moments, and the messages in the order of time."""

    moments: Mapping[datetime, Sequence[Alert]]
    said: Sequence[Notification]


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules and routes under test. `languages` are those of the receivers."""

    rules: tuple[Rule, ...]
    route: Route
    languages: Mapping[str, str]
    quieting: Quieting = PLAIN

    def play(self, case: Case) -> Result:
        """One test, in virtual time."""
        seen = self.watch(case)
        failures: list[str] = []
        for expected in sorted(case.expect, key=attrgetter("at")):
            failures += alerts_differ(expected, seen.moments[case.start + expected.at], start=case.start)
        if case.messages is not None:
            failures += self._unexpected(case.messages, [(one.at - case.start, one) for one in seen.said])
        return Result(case, tuple(failures))

    def watch(self, case: Case) -> Seen:
        """Plays a test and judges nothing."""
        instances = {one: _instance(one) for one in case.instances}
        stage = Stage(instances.values(), self.rules, self.route, self.quieting)
        polls = max((len(values) for one in case.instances for _, values in one.series), default=0)
        moments = {case.start + number * case.every for number in range(polls)}
        moments |= {case.start + expected.at for expected in case.expect}
        moments |= {case.start + expected.at for expected in case.messages or ()}
        seen: dict[datetime, list[Alert]] = {}
        said: list[Notification] = []
        for at in sorted(moments):
            said += stage.speak(at - timedelta(microseconds=1))
            for one, instance in instances.items():
                sample = _sample(one, instance, case, at)
                if sample is not None:
                    stage.take(sample)
            said += stage.speak(at)
            seen[at] = stage.alerts()
        return Seen(seen, said)

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
        """Each expected message beside what its receiver was told instead, then what nobody expected."""
        missing: list[ExpectMessage] = []
        for one in wanted:
            found = next(
                (said for said in due if said.receiver == one.receiver and one.contains in self.text(said)), None
            )
            if found is None:
                missing.append(one)
            else:
                due.remove(found)
        failures: list[str] = []
        for one in missing:
            instead = next((said for said in due if said.receiver == one.receiver), None)
            failures.append(f"line {one.line}: at {at} no message to {one.receiver} with {one.contains!r}")
            if instead is None:
                failures[-1] += f": {one.receiver} was told nothing else by then"
            else:
                due.remove(instead)
                failures[-1] += f", but this one:{self._quoted(instead)}"
        unexpected = (f"at {at} a message to {said.receiver} that is not expected:{self._quoted(said)}" for said in due)
        return [*failures, *unexpected]

    def _quoted(self, said: Notification) -> str:
        return "".join(f"\n    | {line}" for line in self.text(said).strip().splitlines())

    def text(self, notification: Notification) -> str:
        """A message as its receiver reads it, without format."""
        language = self.languages.get(notification.receiver, "en")
        return plain(render(notification, language=language, zone=UTC))


def _instance(one: CaseInstance) -> Instance:
    """Labels that the service gives itself are the instance's own here."""
    labels = dict(one.labels)
    region, project = labels.pop("region", ""), labels.pop("project_id", "")
    return Instance(one.account, labels.pop("instance_id", one.name), one.name, region, project, labels)


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
