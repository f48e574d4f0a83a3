"""The notation of series in tests: `0 0 1x6 _ 0x4`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from monitor.model import KINDS, STATUSES
from monitor.textfault import TextFault, quoted

COUNTS = (*STATUSES, *(f"{kind}.{status}" for kind in KINDS for status in STATUSES))
LONGEST = 100_000
"""Polls of one test: a day at one a second."""

_WORD = re.compile(r"\S+")
_STEP = re.compile(r"(?P<value>[0-9]{1,9}|_)(?:x(?P<times>[0-9]{1,6}))?")

Series = tuple[int | None, ...]


def parse(text: str) -> Series:
    """One value per poll, None where the poll failed. TextFault says which word is wrong and what to write."""
    values: list[int | None] = []
    for word in _WORD.finditer(text):
        step = _STEP.fullmatch(word.group())
        if step is None or step["times"] == "0":
            raise TextFault(
                f"{quoted(word.group())} is no step of a series: write 5, 5x3 (three times 5), _ (a failed poll), _x3",
                column=word.start() + 1,
                width=len(word.group()),
            )
        times = int(step["times"] or 1)
        if len(values) + times > LONGEST:
            raise TextFault(f"a series has at most {LONGEST} values", column=word.start() + 1, width=len(word.group()))
        values.extend([None if step["value"] == "_" else int(step["value"])] * times)
    if not values:
        raise TextFault('a series is empty: write one such as "0 0 1x6"')
    return tuple(values)


def check_name(name: str) -> None:
    """TextFault where `name` is no count."""
    if name not in COUNTS:
        raise TextFault(
            f"{quoted(name)} is no count: there are {', '.join(STATUSES)}, common.abnormal, cdc.abnormal and the like"
        )


def aligned(series: Mapping[str, Series], length: int) -> tuple[tuple[str, Series], ...]:
    """All series `length` long: each keeps its last value, and a poll that fails in one has failed in all."""
    padded = {name: values + values[-1:] * (length - len(values)) for name, values in series.items()}
    lost = _lost(tuple(padded.values()), length)
    return tuple(
        (name, tuple(None if gone else value for value, gone in zip(values, lost, strict=True)))
        for name, values in padded.items()
    )


def _lost(all_values: Sequence[Series], length: int) -> list[bool]:
    return [any(values[poll] is None for values in all_values) for poll in range(length)]
