"""What the scene of `webscene` is set in: a month of one instance, the rules that watch it, loops, quotas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import webscene
from webscene import NOW, before

from monitor.errors import Fault
from monitor.matchers import EVERYTHING
from monitor.meters import Meters, Pulse
from monitor.model import Cause, Counts, Failure, FailureKind, Run, Severity, State, Transition
from monitor.nudge import Nudge
from monitor.routing import Route
from monitor.rules.rule import Rule
from monitor.store import alerts, history, instances
from monitor.store.database import Store
from monitor.web.site import Site, Speech, Tended

EVERY = timedelta(seconds=30)
SPELLS = ((30_000.0, 29_500.0), (9000.0, 8700.0), (960.0, 840.0))
"""When, in minutes before the scene, tasks of `orders` were broken."""
FAULT = Fault(
    file="rules/fdi.yaml",
    line=12,
    column=11,
    message="there is no 'abnormall'; did you mean abnormal?",
    path="rules.1.when",
    source="    when: cdc.abnormall > 0",
    width=13,
)
RULES = (
    Rule("cdc-tasks-abnormal", when="cdc.abnormal > 0", severity=Severity.CRITICAL, hold=timedelta(minutes=1)),
    Rule(
        "tasks-abnormal",
        levels=((Severity.WARNING, "abnormal >= 1"), (Severity.CRITICAL, "abnormal >= 20 or abnormal / running > 50%")),
        clear="abnormal == 0",
        hold=timedelta(minutes=30),
    ),
    Rule("terminated-jump", when="increase(terminated, 15m) >= 3"),
    Rule("instance-unreachable", when="up == 0 and age > 3m", severity=Severity.CRITICAL),
    Rule("slow-answers", when="latency > 5s"),
    Rule("many-instances-hit", when="count(abnormal > 0) >= 5", severity=Severity.CRITICAL, by=("account",)),
)


def speech(*, broken: bool = False) -> Speech:
    """How the scene's policy speaks; `broken` has a file that cannot be read as it is now."""
    route = Route("{}", "ops-chat", EVERYTHING, (), timedelta(), timedelta(), timedelta())
    accounts = (
        Tended("prod", "cn-north-4", "20/s", 20.0, EVERY),
        Tended("华东生产", "cn-east-3", "100/10m", 100 / 600, EVERY),
    )
    kinds = {"ops-chat": ("feishu",), "oncall": ("email", "dingtalk"), "stock-desk": ("webhook",), "archive": ("smn",)}
    return Speech(
        route,
        tuple(kinds),
        rules=RULES,
        kinds=kinds,
        accounts=accounts,
        files=("accounts.yaml", "fdi.yaml", "receivers.yaml"),
        faults=(FAULT,) if broken else (),
        heartbeat=timedelta(minutes=1),
    )


def site(store: Store, *, broken: bool = False) -> Site:
    """The site of the scene: loops that come round, one quota that is too small."""
    meters, pulse = Meters(), Pulse()
    loops = ("engine", "dispatcher", "courier", "lifeline", "earshot", "poller of prod", "poller of 华东生产")
    for place, loop in enumerate(loops):
        pulse.expect(loop, within=timedelta(seconds=30), at=NOW - timedelta(seconds=place))
    for account, number, every, throttled in (("prod", 12, 30.0, 0), ("华东生产", 8, 48.0, 14)):
        meters.instances.labels(account).set(number)
        meters.wanted.labels(account).set(30)
        meters.interval.labels(account).set(every)
        meters.share.labels(account).set(0.8 if throttled else 1)
        meters.throttled.tell(account, throttled)
        meters.polls.labels(account, "good").inc(34_560)
        meters.polls.labels(account, "failed").inc(29)
        meters.lag.labels(account).observe(0.02)
    meters.heartbeats.labels("good").inc(2998)
    meters.heard_at.set(before(0.5).timestamp())
    meters.reloaded_at.set(before(3 * 60).timestamp())
    said = speech(broken=broken)
    return Site(store, meters, pulse, lambda: NOW, Nudge(), speech=lambda: said, started_at=before(3000), node="fdi-1")


async def play(store: Store) -> None:
    """Writes the scene, and the month of `orders` before it."""
    await webscene.play(store)
    about = webscene.found("orders")
    runs = list(month())
    async with store.write() as tx:
        row = (await instances.ids(tx))[about.key]
        await history.begin(tx, [(row, run) for run in runs])
        await alerts.append(tx, list(steps()))


def month() -> Iterator[Run]:
    """Thirty days of `orders` up to where the scene begins: a working day has more tasks than a night, twice it did not
    answer, once the service stood still, and now and then tasks broke."""
    at, end = NOW - timedelta(days=30), before(201)
    hour = 0
    while at < end:
        until = min(at + timedelta(hours=1), end)
        last = until - EVERY
        if hour in (333, 334, 714):
            reason = Failure(FailureKind.TIMEOUT, "no answer within 10 s", "f3a9c0de7b214d5e8a61")
            yield Run(at, last, 119, failure=reason)
        elif hour not in (480, 481, 482, 483, 484, 485, 708, 709):
            yield _hour(at, last, hour, broken=any(start > _ago(at) >= end for start, end in SPELLS))
        at, hour = until, hour + 1


def _ago(at: datetime) -> float:
    return (NOW - at) / timedelta(minutes=1)


def _hour(at: datetime, last: datetime, hour: int, *, broken: bool) -> Run:
    busy = 8 if 1 <= at.hour < 11 else 0
    wave = hour * 7 % 5
    ill = 2 + hour % 4 if broken else 0
    common = Counts(24 + busy + wave - ill, ill, hour // 300 % 2, 60 + hour // 12)
    return Run(at, last, 119, common, Counts(6 + busy // 4, ill // 2, 0, 2))


def steps() -> Iterator[Transition]:
    """When the alerts of `orders` fired in that month."""
    over = next(one for one in webscene.resolved() if one.labels["instance"] == "orders")
    now = next(one for one in webscene.live() if one.labels["instance"] == "orders")
    for start, end in (*SPELLS, (95.0, 60.0)):
        for moment, was, now_is, cause in (
            (start, State.NONE, State.FIRING, Cause.HELD),
            (end, State.FIRING, State.RESOLVED, Cause.CLEARED),
        ):
            yield Transition(over.key, before(moment), was, now_is, cause, over.severity, over.rule, "1")
    yield Transition(
        now.key, before(12), State.PENDING, State.FIRING, Cause.HELD, now.severity, now.rule, "1", now.values
    )
