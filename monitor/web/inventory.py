"""What our own API tells of accounts and instances, shape by shape."""

from __future__ import annotations

from typing_extensions import TypedDict

from monitor.model import Counts, Failure, Run
from monitor.web.amshape import moment
from monitor.web.shapes import Moment


class CountsTold(TypedDict):
    """Tasks of one kind by state."""

    running: int
    abnormal: int
    terminated: int
    completed: int


class FailureTold(TypedDict):
    """Why a poll gave no counts; `request_id` is for Huawei's support."""

    kind: str
    reason: str
    request_id: str


# the name of a field is a word of Python
RunTold = TypedDict(
    "RunTold",
    {
        "from": Moment,
        "to": Moment,
        "polls": int,
        "suspicious": bool,
        "common": CountsTold | None,
        "cdc": CountsTold | None,
        "failure": FailureTold | None,
    },
)
RunTold.__doc__ = "A stretch of polls that all saw the same."


class HistoryTold(TypedDict):
    """A page of an instance's history, oldest first."""

    runs: list[RunTold]
    next: str | None


class InstanceTold(TypedDict):
    """An instance as it was last seen. `health` is the word of the dashboard; `last` its latest run, null before the
    first poll; `good_at` when the last good sample was taken; `alerts` the names of those that fire about it."""

    account: str
    id: str
    name: str
    region: str
    project_id: str
    labels: dict[str, str]
    health: str
    up: bool | None
    last: RunTold | None
    good_at: Moment | None
    alerts: list[str]


class InstancesTold(TypedDict):
    """A page of instances, by account, name and id."""

    instances: list[InstanceTold]
    next: str | None


class QuotaTold(TypedDict):
    """What an account's quota allows (requests a second) and what is used of it. `share` is less than 1 for a while
    after the cloud throttled; `every` is longer than `wanted_every` (seconds) where the quota does not carry the polls;
    `requests` and `throttled` count since the start."""

    per_second: float
    share: float
    wanted_every: float
    every: float
    requests: int
    throttled: int


class AccountTold(TypedDict):
    """An account with its instances, counted by their health. `quota` is null while it is not polled here."""

    name: str
    instances: int
    health: dict[str, int]
    quota: QuotaTold | None


class AccountsTold(TypedDict):
    """A page of accounts, by name."""

    accounts: list[AccountTold]
    next: str | None


def run(one: Run) -> RunTold:
    """A run."""
    return {
        "from": moment(one.start),
        "to": moment(one.end),
        "polls": one.polls,
        "suspicious": one.suspicious,
        "common": _counts(one.common),
        "cdc": _counts(one.cdc),
        "failure": _failure(one.failure),
    }


def _counts(one: Counts | None) -> CountsTold | None:
    if one is None:
        return None
    running, abnormal, terminated, completed = one
    return {"running": running, "abnormal": abnormal, "terminated": terminated, "completed": completed}


def _failure(one: Failure | None) -> FailureTold | None:
    return {"kind": str(one.kind), "reason": one.reason, "request_id": one.request_id} if one else None
