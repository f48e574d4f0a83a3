"""Quantities: a value with what it measures, as thresholds are given in the policy."""

from __future__ import annotations

import enum
import math
from datetime import timedelta
from typing import NamedTuple

from monitor import durations
from monitor.rules.printing import figure
from monitor.rules.syntax import Duration
from monitor.rules.tokens import literal
from monitor.textfault import TextFault, quoted


class Dimension(enum.Enum):
    """What a value measures, in words for errors."""

    NUMBER = "a number"
    DURATION = "a duration"
    TRUTH = "true or false"


class Quantity(NamedTuple):
    """A number, or a duration in seconds."""

    value: float
    dimension: Dimension = Dimension.NUMBER

    def __str__(self) -> str:
        return shown(self.value, self.dimension)


def quantity(given: str | float) -> Quantity:
    """The quantity that a YAML number (`5`) or a text of the rule language (`20%`, `5m`, `-1`) gives."""
    if isinstance(given, bool):
        raise TextFault("a threshold is a number or a duration: write 1, 20% or 5m", width=5)
    if isinstance(given, str):
        return _written(given)
    try:
        value = float(given)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise TextFault("a threshold is a finite number: write 1, 20% or 5m")
    return Quantity(value)


def shown(value: float, dimension: Dimension) -> str:
    """`value` for people: `9`, `0.45`, `4m10s`, `infinite`, or `unknown` (NaN)."""
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    if dimension is Dimension.DURATION and abs(value) < durations.LONGEST.total_seconds():
        return durations.show(timedelta(seconds=round(value, 0 if abs(value) >= 10 else 3)))
    if float(value).is_integer():
        return figure(value)
    return figure(float(f"{value:.4g}")) if abs(value) < 1000 else f"{value:.1f}"


def _written(text: str) -> Quantity:
    bare = text.strip()
    sign = -1 if bare.startswith("-") else 1
    digits = bare[1:].lstrip() if sign < 0 else bare
    if not digits[:1].isdigit() or not digits.isascii():
        raise TextFault(f"{quoted(text)} is neither a number nor a duration: write 1, 20% or 5m", width=len(text))
    found = literal(digits)
    return Quantity(sign * found.value, Dimension.DURATION if isinstance(found, Duration) else Dimension.NUMBER)
