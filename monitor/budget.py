"""How many messages a destination may get, and what goes into one when there are more. Pure.

A limit holds in every window of its length: what was sent is remembered by its moment, and not by a rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model import Severity

PATIENCE = timedelta(seconds=10)
"""What can go out one by one within this time is not merged."""

SHARE = 5
"""One in so many of a limit is kept for criticals."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` messages in any `window`."""

    count: int
    window: timedelta


Limits = tuple[Limit, ...]

_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
_FEISHU = (Limit(100, _MINUTE), Limit(5, _SECOND))
PRESETS: dict[str, Limits] = {
    "dingtalk": (Limit(20, _MINUTE),),
    "wecom": (Limit(20, _MINUTE),),
    "feishu": _FEISHU,
    "lark": _FEISHU,
    "slack": (Limit(1, _SECOND),),
    "telegram": (Limit(20, _MINUTE), Limit(1, _SECOND)),
    "teams": (Limit(4, _SECOND),),
}
"""What the chats take, by kind; other kinds have no limit."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with messages that wait, by their places: send some `alone`, the others in one `digest`, or look again
    `again_at`. What is in neither waits."""

    alone: tuple[int, ...] = ()
    digest: tuple[int, ...] = ()
    again_at: datetime | None = None


def plan(limits: Limits, spent: Sequence[datetime], waiting: Sequence[Severity], at: datetime) -> Plan:
    """What goes out at `at` of messages of these severities, when others were sent at the moments `spent`.

    The worst go first. Those that are not critical leave a share of the longest limit to those that are.
    """
    order = sorted(range(len(waiting)), key=lambda place: -waiting[place].rank)
    if not limits:
        return Plan(tuple(order))
    now, soon, kept = room(limits, spent, at), _soon(limits, spent, at), _reserve(limits)
    worst = sum(one is Severity.CRITICAL for one in waiting)
    others, spare = len(order) - worst, soon - kept - worst
    if worst > soon and now >= 1:
        return _merged(order, min(soon, now) - 1)
    if worst <= soon and others > spare >= 1 and now > worst:
        return _merged(order, worst + min(spare, now - worst) - 1)
    alone = order[: max(0, min(now, len(order) if others <= spare else worst))]
    if len(alone) == len(order):
        return Plan(tuple(alone))
    need = 1 if len(alone) < worst or others <= spare else kept + 1
    return Plan(tuple(alone), again_at=free_at(limits, [*spent, *[at] * len(alone)], at, need))


def _merged(order: Sequence[int], alone: int) -> Plan:
    """The first so many alone, the others as one."""
    alone = max(0, alone)
    return Plan(tuple(order[:alone]), tuple(order[alone:]))


def room(limits: Limits, spent: Sequence[datetime], at: datetime) -> int:
    """How many messages may be sent at `at`."""
    return min(limit.count - _used(limit, spent, at) for limit in limits)


def free_at(limits: Limits, spent: Sequence[datetime], at: datetime, need: int) -> datetime:
    """When `need` messages may be sent, as many as the smallest limit at most."""
    found = at
    for limit in limits:
        used = sorted(moment for moment in spent if at - limit.window < moment <= at)
        over = len(used) + min(need, limit.count) - limit.count
        if over > 0:
            found = max(found, used[over - 1] + limit.window)
    return found


def remembered(limits: Limits, spent: Sequence[datetime], at: datetime) -> list[datetime]:
    """The moments that still count at `at`. Those to come were written by a clock that was set back since."""
    longest = max((limit.window for limit in limits), default=timedelta())
    return [moment for moment in spent if at - longest < moment <= at]


def _soon(limits: Limits, spent: Sequence[datetime], at: datetime) -> int:
    """How many messages may be sent one by one within the patience."""
    return min(
        limit.count * (PATIENCE // limit.window) if limit.window <= PATIENCE else limit.count - _used(limit, spent, at)
        for limit in limits
    )


def _used(limit: Limit, spent: Sequence[datetime], at: datetime) -> int:
    return sum(at - limit.window < moment <= at for moment in spent)


def _reserve(limits: Limits) -> int:
    longest = max(limits, key=lambda limit: limit.window)
    return longest.count // SHARE if longest.window > PATIENCE else 0
