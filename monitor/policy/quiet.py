"""When nothing is said, as the files write it: windows, maintenance, inhibition, flapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from monitor.flapping import Flapping
from monitor.inhibition import Inhibit
from monitor.policy.complaints import unknown_word
from monitor.policy.fields import (
    Duration,
    Form,
    LabelName,
    Matching,
    Moment,
    Name,
    at_least,
    exactly_one,
    reader,
    refusal,
)
from monitor.policy.nodes import Texts
from monitor.policy.spot import Problem
from monitor.quieting import Maintenance
from monitor.rules.quantity import Dimension, quantity
from monitor.textfault import quoted
from monitor.timewindows import Fixed, Recurring, Window, check_cron

_LONGEST = timedelta(days=31)
_USUAL = Flapping()


def _zone(given: str) -> tzinfo:
    try:
        return ZoneInfo(given)
    except (KeyError, ValueError, OSError):
        raise ValueError(unknown_word("time zone", quoted(given), given, sorted(available_timezones()))) from None


def _at_most_a_month(given: timedelta) -> timedelta:
    if given > _LONGEST:
        raise refusal(Problem("should be at most 31d: a longer window has `from` and `to`", plain=True))
    return given


def _share(given: str) -> float:
    found = quantity(given)
    if found.dimension is not Dimension.NUMBER or not 0 < found.value <= 1:
        raise ValueError(f"{quoted(given)} is not a share such as 30%")
    return float(found.value)


Cron = Annotated[
    str,
    PlainValidator(reader(check_cron, 'a cron expression such as "0 22 * * *"')),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\S+(\s+\S+){4}\s*$|\$"}),
]
Zone = Annotated[
    tzinfo,
    PlainValidator(reader(_zone, "a time zone such as Asia/Shanghai")),
    WithJsonSchema({"type": "string"}),
]
Share = Annotated[
    float,
    PlainValidator(reader(_share, "a share such as 30%")),
    WithJsonSchema({"type": ["number", "string"], "pattern": r"^[0-9]|\$"}),
]
_RECURRING, _FIXED = ("cron", "duration", "timezone"), ("from", "to")


class WindowForm(Form):
    """A stretch of time with a name: again and again, or once."""

    name: Name = Field(description="What routes, maintenance and silences call it.", examples=["nights"])
    cron: Cron | None = Field(
        None, description="When it opens: minute, hour, day of the month, month, weekday.", examples=["0 22 * * *"]
    )
    duration: Annotated[Duration, AfterValidator(at_least("1m")), AfterValidator(_at_most_a_month)] | None = Field(
        None, description="How long it stays open.", examples=["9h"]
    )
    timezone: Zone | None = Field(None, description="On whose clocks `cron` is read.", examples=["Asia/Shanghai"])
    start: Moment | None = Field(
        None, alias="from", description="When it opens, once.", examples=["2026-02-15T00:00:00+08:00"]
    )
    end: Moment | None = Field(None, alias="to", description="When it closes.", examples=["2026-02-22T00:00:00+08:00"])

    @classmethod
    def together(cls, keys: Mapping[str, Texts]) -> Iterator[Problem]:
        """Either `cron` with `duration` and `timezone`, or `from` and `to`."""
        yield from exactly_one(keys, ("cron", "from"))
        chosen, other = (_FIXED, _RECURRING) if "from" in keys and "cron" not in keys else (_RECURRING, _FIXED)
        if "cron" in keys or "from" in keys:
            for key in chosen:
                if key not in keys:
                    yield Problem(f"`{key}` is missing: it belongs to `{chosen[0]}`", (key,), on_key=True)
            for key in other[1:]:
                if key in keys:
                    yield Problem(f"`{key}` belongs to `{other[0]}`, not to `{chosen[0]}`", (key,), on_key=True)

    def faults(self) -> Iterator[Problem]:
        """A window that closes before it opens."""
        if self.start is not None and self.end is not None and self.end <= self.start:
            yield Problem("`to` is not after `from`", ("to",))

    def build(self) -> Window:
        """The window."""
        if self.start is not None and self.end is not None:
            return Fixed(self.name, self.start, self.end)
        if self.cron is None or self.duration is None or self.timezone is None:
            raise ValueError("an incomplete window: `together` lets no such pass")
        return Recurring(self.name, self.cron, self.duration, self.timezone)


class MaintenanceForm(Form):
    """Nothing is said of what matches while the window is open; what still fires then is told after."""

    match: Matching = Field(description="Which alerts.", examples=['account="prod"'])
    window: Name = Field(description="The name of a window.", examples=["nights"])

    def build(self) -> Maintenance:
        """The maintenance."""
        return Maintenance(self.match, self.window)


class InhibitForm(Form):
    """While an alert that matches `source` fires, those that match `target` and share the labels are not told."""

    source: Matching = Field(description="What is worse.", examples=['alertname="account-unreachable"'])
    target: Matching = Field(description="What follows from it.", examples=['alertname!="account-unreachable"'])
    equal: list[LabelName] = Field([], description="Labels that both must share.", examples=[["account"]])

    @classmethod
    def together(cls, keys: Mapping[str, Texts]) -> Iterator[Problem]:
        """Both sides say something."""
        for key in ("source", "target"):
            if keys.get(key) == "":
                yield Problem("must not be empty: it would match every alert", (key,))

    def build(self) -> Inhibit:
        """The rule of inhibition."""
        return Inhibit(self.source, self.target, tuple(self.equal))


class FlappingForm(Form):
    """When an alert that fires and resolves again and again is told of only once."""

    window: Annotated[Duration, AfterValidator(at_least("1m"))] = Field(
        _USUAL.window, description="How far back changes count."
    )
    high: Share = Field(_USUAL.high, description="At what share of twenty changes it flaps.", examples=["30%"])
    low: Share = Field(_USUAL.low, description="Below what share it stands still again.", examples=["25%"])

    def build(self) -> Flapping | None:
        """The limits, None where an alert may flap as it likes."""
        return Flapping(self.window, self.high, self.low)

    def faults(self) -> Iterator[Problem]:
        """Limits that would never let it stand still."""
        if self.low > self.high:
            yield Problem(f"`low` ({self.low:.0%}) is above `high` ({self.high:.0%})", ("flapping",))


class OffForm(FlappingForm):
    """`flapping: false`."""

    def build(self) -> None:
        """No limits."""


def _switch(given: object) -> object:
    if isinstance(given, str):
        if given.lower() not in ("true", "false"):
            raise refusal(Problem("should be false, or {window: 1h, high: 30%, low: 25%}"))
        return FlappingForm() if given.lower() == "true" else OffForm()
    return given


FlappingSwitch = Annotated[FlappingForm, BeforeValidator(_switch)]
