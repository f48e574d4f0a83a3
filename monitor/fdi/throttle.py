"""Paces an account's requests so that its quota is kept in every window and nearly used up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

from asyncio_throttle.throttler import Throttler

from monitor.fdi.departure import Departure, arrived

MARGIN = 1.02
"""The quota is spread over a window this much longer than the vendor's, so that a request which leaves a little late
and the next one which leaves in time do not meet in one of his windows."""

SLICE = 0.05
"""Seconds: what the quota allows in this time leaves together, then the line waits for the next slice. Waking up for
each request would cost more than the request."""

TICK = 1e-6
"""Seconds: a wait shorter than this is over. It ends the loop where a clock cannot tell such times apart."""

LATEST = 0.5
"""The share of a window by which a request may be taken to have arrived late while nothing sent since was answered: the
way there, or the server as a whole, may be stuck."""

ALONE = 0.15
"""The same once a request that left later was answered: then it is this one alone that hangs, and it costs the others
no more than this."""

GUARD = 0.002
"""The share of a window by which a late request's place is kept longer still: round trips compare only nearly."""

FORGETS = 1.001
"""The quickest round trip may grow by this factor with each answer: routes change."""

ACQUAINTED = 5
"""Answers after which the quickest of them says how long the way is. Before, there is nothing to compare with: where
the window is full of what another process sent, a request may have arrived as late as its answer came."""

LEAST = 0.1
"""The share of the quota that is left however often the vendor throttles: below it nothing would be learnt."""

REGAIN = 0.02
"""How much of the quota comes back in a second: after one throttling all of it within 25 s."""


Allowance = Callable[[int, float], int]
"""How many of so many requests in any window of so many seconds are ours to send."""


class FairThrottler(Throttler):
    """`asyncio_throttle.Throttler` for crowds: first come, first served, in small slices, on the loop's clock.

    At most `rate_limit` acquisitions fall into any window of `period` seconds, however late the loop wakes up: the log
    of the base class keeps the true times of the last `rate_limit` of them. On top, slices are due on an even grid that
    catches up after a late wake-up, so that lateness costs no throughput.

    What counts is when requests arrive. One whose answer took longer than the quickest may have been held up on its way
    there, so its place stays taken for that much longer: a network or a gateway that stalls does not make the requests
    of two windows meet in one. `answered` tells of answers.

    A vendor that throttles nevertheless (others use the same account) is met halfway: `ease` halves the rate, which
    then climbs back evenly.
    """

    def __init__(self, rate_limit: int, period: float = 1.0) -> None:
        super().__init__(rate_limit, period=period * MARGIN)
        self._quota = (rate_limit, period)
        self._set(rate_limit, period)
        self._forgotten = float("-inf")
        self._quickest = float("inf")
        self._answers = 0
        self._newest_answered = float("-inf")
        self._silent_since: float | None = None
        self._turn = asyncio.Lock()
        self.allowance: Allowance | None = None
        """Says right before a request leaves how much of the quota is ours: another process may use the rest, or all of
        it, by now."""
        self._slice_due = float("-inf")
        self._low = 1.0
        self._eased_at = float("-inf")

    def retune(self, rate_limit: int, period: float) -> None:
        """Keeps another quota from now on, also in the windows that began before: what left then counts.

        Where the log does not reach back far enough for the new window, as many as fit are taken to have left when the
        last one did that it has forgotten.
        """
        self._quota = (rate_limit, period)
        self._tune(rate_limit, period)

    def _tune(self, rate_limit: int, period: float) -> None:
        if (rate_limit, period * MARGIN) == (self.rate_limit, self._window):
            return
        now = asyncio.get_running_loop().time()
        times = self._reaching(rate_limit)
        self._forgotten = max([self._forgotten, *(one.latest(now) for one in times[:-rate_limit])])
        self._task_logs.clear()
        self._task_logs.extend(times[-rate_limit:])
        self._set(rate_limit, period)

    def _set(self, rate_limit: int, period: float) -> None:
        self.rate_limit = rate_limit
        self._vendors_window = period
        self.period = self._window = period * MARGIN
        self._slice_size = max(1, int(rate_limit * SLICE / period))
        self._slice_period = self._window * self._slice_size / rate_limit
        self._slice_left = 0

    @property
    def share(self) -> float:
        """How much of the quota is used at most now: 1 unless it was eased lately, or part of it is another's."""
        return self._share(asyncio.get_running_loop().time()) * self.rate_limit / self._quota[0]

    @property
    def silence(self) -> float:
        """For how many seconds requests have left of which none was answered; 0 while they are."""
        since = self._silent_since
        return 0.0 if since is None else asyncio.get_running_loop().time() - since

    def ease(self, *, resumes_in: float) -> None:
        """The vendor throttled: halves the rate. It climbs back from `resumes_in` seconds on, when sending resumes."""
        now = asyncio.get_running_loop().time()
        if now >= self._eased_at:  # the requests that were under way together are throttled together: one halving
            self._low = max(LEAST, self._share(now) / 2)
        self._eased_at = max(self._eased_at, now + resumes_in)

    def _share(self, now: float) -> float:
        if self._low == 1.0:
            return 1.0
        share = min(1.0, self._low + REGAIN * max(0.0, now - self._eased_at))
        if share == 1.0:
            self._low = 1.0
        return share

    def _reaching(self, number: int) -> list[Departure]:
        """The departures in the log, with as many before them as make `number`: when the last one was forgotten."""
        times = cast("list[Departure]", list(self._task_logs))
        if self._forgotten == float("-inf"):
            return times
        return sorted([arrived(self._forgotten)] * (number - len(times)) + times)

    async def acquire(self) -> Departure:
        """Returns when one more request may leave. Cancelled while waiting, it takes nothing."""
        async with self._turn:
            stood = False
            while True:
                now = asyncio.get_running_loop().time()
                wait = self._due(now) - now if self._has_quota() else SLICE
                if wait <= TICK:
                    break
                stood = True
                await asyncio.sleep(wait)
            return self._admit(now, stood=stood)

    def _has_quota(self) -> bool:
        """Whether anything may be sent now; keeps to as much of the quota as is ours."""
        if self.allowance is None:
            return True
        requests, period = self._quota
        if ours := self.allowance(requests, period):
            self._tune(ours, period)
        return ours > 0

    def still_holds(self, departure: Departure) -> bool:
        """Whether a request that was let out may still leave, where that took a while: the process may have stood still
        since, and less of the quota be ours."""
        return self.allowance is None or self.allowance(*self._quota) >= departure.under

    def answered(self, departure: Departure) -> None:
        """The answer to a request came. A request without one counts as late as it can be."""
        departure.took = asyncio.get_running_loop().time() - departure
        departure.overtaken = departure < self._newest_answered
        self._newest_answered = max(self._newest_answered, departure)
        self._answers += 1
        self._silent_since = None
        self._quickest = min(self._quickest * FORGETS, departure.took)

    def spent(self) -> list[float]:
        """What others have to know who use the quota from now on: how many seconds ago each request that still counts
        was answered, and so arrived at the latest; negative for one on its way, which may arrive so much later."""
        now = asyncio.get_running_loop().time()
        ages = (self._age(one, now) for one in self._reaching(self._quota[0]))
        return sorted((age for age in ages if age < self._window), reverse=True)

    def _age(self, departure: Departure, now: float) -> float:
        if departure.took is not None:
            return max(0.0, now - departure.latest(now))
        return min(0.0, now - departure - LATEST * self._vendors_window)

    def occupy(self, ages: Sequence[float] | None) -> None:
        """Others used the quota before: see `spent`. None: they may have used all of it up to now."""
        now, self._silent_since = asyncio.get_running_loop().time(), None
        theirs = [now - age for age in ages] if ages is not None else [now] * self._quota[0]
        departures = sorted((*self._reaching(0), *(arrived(at) for at in theirs)))
        self._forgotten = max([self._forgotten, *(one.latest(now) for one in departures[: -self.rate_limit])])
        self._task_logs.clear()
        self._task_logs.extend(departures[-self.rate_limit :])

    def _due(self, now: float) -> float:
        """When the next request may leave."""
        due = now if self._slice_left else self._slice_due + self._slice_period / self._share(now)
        return due if len(self._task_logs) < self.rate_limit else max(due, self._free_place(now)[1])

    def _free_place(self, now: float) -> tuple[int, float]:
        """Which place of the log is free first, and when: the oldest, unless its request may have arrived late."""
        place, free = 0, float("inf")
        for number, departure in enumerate(cast("deque[Departure]", self._task_logs)):
            soonest = departure + self._window
            if soonest >= free:
                break
            latest = departure + self._late(departure, now) + self._vendors_window * (1 + GUARD)
            if (frees := max(soonest, latest)) < free:
                place, free = number, frees
        return place, free

    def _late(self, departure: Departure, now: float) -> float:
        """By how much it may have arrived later than the quickest do."""
        if departure.took is None:
            took, alone = now - departure, departure < self._newest_answered
        else:
            took, alone = departure.took, departure.overtaken
        quickest = 0.0 if self.allowance and 0 < self._answers < ACQUAINTED else self._quickest
        return min((ALONE if alone else LATEST) * self._vendors_window, max(0.0, took - quickest))

    def _admit(self, now: float, *, stood: bool) -> Departure:
        # One has left the window, or there is room: the log never holds more than the quota.
        if len(self._task_logs) >= self.rate_limit:
            place, _ = self._free_place(now)
            self._forgotten = max(self._forgotten, self._task_logs[place])
            del self._task_logs[place]
        departure = Departure(now)
        departure.under = self.rate_limit
        self._task_logs.append(departure)
        self._silent_since = departure if self._silent_since is None else self._silent_since
        if not self._slice_left:
            self._open_slice(now, stood=stood)
        self._slice_left -= 1
        return departure

    def _open_slice(self, now: float, *, stood: bool) -> None:
        """Starts the next slice on the grid, or now where nobody `stood` in line for longer than a slice."""
        on_grid = self._slice_due + self._slice_period / self._share(now)
        self._slice_due = on_grid if stood or now - on_grid < self._slice_period else now
        self._slice_left = self._slice_size
