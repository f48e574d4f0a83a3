"""Notifications that the tests of all notifiers share."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.curve import Curve
from monitor.message import Message, render
from monitor.model import Cause, Severity
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.notifiers import SmtpServer, Tools

SNAPSHOTS = Path(__file__).parent / "snapshots"
NOW = datetime(2026, 1, 5, 2, 5, 1, tzinfo=UTC)
CANARY = "canary-7f3a91"

ORDERS = AlertView(
    key="a1",
    labels={"severity": "critical", "alertname": "cdc-tasks-abnormal", "account": "prod", "instance": "orders"},
    annotations={"summary": "17 tasks abnormal on orders", "runbook": "https://wiki.example.com/fdi(1)?a=b&c"},
    severity=Severity.CRITICAL,
    firing=True,
    change=Change.NEW,
    started_at=datetime(2026, 1, 5, 2, 1, 0, 250000, tzinfo=UTC),
    values={"abnormal": 17.0, "common.abnormal": 12.0, "cdc.abnormal": 5.0, "running": 40.0},
    values_at=datetime(2026, 1, 5, 2, 4, 57, tzinfo=UTC),
)
BILLING = dataclasses.replace(
    ORDERS,
    key="a2",
    labels={**ORDERS.labels, "instance": "billing_[eu]<1>"},
    annotations={"summary": "9 tasks *abnormal* on billing_[eu]<1>"},
    change=Change.SAME,
    values={"abnormal": 9.0},
    values_before={"abnormal": 4.0},
)
STOCK = dataclasses.replace(
    ORDERS,
    key="a3",
    labels={**ORDERS.labels, "instance": "stock"},
    annotations={"summary": "17 tasks abnormal on stock"},
    firing=False,
    change=Change.RESOLVED,
    cause=Cause.CLEARED,
    resolved_at=datetime(2026, 1, 5, 2, 4, 57, tzinfo=UTC),
    values={"abnormal": 0.0, "running": 57.0},
    values_before={"abnormal": 17.0, "running": 40.0},
)
FIRST = Notification(
    id="9f3c2b1a77aa4e0d",
    receiver="oncall",
    group_key='{}:{account="prod", alertname="cdc-tasks-abnormal"}',
    group_labels={"account": "prod", "alertname": "cdc-tasks-abnormal"},
    reason=Reason.FIRST,
    at=datetime(2026, 1, 5, 2, 5, tzinfo=UTC),
    alerts=(ORDERS,),
)
ALERTS = {
    Reason.FIRST: (ORDERS,),
    Reason.MORE: (ORDERS, BILLING),
    Reason.WORSE: (dataclasses.replace(ORDERS, change=Change.WORSE), BILLING),
    Reason.SOME_RESOLVED: (BILLING, STOCK),
    Reason.ALL_RESOLVED: (STOCK,),
    Reason.REPEAT: (BILLING,),
    Reason.SILENCE_ENDED: (ORDERS, BILLING),
    Reason.FLAPPING: (dataclasses.replace(ORDERS, change=Change.FLAPPING),),
    Reason.STEADY: (BILLING,),
    Reason.ESCALATED: (ORDERS,),
    Reason.ACKNOWLEDGED: (dataclasses.replace(BILLING, acknowledged_by="王 <b>"),),
    Reason.DIGEST: (ORDERS, BILLING, STOCK),
    Reason.TEST: (ORDERS,),
    Reason.DRILL: (ORDERS,),
}


def notification(reason: Reason) -> Notification:
    return dataclasses.replace(FIRST, reason=reason, alerts=ALERTS[reason])


def message(
    reason: Reason = Reason.FIRST, *, language: str = "en", curve: Curve | None = None, **changes: Any
) -> Message:
    said = dataclasses.replace(notification(reason), **changes)
    key = b"0123456789abcdef0123456789abcdef"
    return render(
        said,
        language=language,
        zone=ZoneInfo("Asia/Shanghai"),
        public_url="https://fdi.example.com",
        key=key,
        curve=curve,
    )


def tools(session: Any = None, smtp: SmtpServer | None = None) -> Tools:
    return Tools(session=session, now=lambda: NOW, smtp=smtp or SmtpServer())


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def receiving(handler: Handler) -> AsyncIterator[tuple[str, Tools]]:
    """A real server whose every path is answered by `handler`: its address, and tools to reach it."""
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield str(server.make_url("")).rstrip("/"), tools(session)


def crowded(summary: str, count: int) -> Message:
    """Many alerts with the same words."""
    alerts = tuple(dataclasses.replace(ORDERS, key=str(n), annotations={"summary": summary}) for n in range(count))
    return message(Reason.MORE, alerts=alerts)


def snapshots(kind: Any) -> str:
    """Every reason, and one of them in Chinese, as a kind of `notifier_kinds` sends it."""
    notifier = kind.notifier("https://example.com", tools(smtp=SmtpServer(sender="monitor@example.com")))
    bodies = {str(reason): shown(notifier.payload(message(reason))) for reason in Reason}
    bodies["more-zh"] = shown(notifier.payload(message(Reason.MORE, language="zh")))
    return json.dumps(bodies, ensure_ascii=False, indent=2) + "\n"


def shown(payload: Any) -> Any:
    """The payload as data; of an e-mail its headers and the lines of both its parts."""
    if not isinstance(payload, EmailMessage):
        return payload
    parts = {part.get_content_subtype(): part.get_content().splitlines() for part in payload.iter_parts()}
    return {"headers": {name: str(value) for name, value in payload.items()}, **parts}
