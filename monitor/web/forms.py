"""What people fill in: each field read, and what is wrong with it said at the field. Pure.

Nothing that was typed is lost: a form that has a complaint is shown again with its texts as they were given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import durations, matchers
from monitor.matchers import Matchers
from monitor.textfault import TextFault
from monitor.writing import clean

NAME, COMMENT = 200, 2000
"""The most letters of a name and of a comment."""
_FAR = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a field: a key of the words, and what fills it in. `source` is the text at fault, where the
    fault has a place in it: from `column` on (from 1), `width` characters."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    column: int = 0
    width: int = 0

    @property
    def parts(self) -> tuple[str, str, str]:
        """The text at fault, cut before and after the fault."""
        begin, end = self.column - 1, self.column - 1 + self.width
        return self.source[:begin], self.source[begin:end], self.source[end:]

    @classmethod
    def of(cls, fault: TextFault, source: str) -> Complaint:
        """The complaint about a text in a small language."""
        return cls("form.text", {"text": fault.message}, source, fault.column, fault.width)


class _NoZone(Exception):
    """There is no such time zone."""


class Form:
    """A form that was sent, or is about to be: its texts by name, and the complaints found while it is read."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.texts = {name: text.strip() for name, text in given.items()}
        self.complaints: dict[str, Complaint] = {}

    def text(self, name: str) -> str:
        """What was written into a field."""
        return self.texts.get(name, "")

    def complain(self, name: str, key: str, **values: str) -> None:
        """Says what is wrong with a field; the first word counts."""
        self.complaints.setdefault(name, Complaint(key, values))

    def name(self, name: str) -> str:
        """Somebody's name, which has to be given."""
        if not self.text(name):
            self.complain(name, "form.nameless")
        return self._short(name, NAME)

    def comment(self, name: str) -> str:
        """A text that may be empty."""
        return self._short(name, COMMENT)

    def matchers(self, name: str) -> Matchers | None:
        """Matchers; None where there are none, or wrong ones."""
        text = self.text(name)
        try:
            return matchers.parse(text) if text else None
        except TextFault as fault:
            self.complaints.setdefault(name, Complaint.of(fault, text))
            return None

    def length(self, name: str) -> timedelta | None:
        """A duration that is longer than nothing; None where there is none, or a wrong one."""
        text = self.text(name)
        try:
            found = durations.parse(text.replace(" ", "")) if text else None
        except ValueError:
            found = timedelta()
        if found is not None and not found:
            self.complain(name, "form.length", given=text)
            return None
        return found

    def moment(self, name: str, zone: str) -> datetime | None:
        """A moment, by the clocks of the zone in the field `zone` unless it says its own offset."""
        text = self.text(name)
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
            placed = found if found.tzinfo else found.replace(tzinfo=_zone(self.text(zone)))
            if _FAR[0] < placed < _FAR[1]:
                return placed.astimezone(UTC)
        except _NoZone:
            self.complain(name, "form.zone", given=self.text(zone))
        except (ValueError, OverflowError):
            self.complain(name, "form.moment", given=text)
        else:
            self.complain(name, "form.moment", given=text)
        return None

    def _short(self, name: str, most: int) -> str:
        text = self.text(name)
        if len(text) > most:
            self.complain(name, "form.long", most=f"{most:,}")
        return clean(text, most)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (LookupError, ValueError, OSError) as error:
        raise _NoZone from error
