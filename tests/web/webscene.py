"""A believable morning for the browser to look at: twenty instances of two accounts, some of them in trouble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.fingerprint import fingerprint
from monitor.model import Alert, Cause, Counts, Failure, FailureKind, Instance, Run, Severity, State
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.store import alerts, history, instances, outbox
from monitor.store.database import Store
from monitor.store.outbox import Letter, Standing

NOW = datetime(2026, 1, 5, 2, 14, 20, tzinfo=UTC)
REGION = {"prod": "cn-north-4", "华东生产": "cn-east-3"}

_NAMES = {
    "prod": [
        *("orders", "payments", "inventory", "logistics", "crm-sync", "billing"),
        *("clickstream", "warehouse-load", "returns", "price-feed", "supplier-edi", "loyalty"),
    ],
    "华东生产": ["订单同步", "库存中心", "会员数据", "财务结算", "物流跟踪", "报表汇总", "供应商对接", "门店销售"],
}


def fleet() -> list[Instance]:
    """The twenty instances, in the order of their accounts."""
    return [
        Instance(account, fingerprint({"account": account, "name": name}) * 2, name, REGION[account])
        for account, names in _NAMES.items()
        for name in names
    ]


def found(name: str) -> Instance:
    """The instance with this name."""
    return next(one for one in fleet() if one.name == name)


def before(minutes: float) -> datetime:
    """So many minutes before the moment of the scene."""
    return NOW - timedelta(minutes=minutes)


def alert(
    rule: str, name: str, severity: Severity, *, minutes: float, summary: str, state: State = State.FIRING
) -> Alert:
    """An alert about the instance `name` that began so long ago and fired a minute later."""
    about = found(name)
    labels = {
        "alertname": rule,
        "account": about.account,
        "region": about.region,
        "instance": name,
        "instance_id": about.id,
        "team": "data",
    }
    fires = state is not State.PENDING
    return Alert(
        key=fingerprint(labels),
        rule=rule,
        rule_version="1",
        instance=about.key,
        labels=labels,
        severity=severity,
        state=state,
        since=before(minutes),
        state_since=before(minutes - 1 if fires else minutes),
        fired_at=before(minutes - 1) if fires else None,
        cause=Cause.HELD if fires else Cause.BREACHED,
        values=_values(name),
        values_at=NOW,
        annotations={"summary": summary, "runbook": "https://wiki.example.com/fdi/abnormal"},
    )


def counts(place: int) -> tuple[Counts, Counts]:
    """What a healthy instance shows: a little different for each."""
    return Counts(18 + place * 7 % 29, 0, place % 4 // 3, 40 + place * 13 % 90), Counts(
        3 + place * 5 % 11, 0, 0, place % 3
    )


_TROUBLE = {
    "orders": (Counts(31, 3, 1, 120), Counts(7, 5, 0, 2)),
    "库存中心": (Counts(22, 4, 2, 64), Counts(6, 0, 0, 1)),
    "price-feed": (Counts(12, 1, 0, 33), Counts(4, 0, 0, 0)),
    "returns": (Counts(9, 2, 0, 71), Counts(3, 0, 0, 0)),
}
_SILENT = {
    "billing": (Failure(FailureKind.TIMEOUT, "no answer within 10 s"), 7.0),
    "物流跟踪": (Failure(FailureKind.GARBAGE, "HTTP 200 with an HTML page instead of counts"), 1.5),
}


def _values(name: str) -> dict[str, float]:
    if name in _SILENT:
        return {"up": 0, "failures": 14, "age": 420}
    common, cdc = _TROUBLE[name]
    kinds = {"common": common, "cdc": cdc}
    return {f"{kind}.{status}": value for kind, one in kinds.items() for status, value in one._asdict().items()} | {
        "up": 1
    }


def live() -> list[Alert]:
    """What fires and what waits."""
    critical, warning = Severity.CRITICAL, Severity.WARNING
    return [
        alert("cdc-tasks-abnormal", "orders", critical, minutes=13, summary="5 CDC tasks abnormal on orders"),
        alert("instance-unreachable", "billing", critical, minutes=7, summary="billing has not answered for 7 minutes"),
        alert("tasks-abnormal", "库存中心", warning, minutes=42, summary="库存中心有 4 个任务异常"),
        alert("tasks-abnormal", "price-feed", warning, minutes=2, summary="", state=State.PENDING),
    ]


def resolved() -> list[Alert]:
    """What is over."""
    told = [
        ("tasks-abnormal", "orders", 95, 60),
        ("terminated-jump", "库存中心", 340, 250),
        ("tasks-abnormal", "returns", 600, 540),
    ]
    return [
        replace(
            alert(rule, name, Severity.WARNING, minutes=start, summary=""),
            key=f"over-{place}",
            state=State.RESOLVED,
            resolved_at=before(end),
            cause=Cause.CLEARED,
        )
        for place, (rule, name, start, end) in enumerate(told)
    ]


def letter(place: int, one: Alert, *, minutes: float, receiver: str, kind: str, firing: bool = True) -> Letter:
    """A message about `one`, delivered at the first try."""
    at = before(minutes)
    shown = AlertView(
        key=one.key,
        labels=one.all_labels,
        annotations=one.annotations,
        severity=one.severity,
        firing=firing,
        change=Change.NEW if firing else Change.RESOLVED,
        started_at=one.fired_at or one.since,
    )
    reason = Reason.FIRST if firing else Reason.ALL_RESOLVED
    said = Notification(f"letter-{place}", receiver, f"{{}}:{one.rule}", {"alertname": one.rule}, reason, at, (shown,))
    sent = at + timedelta(seconds=1)
    return Letter(f"{place}-0", receiver, 0, kind, said, at, at, Standing.SENT, 1, sent, sent, "delivered")


def letters() -> list[Letter]:
    """What was said about it, oldest first."""
    orders, billing, stock, _ = live()
    late = letter(3, stock, minutes=40, receiver="stock-desk", kind="webhook")
    waiting = letter(5, billing, minutes=5, receiver="oncall", kind="email")
    return [
        letter(1, resolved()[0], minutes=59, receiver="ops-chat", kind="feishu", firing=False),
        letter(2, stock, minutes=40, receiver="ops-chat", kind="feishu"),
        replace(late, state=Standing.DEAD, attempts=1, verdict="refused", reason="HTTP 404: this robot does not exist"),
        letter(4, orders, minutes=12, receiver="ops-chat", kind="feishu"),
        replace(
            waiting,
            state=Standing.WAITING,
            attempts=3,
            settled_at=None,
            verdict="unreachable",
            reason="mail.example.com: connection refused",
        ),
        letter(6, billing, minutes=5, receiver="ops-chat", kind="feishu"),
    ]


async def play(store: Store, *, trouble: bool = True) -> None:
    """Writes the scene into an empty store; without `trouble` everything is well."""
    everyone = fleet()
    async with store.write() as tx:
        await instances.remember(tx, everyone, at=before(3000))
        rows = await instances.ids(tx)
        runs = [
            (rows[one.key], run)
            for place, one in enumerate(everyone)
            for run in _runs(place, one.name, trouble=trouble)
        ]
        await history.begin(tx, runs)
        if trouble:
            await alerts.save(tx, [*live(), *resolved()])
            await outbox.add(tx, letters())


def _runs(place: int, name: str, *, trouble: bool) -> Sequence[Run]:
    common, cdc = counts(place)
    last = before(0) - timedelta(seconds=3 + place * 11 % 26)
    if not trouble or (name not in _TROUBLE and name not in _SILENT):
        return [Run(before(200), last, 400, common, cdc)]
    if name in _SILENT:
        failure, minutes = _SILENT[name]
        return [
            Run(before(200), before(minutes + 0.5), 385, common, cdc),
            Run(before(minutes), last, 14, failure=failure),
        ]
    began = next((one.since for one in live() if one.labels["instance"] == name), before(3))
    ill, ill_cdc = _TROUBLE[name]
    good = (Counts(ill.running + ill.abnormal + ill.terminated, 0, 0, ill.completed), ill_cdc._replace(abnormal=0))
    runs = [Run(before(200), began - timedelta(seconds=30), 300, *good), Run(began, last, 30, ill, ill_cdc)]
    if name == "orders":
        worse = Counts(33, 2, 0, 119)
        runs[:1] = [
            Run(before(200), before(96.5), 207, *good),
            Run(before(96), before(60.5), 71, worse, good[1]),
            Run(before(60), began - timedelta(seconds=30), 93, *good),
        ]
    return runs


async def recover(store: Store) -> None:
    """Everything is well again: fresh good samples, and nothing fires."""
    async with store.write() as tx:
        rows = await instances.ids(tx)
        ill = [one for one in fleet() if one.name in _TROUBLE or one.name in _SILENT]
        await history.begin(tx, [(rows[one.key], Run(before(0.02), NOW, 2, *counts(1))) for one in ill])
        over = [replace(one, state=State.RESOLVED, resolved_at=NOW, cause=Cause.CLEARED) for one in live()]
        await alerts.save(tx, over)
