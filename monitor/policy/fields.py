"""The kinds of text that fields of the policy hold: how each is read, and how the JSON Schema describes it.

The schema is fed texts alone (`nodes.texts`): what a text means depends on its field, never on what it looks like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from monitor import durations, matchers
from monitor.policy.nodes import Texts
from monitor.policy.spot import Problem
from monitor.textfault import TextFault, quoted

T = TypeVar("T")

PROBLEM = "problem"
"""The type of pydantic errors that carry a `Problem` in their context."""

_LABEL = re.compile("[a-zA-Z_][a-zA-Z0-9_]*")
_REFERENCE = r"\$[{$]"
# A text that has a reference in it may be anything once that is filled in.
_INTEGER_OR_REFERENCE = [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": _REFERENCE}]


class Form(BaseModel):
    """A mapping of the policy as written. Its fields are read one by one, so that every fault is found."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True, arbitrary_types_allowed=True)

    @classmethod
    def together(cls, keys: Mapping[str, Texts]) -> Iterator[Problem]:  # noqa: ARG003 - for those that override it
        """What is wrong with which keys are there, whatever they hold."""
        yield from ()


def refusal(problem: Problem) -> PydanticCustomError:
    """The error that a validator raises to say `problem`."""
    return PydanticCustomError(PROBLEM, "{message}", {"message": problem.message, PROBLEM: problem})


def reader(read: Callable[[str], T], expected: str) -> Callable[[object], T]:
    """A validator that reads a text by `read`, whose TextFault or ValueError says what is wrong."""

    def validate(given: object) -> T:
        if not isinstance(given, str):
            raise refusal(Problem(f"should be {expected}"))
        try:
            return read(given)
        except TextFault as fault:
            raise refusal(Problem.of(fault, expected=expected)) from fault
        except ValueError as error:
            raise refusal(Problem(str(error), expected=expected)) from error

    return validate


def at_least(smallest: str) -> Callable[[timedelta], timedelta]:
    """A validator of durations."""
    length = durations.parse(smallest)

    def validate(given: timedelta) -> timedelta:
        if given < length:
            raise refusal(Problem(f"should be at least {smallest}", plain=True))
        return given

    return validate


def _text(given: str) -> str:
    if not given.strip():
        raise ValueError("must not be empty")
    return given


def _name(given: str) -> str:
    _text(given)
    if given != given.strip() or not given.isprintable() or len(given) > 200:
        raise ValueError("a name has at most 200 printable characters, and no space at its ends")
    return given


def _whole(given: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", given):
        raise ValueError(f"{quoted(given)} is not a whole number such as 32")
    return int(given)


def _flag(given: str) -> bool:
    if given.lower() not in ("true", "false"):
        raise ValueError(f"{quoted(given)} is neither true nor false")
    return given.lower() == "true"


def _url(given: str) -> str:
    try:
        parts = urlsplit(given)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_fine = SplitResult("", "", "", "", ""), False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine or re.search(r"\s", given):
        raise ValueError(f"{quoted(given)} is not a web address such as https://example.com")
    return given


def _base_url(given: str) -> str:
    parts = urlsplit(_url(given))
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("an endpoint is scheme, host, port and path: leave out user, query and fragment")
    return given.rstrip("/")


def _label_name(given: str) -> str:
    if not _LABEL.fullmatch(given):
        raise ValueError(f"{quoted(given)} is not a label name: use letters, digits and _, such as env")
    return given


def _moment(given: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise ValueError(f"{quoted(given)} is not a moment such as 2026-01-05T10:00:00+08:00") from error
    if moment.tzinfo is None:
        raise ValueError(f"{quoted(given)} has no offset: write it with +08:00 or Z at its end")
    return moment.astimezone(UTC)


SCALAR = {"type": ["string", "number", "boolean"]}
"""What a text may look like to an editor: a plain 5 is read as the text it is written as."""
_MOMENT = r"^\d{4}-?(\d{2}-?\d{2}|W\d{2}).*(Z|[+-]\d{2}.*)$|\$[{$]"
_DURATION = r"^([0-9]+(ms|[wdhms]))+$|\$[{$]"
_WEB = r"^https?://([^/?#\s]*@)?[^/?#\s@]+|\$[{$]"

Text = Annotated[str, PlainValidator(reader(_text, "a text")), WithJsonSchema({**SCALAR, "pattern": r"\S"})]
Name = Annotated[
    str, PlainValidator(reader(_name, "a name")), WithJsonSchema({**SCALAR, "pattern": r"\S", "maxLength": 200})
]
Whole = Annotated[
    int, PlainValidator(reader(_whole, "a whole number such as 32")), WithJsonSchema({"anyOf": _INTEGER_OR_REFERENCE})
]
Flag = Annotated[
    bool,
    PlainValidator(reader(_flag, "true or false")),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": _REFERENCE}]}),
]
Duration = Annotated[
    timedelta,
    PlainValidator(reader(durations.parse, "a duration such as 90s, 5m or 1h30m")),
    WithJsonSchema({"type": "string", "pattern": _DURATION}),
]
Moment = Annotated[
    datetime,
    PlainValidator(reader(_moment, "a moment with its offset, such as 2026-01-05T10:00:00+08:00")),
    WithJsonSchema({"type": "string", "pattern": _MOMENT}),
]
Url = Annotated[str, PlainValidator(reader(_url, "a web address")), WithJsonSchema({"type": "string", "pattern": _WEB})]
UrlOrNone = Annotated[
    str,
    PlainValidator(reader(lambda given: _url(given) if given else "", "a web address, or nothing")),
    WithJsonSchema({"type": "string", "pattern": f"^$|{_WEB}"}),
]
BaseUrl = Annotated[
    str,
    PlainValidator(reader(_base_url, "a web address")),
    WithJsonSchema({"type": "string", "pattern": _WEB}),
]
LabelName = Annotated[
    str,
    PlainValidator(reader(_label_name, "a label name")),
    WithJsonSchema({"type": "string", "pattern": r"^[a-zA-Z_][a-zA-Z0-9_]*$"}),
]
LabelValue = Annotated[str, PlainValidator(reader(str, "a text")), WithJsonSchema(SCALAR)]
Labels = dict[LabelName, LabelValue]
Matching = Annotated[
    matchers.Matchers,
    PlainValidator(reader(matchers.parse, 'matchers such as env="prod"')),
    WithJsonSchema({"type": "string", "pattern": r"^[\s{}]*$|=|!~|\$[{$]"}),
]

SECOND = AfterValidator(at_least("1s"))


def exactly_one(keys: Mapping[str, Texts], names: tuple[str, ...], *at: int | str) -> Iterator[Problem]:
    """Says so where not exactly one of the keys is there."""
    present = [name for name in names if name in keys]
    if not present:
        yield Problem(f"one of {listed(names)} is missing", at, on_key=True)
    for extra in present[1:]:
        yield Problem(f"`{extra}` stands beside `{present[0]}`: keep one of {listed(names)}", (*at, extra), on_key=True)


def listed(names: tuple[str, ...] | list[str]) -> str:
    """`a`, `b` and `c`, each as a key is shown."""
    shown = [f"`{name}`" for name in names]
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]
