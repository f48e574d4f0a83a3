"""The client of one account: samples and lists, under its quota, with its credentials."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple

import aiohttp
from yarl import URL

from monitor.clock import Clock
from monitor.errors import AuthFailed, DoorError, Refused, Throttled
from monitor.fdi import answers, tasks
from monitor.fdi.account import Account
from monitor.fdi.agency import METADATA
from monitor.fdi.answers import Answer, Lost, TimedOut
from monitor.fdi.codes import BACKEND
from monitor.fdi.credentials import SECURITY_TOKEN_HEADER, TOKEN_HEADER
from monitor.fdi.deadlines import Deadlines
from monitor.fdi.departure import Departure
from monitor.fdi.discovery import PAGE, RUNNING, Listing, instances_of
from monitor.fdi.failures import failure_of
from monitor.fdi.gate import ATTEMPTS, Gate, Pass
from monitor.fdi.refusals import LockedOut, sorted_error
from monitor.fdi.signers import signer_for
from monitor.fdi.signing import wire_url
from monitor.fdi.stopwatch import Stopwatch
from monitor.fdi.throttle import FairThrottler
from monitor.fdi.wire import Wire
from monitor.model import Instance, Sample

_MAX_URLS = 20_000


class _Leave(NamedTuple):
    """Leave to send one request: the gate's, and its place in the quota."""

    given: Pass
    departure: Departure


class Cloud:
    """One account's client. Every request but those for tokens and keys is under the account's quota."""

    def __init__(
        self,
        account: Account,
        session: aiohttp.ClientSession,
        now: Clock,
        *,
        attempts: int = ATTEMPTS,
        metadata: str = METADATA,
        before: Cloud | None = None,
        wall: Clock | None = None,
    ) -> None:
        """`session` comes from `wire.make_session` and is closed by whoever made it. `attempts`: see `Gate`;
        `metadata`: the base URL of the metadata service, for accounts that use an agency. `before` is the client that
        this one replaces: see `_follow`. Samples are taken by `now`; what the cloud compares with its own clock goes
        by `wall`, the same unless given.
        """
        self.account = account
        self.requests = 0
        """Requests sent so far, those for tokens and keys apart."""
        self.throttled = 0
        """Answers so far that asked for patience."""
        self._wire = Wire(session)
        self._now, self._wall = now, wall or now
        self._limit = account.timeout.total_seconds()
        self._signer = signer_for(account, self._wire, self._wall, metadata=metadata)
        self._deadlines = Deadlines(self._limit)
        self._gate = Gate(self._wall, patience=self._limit, attempts=attempts)
        self.throttler = FairThrottler(account.quota.requests, account.quota.per.total_seconds())
        if before is not None:
            self._follow(before)
        self._urls: dict[tuple[str, str], URL] = {}
        self._finding_project = asyncio.Lock()

    def _follow(self, before: Cloud) -> None:
        """What `before` sent, and still sends, counts; its pause holds; with the same login its token goes on too."""
        self.throttler = before.throttler
        quota = self.account.quota
        self.throttler.retune(quota.requests, quota.per.total_seconds())
        self.requests, self.throttled = before.requests, before.throttled
        if self.account.login == before.account.login:
            self._gate, self._signer = before._gate, before._signer
        else:
            self._gate.heed(before._gate)

    @property
    def expires_at(self) -> datetime | None:
        """When the present token or temporary keys end; None if they never do, none is held, or nobody can tell."""
        return self._signer.expires_at

    @property
    def share(self) -> float:
        """How much of the quota is used at most: 1, less for a while after the cloud throttled nevertheless."""
        return self.throttler.share

    async def sample(self, instance: Instance) -> Sample:
        """Polls `instance` once. What goes wrong is a sample too, never an error.

        The wait for the quota is not part of the latency. Waits apart, it takes at most the account's time-out.
        """
        watch = Stopwatch()
        try:
            url = await self._statistics_url(instance)
            common, cdc = answers.statistics(await self._get(url, watch))
        except DoorError as error:
            return Sample(instance, self._now(), watch.read(), failure=failure_of(error))
        return Sample(instance, self._now(), watch.read(), common, cdc)

    async def instances(self) -> list[Instance]:
        """The account's RUNNING instances that `discover` wants, all of them. Raises DoorError."""
        project = await self.project_id()
        listing = Listing()
        more = True
        while more:
            query = [("limit", str(PAGE)), ("offset", str(listing.offset)), ("status", RUNNING)]
            url = wire_url(self.account.endpoint, ("v2", project, "instances"), query)
            more = listing.add(answers.instance_page(await self._get(url, Stopwatch())))
        return instances_of(self.account, project, listing.running())

    async def broken_tasks(self, instance: Instance) -> tasks.BrokenTasks:
        """Which tasks of `instance` are broken. Raises DoorError.

        Nothing hangs on it, so it is asked once: whether credentials that are refused here are bad is for a poll to
        find out.
        """
        project = instance.project_id or await self.project_id()
        segments = ("v2", project, "fdi", "instances", instance.id, "task-monitors")
        url = wire_url(self.account.endpoint, segments, tasks.QUERY)
        leave = await self._leave()
        try:
            with self._deadlines.start():
                return tasks.broken_tasks(await self._send(url, leave))
        except TimeoutError as error:
            raise TimedOut(f"no whole answer within {self._limit:g} s") from error

    async def project_id(self) -> str:
        """The id of the account's project: from the policy, from its token, or from IAM by region. Raises DoorError."""
        if not self._signer.project_id:
            async with self._finding_project:
                if not self._signer.project_id:
                    self._signer.project_id = await self._find_project()
        return self._signer.project_id

    async def _find_project(self) -> str:
        await self._prepare()
        if self._signer.project_id:
            return self._signer.project_id
        account = self.account
        url = wire_url(account.iam_endpoint, ("v3", "projects"), [("name", account.region)])
        found = [one for one in answers.projects(await self._get(url, Stopwatch())) if one.name == account.region]
        if len(found) != 1:
            raise Refused(
                f"IAM knows {len(found)} projects for region {account.region!r}: write project_id into the account"
            )
        return found[0].id

    async def _statistics_url(self, instance: Instance) -> URL:
        project = instance.project_id or self._signer.project_id or await self.project_id()
        url = self._urls.get((project, instance.id))
        if url is None:
            if len(self._urls) >= _MAX_URLS:
                self._urls.clear()
            segments = ("v2", project, "fdi", "instances", instance.id, "statistics", "tasks")
            url = self._urls[project, instance.id] = wire_url(self.account.endpoint, segments)
        return url

    async def _get(self, url: URL, watch: Stopwatch) -> Answer:
        """The 200 to a GET of `url`. With refused credentials or a lost connection it is sent once more."""
        leave = await self._leave()
        watch.start()
        try:
            with self._deadlines.start():
                try:
                    return await self._send(url, leave)
                except (AuthFailed, Lost):
                    leave = await self._leave()
                return await self._send(url, leave)
        except TimeoutError as error:
            raise TimedOut(f"no whole answer within {self._limit:g} s") from error

    async def _leave(self) -> _Leave:
        """Waits until one more request may be sent now: by the gate, the credentials and the quota."""
        while True:
            given = self._gate.at_once() or await self._gate.enter()
            try:
                await self._prepare()
                departure = await self.throttler.acquire()
            except BaseException:
                self._gate.inconclusive(given)
                raise
            if self._gate.still_holds(given):
                return _Leave(given, departure)
            self._gate.inconclusive(given)

    async def _prepare(self) -> None:
        try:
            await self._signer.prepare()
        except AuthFailed as error:
            raise self._gate.rest(self._advised(error)) from error

    async def _send(self, url: URL, leave: _Leave) -> Answer:
        headers = self._signer.headers("GET", url)
        self.requests += 1
        try:
            still = partial(self.throttler.still_holds, leave.departure)
            answer = await self._wire.exchange("GET", url, headers=headers, still=still)
        except BaseException:
            self._gate.inconclusive(leave.given)
            raise
        self.throttler.answered(leave.departure)
        if answer.status != 200:
            raise self._sorted(answer, headers, leave.given)
        self._gate.proven(leave.given)
        return answer

    def _sorted(self, answer: Answer, headers: Mapping[str, str], given: Pass) -> DoorError:
        """What an answer that is no 200 means, for this request and for the account."""
        # What was shown may have been replaced since.
        shown = (headers.get(name, "") for name in (TOKEN_HEADER, SECURITY_TOKEN_HEADER))
        secrets = (*self._signer.secrets(), *shown)
        error = sorted_error(answer, at=self._wall(), secrets=secrets)
        if isinstance(error, AuthFailed):
            return self._refused(error, headers, given)
        if error.code.startswith(BACKEND):
            self._gate.proven(given)
        else:
            self._gate.inconclusive(given)
        if isinstance(error, Throttled):
            self.throttled += 1
            self._gate.pause(error)
            self.throttler.ease(resumes_in=error.wait.total_seconds())
        return error

    def _refused(self, error: AuthFailed, headers: Mapping[str, str], given: Pass) -> AuthFailed:
        # The token is forgotten before the gate lets the next request out: that one must not carry it again.
        renewable = self._signer.refused(headers) and not isinstance(error, LockedOut)
        once_more = self._gate.refused(given)
        advised = self._advised(error)
        return advised if renewable and once_more else self._gate.rest(advised)

    def _advised(self, error: AuthFailed) -> AuthFailed:
        reason = f"{error.reason}: {self._signer.advice}"
        return AuthFailed(reason, code=error.code, request_id=error.request_id)
