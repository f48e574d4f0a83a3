"""One account examined as the service would use it: what is well, what is not, and what to do about it.

At most one authentication fails: the cloud locks users and keys that try too often.
"""

from __future__ import annotations

import asyncio
import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import aiohttp
from yarl import URL

from monitor import durations
from monitor.clock import Clock
from monitor.errors import DoorError
from monitor.fdi.account import Account, Agency, Aksk, Password
from monitor.fdi.agency import METADATA
from monitor.fdi.cloud import Cloud
from monitor.fdi.discovery import PAGE
from monitor.fdi.failures import failure_of
from monitor.fdi.reach import reach
from monitor.fdi.wire import make_session
from monitor.model import Failure, FailureKind, Instance, Sample

LOOKED_AT = 3
"""Instances whose counts are read, until one has tasks."""

SKEW, WORST_SKEW = timedelta(seconds=60), timedelta(minutes=10)
"""Between our clock and the cloud's: signatures are refused from 15 minutes on."""

ROOM = 0.8
"""Share of the quota that polls may need: the rest is for lists, names of tasks, and requests that are repeated."""


class Grade(enum.StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `advice` is empty where nothing is to be done, or where `found` says it."""

    name: str
    grade: Grade
    found: str
    advice: str = ""


@dataclass(slots=True)
class _Visit:
    """What calls to one account gave. `skews`: by how much the cloud's clock was ahead in each answer."""

    account: Account
    instances: Sequence[Instance] = ()
    listing: Failure | None = None
    samples: list[Sample] = field(default_factory=list)
    skews: list[timedelta] = field(default_factory=list)
    expires_at: datetime | None = None
    throttled: int = 0

    @property
    def failures(self) -> list[Failure]:
        found = [self.listing, *(sample.failure for sample in self.samples)]
        return [failure for failure in found if failure is not None]

    @property
    def listed(self) -> bool:
        return self.account.discover is not None and self.listing is None


async def examine(account: Account, now: Clock, *, metadata: str = METADATA) -> list[Check]:
    """The checks of one account, in the order in which one thing needs the other. Takes a few requests."""
    reached = await asyncio.gather(*(_reached(name, base, account) for name, base in _addresses(account)))
    if any(check.grade is Grade.TROUBLE for check in reached):
        return reached
    visit = await _visited(account, now, metadata)
    found = (_clock(visit), _credentials(visit), _list(visit), _counts(visit), _quota(visit))
    return [*reached, *(check for check in found if check is not None)]


def _addresses(account: Account) -> list[tuple[str, str]]:
    needs_iam = isinstance(account.auth, Password) or not account.project_id
    return [("endpoint", account.endpoint), *([("iam", account.iam_endpoint)] if needs_iam else [])]


async def _reached(name: str, base: str, account: Account) -> Check:
    try:
        way = await reach(URL(base), limit=account.timeout.total_seconds())
    except DoorError as error:
        return Check(name, Grade.TROUBLE, error.reason)
    return Check(name, Grade.OK, str(way))


async def _visited(account: Account, now: Clock, metadata: str) -> _Visit:
    visit = _Visit(account, account.instances)
    async with make_session(trace=_watching_dates(visit.skews, now)) as session:
        cloud = Cloud(account, session, now, attempts=1, metadata=metadata)
        if account.discover is not None:
            try:
                listed = await cloud.instances()
                visit.instances = list({one.key: one for one in (*listed, *account.instances)}.values())
            except DoorError as error:
                visit.listing = failure_of(error)
        for instance in visit.instances[:LOOKED_AT]:
            if any(failure.kind is FailureKind.AUTH for failure in visit.failures):
                break
            visit.samples.append(await cloud.sample(instance))
            if _tasks(visit.samples[-1]):
                break
        visit.expires_at, visit.throttled = cloud.expires_at, cloud.throttled
    return visit


def _watching_dates(skews: list[timedelta], now: Clock) -> aiohttp.TraceConfig:
    async def ended(_: aiohttp.ClientSession, __: SimpleNamespace, answer: aiohttp.TraceRequestEndParams) -> None:
        try:
            date = parsedate_to_datetime(answer.response.headers.get("Date", ""))
        except ValueError:
            return
        if date.tzinfo is not None:
            skews.append(date - now())

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(ended)
    return trace


def _tasks(sample: Sample) -> int:
    return sum((*(sample.common or ()), *(sample.cdc or ())))


def _clock(visit: _Visit) -> Check | None:
    if not visit.skews:
        return None
    # The header has whole seconds, cut off.
    skew = max(visit.skews, key=abs) + timedelta(seconds=0.5)
    apart = timedelta(seconds=round(abs(skew).total_seconds()))
    if apart <= timedelta(seconds=2):
        return Check("clock", Grade.OK, "in step with the cloud's")
    found = f"{durations.show(apart)} {'behind' if skew > timedelta() else 'ahead of'} the cloud's"
    if apart <= SKEW:
        return Check("clock", Grade.OK, found)
    grade = Grade.TROUBLE if apart > WORST_SKEW else Grade.WARNING
    return Check("clock", grade, found, "set this machine's clock, by NTP: signatures are refused from 15m on")


def _credentials(visit: _Visit) -> Check:
    refused = [failure for failure in visit.failures if failure.kind is FailureKind.AUTH]
    if refused:
        # That they rest is true of a service; here nothing follows.
        return Check("credentials", Grade.TROUBLE, _told(refused[0], refused[0].reason.partition("; resting")[0]))
    if not (visit.listed or visit.expires_at or any(sample.up for sample in visit.samples)):
        return Check("credentials", Grade.WARNING, "nobody can tell: no call came through")
    auth, ends = visit.account.auth, f"until {visit.expires_at:%Y-%m-%d %H:%M} UTC" if visit.expires_at else ""
    match auth:
        case Password() | Agency():
            return Check("credentials", Grade.OK, f"accepted, valid {ends} and renewed before" if ends else "accepted")
        case Aksk(security_token=None):
            return Check("credentials", Grade.OK, "accepted; an access key does not end by itself")
    advice = "use an access key, or user and password: then nobody has to renew it"
    return Check("credentials", Grade.WARNING, "accepted, but they end within a day and cannot be renewed here", advice)


def _list(visit: _Visit) -> Check | None:
    if visit.listing is not None and visit.listing.kind is FailureKind.AUTH:
        return None
    if visit.listing is not None:
        return Check("instances", Grade.TROUBLE, f"cannot be listed: {_told(visit.listing)}")
    if not visit.instances:
        advice = "check region, project_id, and include and exclude of the account; may the user see the instances?"
        return Check("instances", Grade.WARNING, "there is none to poll", advice)
    return Check("instances", Grade.OK, f"{len(visit.instances)} to poll")


def _counts(visit: _Visit) -> Check | None:
    failed = next((sample for sample in visit.samples if sample.failure is not None), None)
    if failed is not None and failed.failure is not None:
        if failed.failure.kind is FailureKind.AUTH:
            return None
        return Check("counts", Grade.TROUBLE, f"{failed.instance.name}: {_told(failed.failure)}")
    if not visit.samples:
        return None
    last = visit.samples[-1]
    if (tasks := _tasks(last)) > 0:
        took = f"{last.latency.total_seconds() * 1000:.0f} ms"
        return Check("counts", Grade.OK, f"{last.instance.name} answers within {took}: {tasks} tasks")
    names = ", ".join(sample.instance.name for sample in visit.samples)
    advice = (
        "if the console shows tasks there, the user may not see them: it sees the integration applications that it "
        "created, or was authorised for"
    )
    return Check("counts", Grade.WARNING, f"all counts are 0 ({names})", advice)


def _quota(visit: _Visit) -> Check | None:
    account, number = visit.account, len(visit.instances)
    if not number:
        return None
    needed = number / account.poll_every.total_seconds()
    if account.discover is not None:
        needed += math.ceil(number / PAGE) / account.discover.every.total_seconds()
    share = needed / account.quota.rate
    found = f"polls every {durations.show(account.poll_every)} need {needed:.3g}/s, {share:.0%} of the quota"
    if visit.throttled:
        advice = "something else uses the same quota up, or the cloud grants less: lower the account's quota"
        return Check("quota", Grade.WARNING, f"{found}; the cloud has throttled this examination", advice)
    if share <= ROOM:
        return Check("quota", Grade.OK, found)
    advice = "raise quota if the cloud grants more, or poll_every"
    if share <= 1:
        return Check("quota", Grade.WARNING, found, advice)
    return Check("quota", Grade.TROUBLE, f"{found}: polls come later than they should", advice)


def _told(failure: Failure, reason: str = "") -> str:
    request = f" (request {failure.request_id})" if failure.request_id else ""
    return f"{reason or failure.reason}{request}"
