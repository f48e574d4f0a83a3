"""Lets an account's requests out only while it may send.

Huawei Cloud locks an access key after five failures in a row, and a user after three to ten. So, until the credentials
are proven, requests go out one by one, and after ATTEMPTS failures the account rests for REST. It pauses for as long
as a throttling asks for. Times are the event loop's, in seconds.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple

from monitor.clock import Clock
from monitor.errors import AuthFailed, Throttled
from monitor.fdi.answers import TimedOut

ATTEMPTS = 2
"""Failed authentications before the account rests."""

REST = 300.0
"""Seconds without a request after the credentials were refused."""

PATIENCE = 1.0
"""Seconds after which a second request may go out although the first one, with unproven credentials, is silent."""


class Pass(NamedTuple):
    """Leave to send one request.

    `era` counts how often the credentials have come into doubt; a `probe` goes out before they are proven.
    """

    era: int
    probe: bool


class Gate:
    """One account's gate. Each `enter` is followed by exactly one of `proven`, `refused` and `inconclusive`."""

    def __init__(self, now: Clock, *, patience: float, attempts: int = ATTEMPTS) -> None:
        """`patience`: seconds a request waits here at most, for a pause to end or for other requests' proof.
        `attempts`: failed authentications before the account rests.
        """
        self._now = now
        self._patience = patience
        self._attempts = attempts
        self._era = 0
        self._proven = False
        self._failed = 0
        self._probing = 0
        self._last_probe = float("-inf")
        self._rests_until = float("-inf")
        self._paused_until = float("-inf")
        self._why_rests: AuthFailed | None = None
        self._why_paused: Throttled | None = None
        self._moved = asyncio.Event()

    @property
    def resting(self) -> bool:
        """Whether nothing is sent because the credentials were refused."""
        return _time() < self._rests_until

    def at_once(self) -> Pass | None:
        """Leave to send, where nothing stands against it: what `enter` would give without waiting."""
        return self._admit() if self._proven and _time() >= self._paused_until else None

    async def enter(self) -> Pass:
        """Waits for leave to send one request. Raises AuthFailed while the account rests, Throttled, TimedOut."""
        deadline = _time() + self._patience
        while True:
            self._raise_if_resting()
            await self._sit_out_pause(deadline)
            if (leave := self._admit()) is not None:
                return leave
            if _time() >= deadline:
                raise TimedOut("no answer yet to the first request with these credentials, so no second one was sent")
            with suppress(TimeoutError):
                async with asyncio.timeout(min(PATIENCE, deadline - _time())):
                    await self._moved.wait()

    def still_holds(self, leave: Pass) -> bool:
        """Whether `leave`, got before a wait, is still good; if not, give it back and enter again."""
        return leave.era == self._era and _time() >= max(self._rests_until, self._paused_until)

    def proven(self, leave: Pass) -> None:
        """The cloud accepted the credentials."""
        if leave.era == self._era and not self._proven:
            self._proven, self._failed, self._why_rests = True, 0, None
        self._left(leave)

    def inconclusive(self, leave: Pass) -> None:
        """The request says nothing about the credentials."""
        self._left(leave)

    def refused(self, leave: Pass) -> bool:
        """The cloud refused the credentials. Whether one more try is allowed.

        Requests that were already on their way when the credentials came into doubt are not counted again.
        """
        if leave.era == self._era:
            if self._proven:
                self._era, self._proven, self._failed, self._probing = self._era + 1, False, 1, 0
            else:
                self._failed += 1
        self._left(leave)
        return self._failed < self._attempts

    def rest(self, error: AuthFailed) -> AuthFailed:
        """Sends nothing for REST. Gives the error that every request gets meanwhile."""
        if not self.resting:
            self._rests_until = _time() + REST
            self._era, self._proven, self._failed, self._probing = self._era + 1, False, 0, 0
            reason = f"{error.reason}; resting until {_clock_time(self._now, REST)}"
            self._why_rests = AuthFailed(reason, code=error.code, request_id=error.request_id)
            self._stir()
        return self._why_rests or error

    def heed(self, earlier: Gate) -> None:
        """Takes over the pause that was asked of `earlier`: it was meant for the account, whoever comes now."""
        self._paused_until, self._why_paused = earlier._paused_until, earlier._why_paused

    def pause(self, error: Throttled) -> None:
        """Sends nothing for as long as `error` asks for."""
        until = _time() + error.wait.total_seconds()
        if until > self._paused_until:
            self._paused_until, self._why_paused = until, error

    def _admit(self) -> Pass | None:
        if self._proven:
            return Pass(self._era, probe=False)
        if self._failed + self._probing >= self._attempts:
            return None
        if self._probing and _time() < self._last_probe + PATIENCE:
            return None
        self._probing += 1
        self._last_probe = _time()
        return Pass(self._era, probe=True)

    def _left(self, leave: Pass) -> None:
        if leave.probe and leave.era == self._era:
            self._probing -= 1
        if not self._proven or leave.probe:
            self._stir()

    def _stir(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    def _raise_if_resting(self) -> None:
        if self.resting and self._why_rests is not None:
            raise self._why_rests.with_traceback(None)

    async def _sit_out_pause(self, deadline: float) -> None:
        """Waits for the end of a short pause; a long one is told at once, so that people see it."""
        while (left := self._paused_until - _time()) > 0:
            why = self._why_paused
            if why is not None and self._paused_until > deadline:
                reason = f"{why.reason}; paused until {_clock_time(self._now, left)}"
                raise Throttled(reason, wait=timedelta(seconds=left), code=why.code, request_id=why.request_id)
            await asyncio.sleep(left)


def _time() -> float:
    return asyncio.get_running_loop().time()


def _clock_time(now: Clock, seconds: float) -> str:
    return f"{now() + timedelta(seconds=seconds):%H:%M:%S} UTC"
