"""Vendors' tables: which code in the body of an answer means what. HTTP 200 is not success."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from monitor.notifiers import Outcome, Verdict
from monitor.notifiers.http import THROTTLE_WAIT
from monitor.notifiers.quoting import scrub

Code = int | str


def _a_minute(_: Mapping[str, Any]) -> timedelta:
    return THROTTLE_WAIT


@dataclass(frozen=True, slots=True)
class Codes:
    """What one vendor's codes mean. Codes that stand nowhere here are refusals, quoted in the vendor's words."""

    code: Callable[[Mapping[str, Any]], Any]
    """Finds the code in the answer; anything but an int or a text means that the answer is not the documented one."""
    text: Callable[[Mapping[str, Any]], Any]
    good: Collection[Code]
    refusals: Mapping[Code, str] = field(default_factory=dict)
    """What people can do about it, as a clause."""
    too_fast: Collection[Code] = ()
    passing: Collection[Code] = ()
    """Faults of the other side's own: worth another try."""
    wait: Callable[[Mapping[str, Any]], timedelta] = _a_minute

    def read(self, body: bytes, *secrets: str) -> Verdict | None:
        """The verdict of an answer; None if it has no code. `secrets` are masked in what is quoted of it."""
        answer = parsed(body)
        if not isinstance(answer, dict):
            return None
        code = self.code(answer)
        if not isinstance(code, (int, str)) or isinstance(code, bool):
            return None
        if code in self.good:
            return Verdict(Outcome.DELIVERED, f"code {code}" if isinstance(code, int) else "")
        if code in self.too_fast:
            return Verdict(Outcome.THROTTLED, f"too many messages ({code})", self.wait(answer))
        if code in self.refusals:
            return Verdict(Outcome.REFUSED, self.refusals[code].format(code=code))
        said = scrub(f"code {code}: {self.text(answer) or ''}".rstrip(": "), *secrets)
        return Verdict(Outcome.UNREACHABLE if code in self.passing else Outcome.REFUSED, said)


def number_at(*keys: str) -> Callable[[Mapping[str, Any]], Any]:
    """Finds the whole number under the first of `keys` that is there."""

    def find(answer: Mapping[str, Any]) -> Any:
        code = next((answer[key] for key in keys if key in answer), None)
        return code if isinstance(code, int) else None

    return find


def text_at(key: str) -> Callable[[Mapping[str, Any]], Any]:
    """Finds the text under `key`."""
    return lambda answer: answer.get(key)


def parsed(body: bytes) -> Any:
    """The JSON of an answer; None if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def seconds(value: Any) -> timedelta | None:
    """A waiting time that an answer gives as a number of seconds; None if it is none. At most a day."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        return None
    return min(timedelta(seconds=min(value, 1e6)), timedelta(hours=24))
