"""Rules as the files write them, and the values they become."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema

from monitor.matchers import EVERYTHING
from monitor.model import Severity
from monitor.policy.accounts import OwnLabels
from monitor.policy.complaints import unknown_word
from monitor.policy.fields import SCALAR, Duration, Form, LabelName, Matching, Name, Url, exactly_one, reader, refusal
from monitor.policy.nodes import Loc, Texts
from monitor.policy.quiet import FlappingForm, FlappingSwitch
from monitor.policy.spot import Problem
from monitor.policy.summaries import check as check_summary
from monitor.rules.dimensions import check_condition
from monitor.rules.names import RESERVED as WORDS
from monitor.rules.names import check_threshold_name
from monitor.rules.parser import parse
from monitor.rules.quantity import Dimension, Quantity, quantity
from monitor.rules.rule import Override, Rule
from monitor.textfault import TextFault, quoted

_CONDITION = "a condition such as cdc.abnormal > 0"
_QUANTITY = r"^\s*-?\s*([0-9]+(\.[0-9]+)?%?|([0-9]+(ms|[wdhms]))+)\s*$|\$[{$]"
_SEVERITIES = [str(severity) for severity in Severity]


def _severity(given: str) -> Severity:
    if given not in _SEVERITIES:
        raise ValueError(unknown_word("severity", quoted(given), given, _SEVERITIES))
    return Severity(given)


def _condition(given: object, info: ValidationInfo) -> str:
    """Checks an expression against the rule's `by` and thresholds, which are read before it."""
    if not isinstance(given, str):
        raise refusal(Problem(f"should be {_CONDITION}"))
    # Thresholds with faults of their own are not there: without them every name of theirs would look unknown.
    if (thresholds := info.data.get("thresholds")) is not None and "by" in info.data:
        try:
            check_condition(parse(given), thresholds, by=info.data["by"] is not None)
        except TextFault as fault:
            raise refusal(Problem.of(fault, expected=_CONDITION)) from fault
    return given


def _threshold_name(given: object) -> str:
    name = str(given)
    try:
        check_threshold_name(name)
    except TextFault as fault:
        raise refusal(Problem(fault.message, on_key=True)) from fault
    return name


def _shared_label(given: str) -> str:
    if given in ("alertname", "severity"):
        raise refusal(Problem(f"`{given}` is of alerts, `by` takes labels of instances, such as account"))
    return given


def _each_once(given: list[str]) -> list[str]:
    for position, name in enumerate(given):
        if name in given[:position]:
            raise refusal(Problem(f"`{name}` stands here twice", (position,)))
    return given


Shared = Annotated[list[Annotated[LabelName, AfterValidator(_shared_label)]], AfterValidator(_each_once)]
Condition = Annotated[
    str, PlainValidator(_condition), WithJsonSchema({"type": "string", "pattern": r"\S", "maxLength": 1000})
]
Level = Annotated[
    Severity,
    PlainValidator(reader(_severity, "info, warning or critical")),
    WithJsonSchema({"type": "string", "enum": _SEVERITIES}),
]
ThresholdName = Annotated[
    str,
    PlainValidator(_threshold_name),
    WithJsonSchema({"type": "string", "pattern": rf"^(?!({'|'.join(sorted(WORDS))})$)[A-Za-z_][A-Za-z0-9_]*$"}),
]
Threshold = Annotated[
    Quantity,
    PlainValidator(reader(quantity, "a number, a share or a duration such as 5, 20% or 5m")),
    WithJsonSchema({"type": ["number", "string"], "pattern": _QUANTITY}),
]
Summary = Annotated[
    str,
    PlainValidator(reader(check_summary, "a template")),
    WithJsonSchema({**SCALAR, "maxLength": 2000}),
]
Thresholds = dict[ThresholdName, Threshold]


class OverrideForm(Form):
    """Other thresholds for the instances that match."""

    match: Matching = Field(description="Which instances.", examples=['instance="orders"'])
    thresholds: Annotated[Thresholds, Field(min_length=1)] = Field(
        description="Those that differ.", examples=[{"crit": 20}]
    )


class RuleForm(Form):
    """One rule: what it watches, for which instances, and how long until it speaks."""

    # Thresholds and `by` stand before the conditions: pydantic reads the fields in this order.
    name: Name = Field(description="The label `alertname` of its alerts.", examples=["cdc-tasks-abnormal"])
    thresholds: Thresholds = Field(
        {}, description="Numbers and durations with a name.", examples=[{"warn": 1, "crit": 5}]
    )
    overrides: list[OverrideForm] = Field([], description="Other thresholds for some instances; later ones win.")
    match: Matching = Field(EVERYTHING, description="Which instances; left out: all.", examples=['env="prod"'])
    by: Shared | None = Field(
        None, description="One alert for all instances that share these labels; [] for all together.",
        examples=[["account"]],
    )  # fmt: skip
    when: Condition | None = Field(None, description="What is wrong when it holds.", examples=["cdc.abnormal > 0"])
    severity: Level | None = Field(None, description="How bad that is; belongs to `when`.", examples=["critical"])
    levels: Annotated[dict[Level, Condition], Field(min_length=1)] | None = Field(
        None, description="A condition for each severity; the highest that holds wins.",
        examples=[{"warning": "abnormal >= warn", "critical": "abnormal >= crit"}],
    )  # fmt: skip
    clear: Condition | None = Field(
        None, description="Once firing, the alert resolves only when this holds.", examples=["abnormal == 0"]
    )
    hold: Duration = Field(
        timedelta(), alias="for", description="How long it must hold before the alert fires.", examples=["2m"]
    )
    keep_firing_for: Duration = Field(timedelta(), description="How long it must be well before the alert resolves.")
    summary: Summary = Field(
        "",
        description="The sentence people read; a template.",
        examples=["{{ abnormal }} tasks abnormal on {{ instance }}"],
    )
    runbook: Url | None = Field(
        None, description="Where it says what to do.", examples=["https://wiki.example.com/fdi"]
    )
    labels: OwnLabels = Field({}, description="Labels of its alerts.", examples=[{"team": "data"}])
    flapping: FlappingSwitch = Field(
        FlappingForm(), description="When its alerts are told to flap; false: never.", examples=[False]
    )

    @classmethod
    def together(cls, keys: Mapping[str, Texts]) -> Iterator[Problem]:
        """Either `when` with its `severity`, or `levels`."""
        yield from exactly_one(keys, ("when", "levels"))
        if "levels" in keys and "severity" in keys:
            yield Problem(
                "`severity` belongs to `when`: `levels` name their severities themselves", ("severity",), on_key=True
            )
        if "when" in keys and "levels" not in keys and "severity" not in keys:
            yield Problem("`severity` is missing: info, warning or critical", ("severity",), on_key=True)

    def _conditions(self) -> Iterator[tuple[tuple[str, ...], str]]:
        if self.when is not None:
            yield ("when",), self.when
        for severity, condition in (self.levels or {}).items():
            yield ("levels", str(severity)), condition
        if self.clear is not None:
            yield ("clear",), self.clear

    def faults(self) -> Iterator[Problem]:
        """Overrides that override nothing, or make a condition unsound."""
        yield from self.flapping.faults()
        for position, override in enumerate(self.overrides):
            at = ("overrides", position, "thresholds")
            found = list(self._misfits(override, at))
            yield from found
            # Only how far a condition looks back can be spoilt by a value.
            if not found and any(given.dimension is Dimension.DURATION for given in override.thresholds.values()):
                yield from self._unsound(override, at)

    def _misfits(self, override: OverrideForm, at: Loc) -> Iterator[Problem]:
        for name, given in override.thresholds.items():
            base = self.thresholds.get(name)
            if base is None:
                message = unknown_word("threshold", quoted(name), name, list(self.thresholds))
                yield Problem(
                    f"{message} (an override gives other values to thresholds of the rule)", (*at, name), on_key=True
                )
            elif base.dimension is not given.dimension:
                message = f"`{name}` is {base.dimension.value} in the rule and {given.dimension.value} here"
                yield Problem(message, (*at, name), expected=base.dimension.value)

    def _unsound(self, override: OverrideForm, at: Loc) -> Iterator[Problem]:
        for path, condition in self._conditions():
            try:
                thresholds = {**self.thresholds, **override.thresholds}
                check_condition(parse(condition), thresholds, by=self.by is not None)
            except TextFault as fault:
                yield Problem(f"with these, `{'.'.join(path)}` is unsound: {fault.message}", at)

    def warnings(self) -> Iterator[Problem]:
        """Thresholds that nothing reads: most often a word typed wrong."""
        used = " ".join(condition for _, condition in self._conditions())
        for name in self.thresholds:
            if not re.search(rf"(?<![\w.]){name}(?!\w)", used):
                yield Problem(
                    f"no condition of this rule reads the threshold `{name}`", ("thresholds", name), on_key=True
                )

    def build(self) -> Rule:
        """The rule."""
        return Rule(
            name=self.name,
            when=self.when,
            levels=tuple((self.levels or {}).items()),
            clear=self.clear,
            severity=self.severity or Severity.WARNING,
            hold=self.hold,
            keep=self.keep_firing_for,
            match=self.match,
            thresholds=self.thresholds,
            overrides=tuple(Override(form.match, form.thresholds) for form in self.overrides),
            summary=self.summary,
            runbook=self.runbook or "",
            labels=self.labels,
            by=None if self.by is None else tuple(self.by),
        )
