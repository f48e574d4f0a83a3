"""The way of one instance through its runs, from one poll that may move something to the next. Pure.

Within a run a rule can change its mind only at the edges that `edges` tells, and an alert only when a deadline is
over. The polls between are passed over: each would see what the last one saw, and move nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from operator import itemgetter

from monitor.model import InstanceKey, Run, Sample
from monitor.rules.edges import Edges, Look
from monitor.rules.moves import moved
from monitor.rules.past import Past, moment, number_at, spacing
from monitor.rules.stage import Stage

_NONE = timedelta()
_NOBODY: frozenset[Look] = frozenset()


class Course:
    """Where one instance is: the next poll that is judged, at `at`; None once it is at the end of its runs."""

    __slots__ = (
        "_ahead",
        "_calm",
        "_counting",
        "_edges",
        "_index",
        "_jumps",
        "_looks",
        "_number",
        "_places",
        "_reach",
        "_run",
        "_runs",
        "_seen",
        "_shortest",
        "_smooth",
        "_stage",
        "at",
        "fresh",
        "key",
        "past",
    )

    def __init__(self, past: Past, stage: Stage, *, jumps: bool) -> None:
        """Without `jumps` every poll is judged."""
        self.past = past
        self.key: InstanceKey = past.instance.key
        self._runs = past.runs
        self._stage = stage
        self._edges = stage.edges(self.key)
        self._looks = self._edges.leaves | self._edges.arrives
        self._reach = self._edges.reach
        self._shortest = min((look.reach for look in self._looks), default=timedelta.max)
        self._smooth = max(self._edges.smooth, default=_NONE)
        self._counting = min((*(look.reach for look in self._edges.leaves), *self._edges.smooth), default=None)
        known = stage.past(self.key)
        self._ahead = [*self._leavings(known[:1]), *self._leavings(known)]
        self._jumps = jumps and not self._edges.always
        self._calm = False
        self.fresh: frozenset[Look] | None = None
        """The looks back that may see at `at` what they did not see at the poll judged last; None where the next poll
        has to be judged whole."""
        self._index = self._number = 0
        self._seen = -1
        self._places: list[tuple[int, frozenset[Look]]] = []
        self._run: Run | None = self._runs[0] if self._runs else None
        self.at: datetime | None = self._run.start if self._run else None

    def sample(self) -> Sample:
        """What the poll at `at` saw; the polls before it are passed over. The time an answer took is not stored."""
        if self._run is not None and self._number >= self._run.polls:
            self._cross(self._run)
        run, at = self._run, self.at
        if run is None or at is None:
            raise ValueError("the runs are at their end")
        if self._number - 1 > self._seen:
            self._pass_over(run, self._number - 1)
        self._seen = self._number
        return Sample(self.past.instance, at, _NONE, run.common, run.cdc, run.failure)

    def go_on(self, *, calm: bool) -> None:
        """Looks for the next poll that matters, after that at `at` was judged; `calm` unless what it moved may make
        the next one move more."""
        run = self._run
        if run is None:
            return
        self._calm = self._jumps and calm
        if self._number == 0:
            self._places = self._landmarks(run)
        if self._calm:
            self._plan(run, *self._next(run))
        else:
            self._plan(run, self._number + 1, None)

    def end(self) -> None:
        """Passes over the polls that are left: nothing will wake it any more."""
        if self._run is not None:
            self._leave(self._run)

    def _plan(self, run: Run, number: int, fresh: frozenset[Look] | None) -> None:
        """Poll `number` of the run is judged next; beyond its end, the first of the next run. The run is left only
        then, for it may be woken before."""
        self.fresh = fresh
        following = self._runs[self._index + 1] if self._index + 1 < len(self._runs) else None
        self._number = number
        self.at = moment(run, number) if number < run.polls else following.start if following else None

    def wake(self, at: datetime) -> None:
        """Its first poll from `at` on is judged, whatever was planned: something else moved what it shares."""
        run = self._run
        if run is not None:
            number = max(self._seen + 1, number_at(run, at))
            if number < min(self._number, run.polls):
                self._plan(run, number, self._looks if self._calm else None)

    def _cross(self, run: Run) -> None:
        """Goes on to the next run."""
        self._leave(run)
        if self._calm and self._run is not None:
            self.fresh = self._looks if self._blurred(run, self._run) else self._passed(run.end, self._run.start)

    def _blurred(self, run: Run, following: Run) -> bool:
        """Whether a look back may have found fewer than two good samples at the end of `run`, or may as the next
        begins."""
        if run.failure is not None or following.failure is not None or run.polls < 2:
            return True
        past = self._stage.past(self.key)
        # a run that goes on across a gap counts as evenly spaced, wider than its polls were
        if past and past[-1].start != run.start:
            return True
        return max(spacing(run), following.start - run.end) >= self._shortest

    def _passed(self, after: datetime, until: datetime) -> frozenset[Look]:
        """The looks that lose sight of an earlier run, or begin to see another, in (after, until]."""
        return frozenset(look for at, look in self._ahead if after < at <= until)

    def _leave(self, run: Run) -> None:
        if run.polls - 1 > self._seen:
            self._pass_over(run, run.polls - 1)
        self._index += 1
        self._number, self._seen = 0, -1
        self._run = self._runs[self._index] if self._index < len(self._runs) else None
        self.at = self._run.start if self._run else None

    def _pass_over(self, run: Run, number: int) -> None:
        self._stage.pass_over(self.key, moment(run, number), number - self._seen)
        self._seen = number

    def _next(self, run: Run) -> tuple[int, frozenset[Look]]:
        """The next poll at which something may move, and who may see it; the run's length where there is none."""
        here = self._number
        if self._stage.restless(self.key) or self._each_matters(run, here):
            return here + 1, self._looks
        while self._places and self._places[-1][0] <= here:
            self._places.pop()
        deadlines = (number_at(run, due) for due in self._stage.deadlines(self.key))
        due = min((number for number in deadlines if number > here), default=run.polls)
        place, looks = self._places[-1] if self._places else (run.polls, _NOBODY)
        return (place, looks) if place <= due else (due, _NOBODY)

    def _each_matters(self, run: Run, here: int) -> bool:
        edges = self._edges
        if run.failure is not None and edges.falling:
            return True
        if not self._reach:
            return False
        past = self._stage.past(self.key)
        # a failed poll takes nothing into the window, so what is in it leaves poll by poll
        reach = self._smooth if run.failure is None else self._reach
        if reach:
            last = _before(run, past)
            if last is not None and moment(run, here) <= last.end + reach:
                return True
        return run.failure is None and _uneven(past[-1], run, edges)

    def _landmarks(self, run: Run) -> list[tuple[int, frozenset[Look]]]:
        """The polls of the run at which a rule may change its mind, with those who may, the latest first."""
        edges, every = self._edges, self._looks
        places: dict[int, frozenset[Look]] = {}
        if self._reach:
            past = self._stage.past(self.key)
            if past and past[-1].start == run.start:
                self._ahead += self._leavings(past[-2:])
            self._ahead = [(at, look) for at, look in self._ahead if at > run.start]
            for at, look in self._ahead:
                if at <= run.end:
                    number = number_at(run, at)
                    places[number] = places.get(number, _NOBODY) | {look}
            if self._few(run):
                # the second sample makes two of them, and the last gap may be longer than the others
                places |= {1: every, run.polls - 1: every}
        if run.failure is not None and (health := self._stage.health(self.key)):
            since = health.good_at or health.first_at
            places |= {number_at(run, since + age): every for age in edges.ages}
            places |= {limit - health.failures: every for limit in edges.failures}
        return sorted((place for place in places.items() if 0 < place[0] < run.polls), key=itemgetter(0), reverse=True)

    def _few(self, run: Run) -> bool:
        """Whether a look back may find fewer than two good samples somewhere in the run."""
        shortest = self._counting
        if shortest is None:
            return False
        if shortest <= 2 * spacing(run):
            return True
        last = _before(run, self._stage.past(self.key))
        return last is None or last.end <= run.start - shortest

    def _leavings(self, past: Sequence[Run]) -> Iterable[tuple[datetime, Look]]:
        """When which look back loses sight of one of these runs, of which another follows, or begins to see the
        following, and can tell. One alone is seen as it arrives."""
        edges = self._edges
        if len(past) == 1:
            yield from ((past[0].start + look.reach, look) for look in edges.arrives)
        for other, following in pairwise(past):
            differ = moved(other, following)
            if differ:
                yield from ((following.start + look.reach, look) for look in edges.arrives if look.counts & differ)
                yield from ((other.end + look.reach, look) for look in edges.leaves if look.counts & differ)


def _before(run: Run, past: Sequence[Run]) -> Run | None:
    """The last of the past that was over when `run` began."""
    return next((other for other in reversed(past) if other.end < run.start), None)


def _uneven(now: Run, run: Run, edges: Edges) -> bool:
    """Whether the window holds `run` as a part of a longer one, `now`, across a gap, and takes the polls of both as
    evenly spaced: until that is nearly so, how many of them a look-back finds may still change."""
    if now.start == run.start or now.polls < 2:
        return False
    tick = timedelta(microseconds=1)
    nearest, widest = sorted(((now.end - now.start) // (now.polls - 1), spacing(run)))
    reaches = {look.reach for look in edges.leaves} | edges.smooth
    return any(nearest - tick <= reach <= widest + 2 * tick for reach in reaches)
