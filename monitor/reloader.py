"""Asked for a reload, reads the policy's files again and puts in force what is good: the service never stops by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from monitor.book import Book, uncut
from monitor.clock import Clock
from monitor.errors import Fault, MonitorError, StoreFailed
from monitor.invalidity import judged
from monitor.live import Live
from monitor.meters import Meters
from monitor.policy.policy import Policy
from monitor.policy.reload import again, compared
from monitor.reloaded import Reloaded

RETRY = 5.0
"""Seconds until what a store did not take is tried again."""

TOLD = 10
"""Faults that one line of the log names."""

log = structlog.get_logger()


class Requests:
    """Who asks for a reload. All that ask while one is under way share the next."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._shared: asyncio.Future[Reloaded] | None = None

    def ask(self) -> None:
        """A reload, without waiting for it. From the event loop's own thread only."""
        self._asked.set()

    async def reload(self) -> Reloaded:
        """A reload that reads the files after this call; what it did."""
        if self._shared is None:
            self._shared = asyncio.get_running_loop().create_future()
        self._asked.set()
        return await asyncio.shield(self._shared)

    async def wait(self, *, within: float | None) -> bool:
        """Waits until somebody asks; whether somebody did `within` so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._asked.wait()
        except TimeoutError:
            return False
        return True

    def take(self) -> asyncio.Future[Reloaded]:
        """Begins to serve all that have asked so far; they wait for what is set here."""
        shared, self._shared = self._shared, None
        self._asked.clear()
        return shared or asyncio.get_running_loop().create_future()


@dataclass(frozen=True, slots=True)
class Source:
    """Where the policy comes from: its folder, and what its references are filled in from at any time."""

    folder: Path
    environ: Callable[[], Mapping[str, str]]
    requests: Requests = field(default_factory=Requests)


class Reloader:
    """Keeps the policy in force that the files write."""

    def __init__(self, source: Source, policy: Policy, live: Live, *, book: Book, now: Clock, meters: Meters) -> None:
        self._source = source
        self._policy = policy
        self._live = live
        self._book = book
        self._now = now
        self._meters = meters
        self._faults: tuple[Fault, ...] = ()
        self._owing = True
        self._failing = False

    async def run(self) -> None:
        """Reloads when asked, until cancelled."""
        self._meters.reloaded.set(1)
        self._meters.reloaded_at.set(self._now().timestamp())
        await self._settle()
        while True:
            if not await self._source.requests.wait(within=RETRY if self._owing else None):
                await self._settle()
                continue
            asked = self._source.requests.take()
            try:
                done = await self._reload()
                await self._settle()
                asked.set_result(done)
            finally:
                asked.cancel()

    async def _reload(self) -> Reloaded:
        """One reload, whatever goes wrong."""
        try:
            done = await self._put_in_force()
        except MonitorError as error:
            done = Reloaded(trouble=f"nothing was reloaded: {error}")
            log.error("policy not reloaded", reason=str(error))
        except Exception:
            done = Reloaded(trouble="nothing was reloaded, this is a bug: the log of the service says more")
            log.exception("policy not reloaded: this is a bug")
        self._count(done)
        return done

    async def _put_in_force(self) -> Reloaded:
        """Raises UsageError where the environment cannot be read, StoreFailed where the history cannot."""
        before = self._policy
        environ = self._source.environ()
        attempt = await asyncio.to_thread(again, before, self._source.folder, environ)
        changes = compared(before, attempt.policy)
        self._owing = True
        if changes.changed:
            await self._live.adopt(attempt.policy, changes)
        self._policy, self._faults = attempt.policy, attempt.faults
        self._live.force.faults = attempt.faults
        for warning in attempt.policy.warnings:
            if warning not in before.warnings:
                log.warning("policy has a doubtful place", place=warning.place, reason=warning.message)
        done = replace(changes, faults=attempt.faults, kept=attempt.kept)
        _tell(done)
        return done

    async def _settle(self) -> None:
        """Has the store take what follows from the policy in force. What it does not take is tried again."""
        if not self._owing:
            return
        try:
            await self._live.settle(self._policy)
            changes = judged(self._book.general, self._faults, at=self._now())
            if changes:
                await uncut(self._book.record([(None, change) for change in changes]))
        except StoreFailed as error:
            if not self._failing:
                log.error("what the reload ends waits for the store", reason=str(error))
            self._failing = True
            return
        except Exception:
            log.exception("a reload was not settled: this is a bug")
        self._owing = self._failing = False

    def _count(self, done: Reloaded) -> None:
        outcome = "good" if done.ok else "failed" if done.trouble else "invalid"
        self._meters.reloads.labels(outcome).inc()
        self._meters.reloaded.set(done.ok)
        if done.ok:
            self._meters.reloaded_at.set(self._now().timestamp())


def _tell(done: Reloaded) -> None:
    """One line for each reload."""
    told = {"accounts": str(done.accounts), "rules": str(done.rules), "receivers": str(done.receivers)}
    told["route"] = "changed" if done.route else "no change"
    if not done.faults:
        log.info("policy reloaded", **told)
        return
    faults = [f"{fault.place}: {fault.message.splitlines()[0]}" for fault in done.faults[:TOLD]]
    more = {"more": len(done.faults) - TOLD} if len(done.faults) > TOLD else {}
    log.error(
        "policy is invalid, what was last good stays in force", errors=faults, **more, kept=list(done.kept), **told
    )
