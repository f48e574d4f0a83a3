"""What came back from the cloud, read strictly: the documented answer or a sorted error. Pure.

Sources: the documentation of CountTasks, CheckRomaInstanceListV2, KeystoneListProjects and
KeystoneCreateUserTokenByPassword. Fields that are not documented are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple, TypeVar

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError, with_config

from monitor.errors import Unreachable
from monitor.model import Counts

MAX_COUNT = 10**12
"""The documented maximum is one less; anything beyond it is not a count of tasks."""

_REQUEST_ID_HEADERS = ("X-Request-Id", "X-IAM-Trace-Id")

T = TypeVar("T")


class Garbage(Unreachable):
    """An answer came, but not the documented one."""


class Lost(Unreachable):
    """The connection ended before the answer, as kept ones do: worth one more request, which the quota counts too."""


class TimedOut(Unreachable):
    """No complete answer in time."""


class Answer(NamedTuple):
    """One answer off the wire. `headers` are looked up without regard to case; `body` is decoded and bounded."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        """The cloud's name for the call, as its support asks for it; empty if the headers carry none."""
        for name in _REQUEST_ID_HEADERS:
            if value := self.headers.get(name):
                return "".join(character for character in value[:64] if character.isprintable())
        return ""


Count = Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT)]
Id = Annotated[str, Field(max_length=64, pattern=r"^[\x21-\x7e]+$")]
_STRICT = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class _Tasks:
    running_tasks_count: Count
    abnormal_tasks_count: Count
    terminated_tasks_count: Count
    completed_tasks_count: Count


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class _Statistics:
    common_task_details: _Tasks
    cdc_task_details: _Tasks


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class Listed:
    """One instance as the list names it."""

    id: Id
    name: str
    status: str


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class InstancePage:
    """One page of the instance list; `total` is over all pages."""

    total: Count
    instances: list[Listed]


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class Project:
    """A project of IAM; its name is the region's."""

    id: Id
    name: str


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class _Projects:
    projects: list[Project]


@with_config(ConfigDict(extra="ignore", hide_input_in_errors=True))
@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What IAM says of a new token; `project` is there where the token is scoped to one."""

    expires_at: AwareDatetime
    issued_at: AwareDatetime
    project: Project | None = None


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class _TokenBody:
    token: TokenInfo


_STATISTICS = TypeAdapter(_Statistics)
_INSTANCES = TypeAdapter(InstancePage)
_PROJECTS = TypeAdapter(_Projects)
_TOKEN = TypeAdapter(_TokenBody)


def statistics(answer: Answer) -> tuple[Counts, Counts]:
    """The counts of a 200: normal tasks, then CDC tasks. Raises Garbage."""
    found = read(_STATISTICS, answer)
    return _counts(found.common_task_details), _counts(found.cdc_task_details)


def instance_page(answer: Answer) -> InstancePage:
    """One page of the instance list. Raises Garbage."""
    return read(_INSTANCES, answer)


def projects(answer: Answer) -> list[Project]:
    """The projects IAM lists. Raises Garbage."""
    return read(_PROJECTS, answer).projects


def token_info(answer: Answer) -> TokenInfo:
    """What a 201 of IAM says of the token in its header. Raises Garbage."""
    return read(_TOKEN, answer).token


def _counts(tasks: _Tasks) -> Counts:
    return Counts(
        tasks.running_tasks_count,
        tasks.abnormal_tasks_count,
        tasks.terminated_tasks_count,
        tasks.completed_tasks_count,
    )


def read(shape: TypeAdapter[T], answer: Answer) -> T:
    """The body as `shape` documents it. Raises Garbage that says where it differs."""
    # pydantic reads and checks in one go, in less time than json.loads alone takes to read.
    try:
        return shape.validate_json(answer.body)
    except ValidationError as error:
        reason = f"answered {answer.status}, but not as documented: {_first_fault(error, answer.body)}"
        raise Garbage(reason, request_id=answer.request_id) from error


def _first_fault(error: ValidationError, body: bytes) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] != "json_invalid":
        place = ".".join(str(part) for part in first["loc"]) or "the whole answer"
        return f"{place}: {first['msg']}"
    if not body:
        return "the body is empty"
    if body.lstrip()[:1] == b"<":
        return "it is a web page; is the endpoint right, is a proxy or a login page in between?"
    return f"it is not whole JSON ({len(body)} bytes)"
