"""Bounds many short calls by the same time with a single timer.

`asyncio.timeout` arms and disarms a timer for each call, a tenth of what a poll costs. Calls with the same limit end in
the order they began, so one timer for the oldest of them does.
"""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType

TICK = 1e-6
"""Seconds: what is due within this is due now, where a clock cannot tell such times apart."""


class Deadline:
    """One call under a limit. Leaving the block raises TimeoutError if the limit was what ended it."""

    __slots__ = ("_asked_before", "_book", "_expired", "_task", "due")

    def __init__(self, book: Deadlines, task: asyncio.Task[object], due: float) -> None:
        self._book = book
        self._task: asyncio.Task[object] | None = task
        self._asked_before = task.cancelling()
        self._expired = False
        self.due = due

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self._task is None

    def expire(self) -> None:
        """Ends the call: it is cancelled at the point where it waits."""
        if self._task is not None:
            self._expired = True
            self._task.cancel()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        self._book.forget_ended()
        # Cancelled from outside as well? Then it is not for us to swallow that.
        ours = self._expired and task is not None and task.uncancel() <= self._asked_before
        if ours and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error


class Deadlines:
    """The deadlines of calls that all may take `limit` seconds, on the event loop's clock."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._running: deque[Deadline] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> Deadline:
        """Begins a call of the current task: `with deadlines.start(): await ...`."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a deadline needs a task to end")
        deadline = Deadline(self, task, loop.time() + self._limit)
        self._running.append(deadline)
        if self._timer is None:
            self._timer = loop.call_at(deadline.due, self._end_overdue)
        return deadline

    def forget_ended(self) -> None:
        """Drops the oldest deadlines whose calls have ended."""
        while self._running and self._running[0].over:
            self._running.popleft()

    def _end_overdue(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        self.forget_ended()
        while self._running and self._running[0].due <= loop.time() + TICK:
            self._running.popleft().expire()
            self.forget_ended()
        if self._running:
            self._timer = loop.call_at(self._running[0].due, self._end_overdue)
