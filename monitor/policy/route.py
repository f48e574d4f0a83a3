"""The route as the files write it, and the tree it becomes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from monitor.matchers import EVERYTHING
from monitor.policy.fields import SECOND, Duration, Flag, Form, Matching, Name, Whole, reader
from monitor.routing import ALL_LABELS, Route, Step
from monitor.textfault import quoted

GROUP_BY = ("account", "alertname")
GROUP_WAIT = timedelta(seconds=10)
GROUP_INTERVAL = timedelta(minutes=1)
REPEAT_INTERVAL = timedelta(hours=4)


def _group_label(given: str) -> str:
    if given != ALL_LABELS and not (given.isascii() and given.isidentifier()):
        raise ValueError(f"{quoted(given)} is not a label name; '...' stands for all labels")
    return given


GroupLabel = Annotated[
    str,
    PlainValidator(reader(_group_label, "a label name")),
    WithJsonSchema({"type": ["string", "boolean"], "pattern": r"^([a-zA-Z_][a-zA-Z0-9_]*|\.\.\.)$|\$[{$]"}),
]


def _acknowledged(given: str) -> Literal["acknowledged"]:
    if given != "acknowledged":
        raise ValueError(f"{quoted(given)} is not known here: write acknowledged, or leave it out")
    return "acknowledged"


class StepForm(Form):
    """A step of escalation: who else is told of what still fires after a while."""

    after: Annotated[Duration, SECOND] = Field(description="How long an alert has to fire.", examples=["15m"])
    unless: (
        Annotated[
            Literal["acknowledged"],
            PlainValidator(reader(_acknowledged, "acknowledged")),
            WithJsonSchema({"type": "string", "enum": ["acknowledged"]}),
        ]
        | None
    ) = Field(None, description="Not while somebody has acknowledged it.")
    receiver: Name = Field(description="The receiver's name.", examples=["manager"])

    def build(self) -> Step:
        """The step."""
        return Step(self.receiver, self.after, unless_acknowledged=self.unless is not None)


RepeatLimit = Annotated[Whole, Field(ge=0, le=1000)]
_MUTE = "Windows in which it says nothing; what is still true then is said after."
_ACTIVE = "Windows outside of which it says nothing; left out: always."
_LIMIT = "How often an unchanged group speaks again at most; left out: without end."
_STEPS = "Who else is told of what still fires after a while."


class BranchForm(Form):
    """One route below another; what it leaves out it takes from the one above."""

    match: Matching = Field(
        EVERYTHING, description="Which alerts take it; left out: all.", examples=['severity="critical"']
    )
    receiver: Name | None = Field(None, description="The receiver's name.", examples=["oncall"])
    group_by: list[GroupLabel] | None = Field(
        None,
        description="Alerts that share these labels share a message; '...' for none shared.",
        examples=[["account", "alertname"]],
    )
    group_wait: Duration | None = Field(None, description="How long a new group waits for more.", examples=["10s"])
    group_interval: Annotated[Duration, SECOND] | None = Field(
        None, description="How long a group waits before it tells of a change.", examples=["1m"]
    )
    repeat_interval: Annotated[Duration, SECOND] | None = Field(
        None, description="After what time an unchanged group speaks again.", examples=["4h"]
    )
    repeat_limit: RepeatLimit | None = Field(None, description=_LIMIT, examples=[3])
    mute: list[Name] | None = Field(None, description=_MUTE, examples=[["nights"]])
    active: list[Name] | None = Field(None, description=_ACTIVE, examples=[["office-hours"]])
    steps: list[StepForm] | None = Field(
        None,
        description=_STEPS,
        examples=[[{"after": "15m", "unless": "acknowledged", "receiver": "manager"}]],
    )
    proceed: Flag = Field(False, alias="continue", description="Whether the routes after this one are asked too.")
    routes: list[BranchForm] = Field([], description="Routes below this one; the first that matches is taken.")

    def below(self, parent: Route, *, path: str) -> Route:
        """The branch with everything it leaves out taken from `parent`."""
        here = Route(
            path=path,
            receiver=self.receiver if self.receiver is not None else parent.receiver,
            matchers=self.match,
            group_by=tuple(self.group_by) if self.group_by is not None else parent.group_by,
            group_wait=self.group_wait if self.group_wait is not None else parent.group_wait,
            group_interval=self.group_interval if self.group_interval is not None else parent.group_interval,
            repeat_interval=self.repeat_interval if self.repeat_interval is not None else parent.repeat_interval,
            proceed=self.proceed,
            repeat_limit=self.repeat_limit if self.repeat_limit is not None else parent.repeat_limit,
            mute=tuple(self.mute) if self.mute is not None else parent.mute,
            active=tuple(self.active) if self.active is not None else parent.active,
            steps=tuple(form.build() for form in self.steps) if self.steps is not None else parent.steps,
        )
        return _with_branches(here, self.routes)


def _with_branches(route: Route, forms: list[BranchForm]) -> Route:
    taken: set[str] = set()
    branches = []
    for position, form in enumerate(forms):
        path = f"{route.path}/{{{form.match}}}"
        # Two siblings that match the same (the first with `continue`) are two groups, not one.
        path = path if path not in taken else f"{path}/{position}"
        taken.add(path)
        branches.append(form.below(route, path=path))
    return replace(route, routes=tuple(branches))


class RouteForm(Form):
    """The root of the tree: every alert takes it unless a route below matches."""

    receiver: Name = Field(description="Who hears of what no route below takes.", examples=["ops-chat"])
    group_by: list[GroupLabel] = Field(list(GROUP_BY), description="Alerts that share these labels share a message.")
    group_wait: Duration = Field(GROUP_WAIT, description="How long a new group waits for more.")
    group_interval: Annotated[Duration, SECOND] = Field(
        GROUP_INTERVAL, description="How long a group waits before it tells of a change."
    )
    repeat_interval: Annotated[Duration, SECOND] = Field(
        REPEAT_INTERVAL, description="After what time an unchanged group speaks again."
    )
    repeat_limit: RepeatLimit | None = Field(None, description=_LIMIT, examples=[3])
    mute: list[Name] = Field([], description=_MUTE)
    active: list[Name] = Field([], description=_ACTIVE)
    steps: list[StepForm] = Field([], description=_STEPS)
    routes: list[BranchForm] = Field([], description="Routes below the root; the first that matches is taken.")

    def build(self) -> Route:
        """The tree, everything inherited."""
        root = Route(
            path="{}",
            receiver=self.receiver,
            matchers=EVERYTHING,
            group_by=tuple(self.group_by),
            group_wait=self.group_wait,
            group_interval=self.group_interval,
            repeat_interval=self.repeat_interval,
            repeat_limit=self.repeat_limit,
            mute=tuple(self.mute),
            active=tuple(self.active),
            steps=tuple(form.build() for form in self.steps),
        )
        return _with_branches(root, self.routes)
