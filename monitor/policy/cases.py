"""Tests as the files write them under `tests:`, and the cases they become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from monitor.policy import series as notation
from monitor.policy.fields import SECOND, Duration, Form, Labels, Moment, Name, Text, exactly_one, reader, refusal
from monitor.policy.nodes import Texts
from monitor.policy.spot import Problem, Spot
from monitor.rules.case import Case, CaseInstance, ExpectAlerts, ExpectMessage
from monitor.textfault import TextFault, quoted

START = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(seconds=30)


def _count(given: object) -> str:
    name = str(given)
    try:
        notation.check_name(name)
    except TextFault as fault:
        raise refusal(Problem(fault.message, on_key=True)) from fault
    return name


def _one_name(given: dict[str, notation.Series]) -> dict[str, notation.Series]:
    for name in given:
        if f"common.{name}" in given:
            raise refusal(
                Problem(f"`common.{name}` is the same series as `{name}`: keep one", (f"common.{name}",), on_key=True)
            )
    return given


Count = Annotated[str, PlainValidator(_count), WithJsonSchema({"type": "string", "enum": list(notation.COUNTS)})]
OneSeries = Annotated[
    notation.Series,
    PlainValidator(reader(notation.parse, 'a series such as "0 0 1x6"')),
    WithJsonSchema({"type": ["string", "integer"], "minimum": 0, "pattern": r"^\s*(([0-9]+|_)(x[0-9]+)?\s*)+$|\$[{$]"}),
]
AllSeries = Annotated[dict[Count, OneSeries], AfterValidator(_one_name)]
AlertLabels = Annotated[Labels, Field(min_length=1)]


class CaseInstanceForm(Form):
    """An instance that a test imagines."""

    name: Name = Field(description="The label `instance`.", examples=["orders"])
    account: Name = Field("test", description="The label `account`.", examples=["prod"])
    labels: Labels = Field({}, description="Its labels.", examples=[{"env": "prod"}])
    series: AllSeries = Field({}, description="With `instances`: the counts this one shows.")


class ExpectForm(Form):
    """Which alerts there are at a moment, exactly."""

    at: Duration = Field(description="The moment, read after its poll.", examples=["3m"])
    alerts: list[AlertLabels] | None = Field(
        None, description="Exactly the alerts that fire, each by some of its labels.",
        examples=[[{"alertname": "cdc-tasks-abnormal", "severity": "critical"}]],
    )  # fmt: skip
    pending: list[AlertLabels] | None = Field(
        None, description="Exactly the alerts that wait for their `for`.", examples=[[{"alertname": "tasks-abnormal"}]]
    )


class MessageForm(Form):
    """A message that is due up to a moment, and was not listed before."""

    at: Duration = Field(description="The moment.", examples=["3m10s"])
    receiver: Name = Field(description="Whom it goes to.", examples=["ops-chat"])
    contains: Text = Field("", description="A part of its text.", examples=["1 CDC tasks abnormal on orders"])


class CaseForm(Form):
    """One test of the rules: what the polls show, and what must come of it."""

    name: Name = Field(
        description="A sentence that says what is tested.", examples=["fires after two minutes and says so once"]
    )
    start: Moment = Field(START, description="When the first poll is.", examples=["2026-01-05T10:00:00+08:00"])
    every: Annotated[Duration, SECOND] = Field(EVERY, description="The time between two polls.")
    instance: CaseInstanceForm | None = Field(None, description="The one instance of this test.")
    instances: Annotated[list[CaseInstanceForm], Field(min_length=1)] | None = Field(
        None,
        description="Several, each with its `series`.",
        examples=[[{"name": "orders", "series": {"abnormal": "0 1"}}, {"name": "stock"}]],
    )
    series: AllSeries = Field(
        {},
        description="NxM is M times N, _ a failed poll; counts not given are 0.",
        examples=[{"cdc.abnormal": "0 0 1x6 _ 0x4"}],
    )
    expect: list[ExpectForm] = Field([], description="The alerts at some moments.")
    messages: list[MessageForm] | None = Field(
        None,
        description="The messages that are sent, all of them up to the last `at`; [] for none at all.",
        examples=[[{"at": "3m10s", "receiver": "ops-chat", "contains": "1 CDC tasks abnormal"}]],
    )

    @classmethod
    def together(cls, keys: Mapping[str, Texts]) -> Iterator[Problem]:
        """One instance with `series`, or several with their own; something is expected."""
        yield from exactly_one(keys, ("instance", "instances"))
        instance = keys.get("instance")
        if isinstance(instance, dict) and "series" in instance:
            yield Problem(
                "`series` of the only instance stands beside `instance`, not in it", ("instance", "series"), on_key=True
            )
        if "instances" in keys and "series" in keys:
            yield Problem("with `instances` each one has its own `series`", ("series",), on_key=True)
        if "expect" not in keys and "messages" not in keys:
            yield Problem("`expect` or `messages` is missing: this test expects nothing", on_key=True)
        yield from _vague(keys.get("expect"))

    def faults(self) -> Iterator[Problem]:
        """Two instances of one name; moments that lie too far away."""
        seen: set[tuple[str, str]] = set()
        for position, form in enumerate(self.instances or []):
            if (form.account, form.name) in seen:
                yield Problem(
                    f"two instances of this test are called {quoted(form.name)}", ("instances", position, "name")
                )
            seen.add((form.account, form.name))
        for key, moments in (("expect", self.expect), ("messages", self.messages or [])):
            for position, moment in enumerate(item.at for item in moments):
                if moment / self.every > notation.LONGEST:
                    yield Problem(f"that is more than {notation.LONGEST} polls away", (key, position, "at"))

    def build(self, spot: Spot) -> Case:
        """The case; the polls go on to the last moment that is asked for."""
        length = self._length()
        return Case(
            name=self.name,
            file=spot.file.name,
            line=spot.line,
            start=self.start,
            every=self.every,
            instances=tuple(
                CaseInstance(form.name, form.account, form.labels, notation.aligned(series, length))
                for form, series in self._instances()
            ),
            expect=tuple(
                ExpectAlerts(form.at, spot.at("expect", position).line, _listed(form.alerts), _listed(form.pending))
                for position, form in enumerate(self.expect)
            ),
            messages=None if self.messages is None else self._messages(self.messages, spot),
        )

    @staticmethod
    def _messages(forms: list[MessageForm], spot: Spot) -> tuple[ExpectMessage, ...]:
        return tuple(
            ExpectMessage(form.at, spot.at("messages", position).line, form.receiver, form.contains)
            for position, form in enumerate(forms)
        )

    def _instances(self) -> list[tuple[CaseInstanceForm, dict[str, notation.Series]]]:
        if self.instance is not None:
            return [(self.instance, self.series)]
        return [(form, form.series) for form in self.instances or []]

    def _length(self) -> int:
        longest = max((len(values) for _, series in self._instances() for values in series.values()), default=1)
        moments = [form.at for form in self.expect] + [form.at for form in self.messages or []]
        return max([longest, *(moment // self.every + 1 for moment in moments)])


def _vague(expect: Texts | None) -> Iterator[Problem]:
    for position, item in enumerate(expect if isinstance(expect, list) else []):
        if isinstance(item, dict) and "alerts" not in item and "pending" not in item:
            yield Problem(
                "`alerts` or `pending` is missing: `alerts: []` says that none fires", ("expect", position), on_key=True
            )


def _listed(given: list[dict[str, str]] | None) -> tuple[dict[str, str], ...] | None:
    return None if given is None else tuple(given)
