"""What parameters of our own API mean."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from monitor import matchers
from monitor.matchers import EVERYTHING, Matcher, Matchers
from monitor.textfault import TextFault
from monitor.web.problems import Problem


def in_utc(at: datetime, place: str) -> datetime:
    """The moment in UTC.

    Raises:
        Problem: there it is before the first or after the last one that there is.
    """
    try:
        return at.astimezone(UTC)
    except OverflowError:
        words = "it is out of reach"
        raise Problem(400, f"{place}: {words}", [{"place": place, "message": words}]) from None


def matched(texts: Iterable[str]) -> Matchers:
    """All of these matchers together, everything without any.

    Raises:
        Problem: one of them is none.
    """
    found: list[Matcher] = []
    for number, text in enumerate(texts):
        try:
            found += matchers.parse(text).matchers
        except TextFault as fault:
            place = f"filter.{number}"
            raise Problem(400, f"{place}: {fault.message}", [{"place": place, "message": fault.message}]) from None
    return Matchers(tuple(found)) if found else EVERYTHING
