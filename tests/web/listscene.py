"""The believable morning with everything that the lists show: history, silences, rules, undelivered messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import webscene
from webscene import NOW, alert, before

from monitor.acknowledgement import Ack
from monitor.group import Group
from monitor.ledger import Line
from monitor.matchers import EVERYTHING, parse
from monitor.model import Alert, Cause, Severity, State, Transition
from monitor.quieting import Quieting
from monitor.routing import Route
from monitor.rules.quantity import quantity
from monitor.rules.rule import Override, Rule
from monitor.silences import Ended, Silence
from monitor.store import acks, alerts, budgets, decisions, groups, silences
from monitor.store.database import Store
from monitor.timewindows import Recurring
from monitor.views import Said
from monitor.web.site import Speech

RULES = (
    Rule(
        "cdc-tasks-abnormal",
        when="cdc.abnormal > 0",
        severity=Severity.CRITICAL,
        hold=timedelta(minutes=2),
        summary="{{ cdc.abnormal }} CDC tasks abnormal on {{ instance }}",
        labels={"team": "data"},
    ),
    Rule(
        "tasks-abnormal",
        levels=(
            (Severity.WARNING, "abnormal >= warn"),
            (Severity.CRITICAL, "abnormal >= crit or abnormal / running > 20%"),
        ),
        clear="abnormal == 0",
        hold=timedelta(minutes=5),
        keep=timedelta(minutes=10),
        thresholds={"warn": quantity(1), "crit": quantity(5)},
        overrides=(Override(parse('instance="orders"'), {"crit": quantity(20)}),),
    ),
    Rule("terminated-jump", when="increase(terminated, 15m) >= 3"),
    Rule("instance-unreachable", when="up == 0 and age > 3m", severity=Severity.CRITICAL),
    Rule("many-instances-hit", when="count(abnormal > 0) >= 5", by=("account",), severity=Severity.CRITICAL),
)
SPEECH = Speech(
    Route("{}", "ops-chat", EVERYTHING, ("alertname",), timedelta(), timedelta(minutes=1), timedelta(hours=4)),
    ("ops-chat", "stock-desk", "oncall"),
    Quieting(windows={"nights": Recurring("nights", "0 22 * * *", timedelta(hours=9), ZoneInfo("Asia/Shanghai"))}),
    RULES,
    {"ops-chat": ("feishu",), "stock-desk": ("webhook",), "oncall": ("email", "dingtalk")},
    places={rule.name: f"fdi.yaml:{12 + 9 * place}" for place, rule in enumerate(RULES)},
    tested={"cdc-tasks-abnormal": 2, "tasks-abnormal": 4, "instance-unreachable": 1},
)


def more() -> list[Alert]:
    """What fires beside the others: one is silenced, one flaps."""
    hidden = alert("tasks-abnormal", "returns", Severity.WARNING, minutes=25, summary="3 tasks abnormal on returns")
    restless = alert("terminated-jump", "库存中心", Severity.INFO, minutes=4, summary="库存中心有 2 个任务终止")
    return [hidden, restless]


def given() -> list[Silence]:
    """In force, waiting for its window, planned, and two that are over."""
    hour = timedelta(hours=1)
    active = Silence(
        "5f8a1c20-1111-4aaa-8000-000000000001",
        parse('instance="returns"'),
        before(30),
        NOW + hour,
        "王芳",
        "数据仓库迁移，预计一小时",
        before(30),
        unless=parse('severity="critical"'),
        until_resolved=True,
    )
    nightly = replace(
        active,
        id="5f8a1c20-1111-4aaa-8000-000000000002",
        matchers=parse('account="prod", alertname="terminated-jump"'),
        ends_at=NOW + 240 * hour,
        created_by="wang",
        comment="Batch jobs end every night, one after the other.",
        window="nights",
        unless=None,
        until_resolved=False,
    )
    planned = replace(nightly, id="5f8a1c20-1111-4aaa-8000-000000000003", starts_at=NOW + 20 * hour, window="")
    over = replace(active, id="5f8a1c20-1111-4aaa-8000-000000000004", starts_at=before(900)).end(
        before(600), Ended.BY_HAND
    )
    return [active, nightly, planned, over]


def history() -> list[Transition]:
    """A week of steps: one rule is restless."""
    found = []
    for place, one in enumerate(webscene.resolved()):
        found += _fired(one, minutes=600 - 200 * place, lasts=40)
    for number in range(24):
        found += _fired(webscene.resolved()[0], minutes=200 + 400 * number, lasts=3)
    return sorted(found, key=lambda step: step.at)


def _fired(one: Alert, *, minutes: float, lasts: float) -> list[Transition]:
    first = Transition(
        one.key, before(minutes + 2), State.NONE, State.PENDING, Cause.BREACHED, one.severity, one.rule, "1"
    )
    fires = replace(first, at=before(minutes), before=State.PENDING, after=State.FIRING, cause=Cause.HELD)
    over = replace(fires, at=before(minutes - lasts), before=State.FIRING, after=State.RESOLVED, cause=Cause.CLEARED)
    return [first, fires, over]


async def play(store: Store) -> None:
    """Writes all of it into an empty store."""
    await webscene.play(store)
    orders, _, stock, _ = webscene.live()
    _, restless = more()
    steps = [
        Transition(
            orders.key, orders.since, State.NONE, State.PENDING, Cause.BREACHED, orders.severity, orders.rule, "1"
        ),
        Transition(
            orders.key,
            before(12),
            State.PENDING,
            State.FIRING,
            Cause.HELD,
            orders.severity,
            orders.rule,
            "1",
            orders.values,
        ),
    ]
    group = Group(
        '{}:{alertname="cdc-tasks-abnormal"}',
        "ops-chat",
        {"alertname": orders.rule},
        timedelta(),
        timedelta(minutes=1),
        timedelta(hours=4),
        version=1,
        spoke_at=before(12),
        look_at=NOW + timedelta(hours=3),
        said={orders.key: Said(Severity.CRITICAL), restless.key: Said(Severity.INFO, flapping=True)},
    )
    async with store.write() as tx:
        await alerts.save(tx, more())
        await alerts.append(tx, [*history(), *steps])
        for one in given():
            await silences.save(tx, one)
        await acks.save(
            tx, Ack(stock.key, before(30), "李雷", "正在重启任务", Severity.WARNING, NOW + timedelta(hours=2))
        )
        [kept] = await groups.add(tx, [group], verdict="told")
        await groups.join(tx, {kept.row: [orders.key]})
        told = Line(before(12), orders.key, group.key, "ops-chat", "told", "new", message="4-0")
        await decisions.append(
            tx,
            [told, *(replace(told, at=one.at, alert=one.alert, message=f"m-{n}") for n, one in enumerate(history()))],
        )
        await budgets.spend(tx, ("oncall", 1), [before(0.1 + n / 100) for n in range(20)])
