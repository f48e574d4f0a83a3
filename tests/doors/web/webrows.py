"""A site on a real store, with small facts to fill it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from monitor import __version__
from monitor.meters import Meters, Pulse
from monitor.model import Alert, Cause, Counts, Failure, FailureKind, Instance, Run, Severity, State
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.nudge import Nudge
from monitor.posted import Post
from monitor.store import alerts, history, instances, outbox
from monitor.store.database import Store, open_store
from monitor.store.node_tables import lease, node
from monitor.store.outbox import Letter
from monitor.web.server import make_app
from monitor.web.site import Site, Speech

NOW = datetime(2026, 1, 5, 10, 0, 0, tzinfo=UTC)
WELL = (Counts(12, 0, 0, 40), Counts(3, 0, 0, 0))
ILL = (Counts(10, 2, 0, 40), Counts(2, 1, 0, 0))
TIMED_OUT = Failure(FailureKind.TIMEOUT, "no answer within 10 s")

Client = TestClient[web.Request, web.Application]


def ago(seconds: float) -> datetime:
    """So many seconds before NOW."""
    return NOW - timedelta(seconds=seconds)


def instance(name: str = "orders", *, id: str = "", account: str = "prod") -> Instance:  # noqa: A002 - the field's name
    """An instance whose id is its name unless another one is given."""
    return Instance(account, id or name, name, "cn-north-4")


def run(counts: tuple[Counts, Counts] | None = WELL, *, start: float = 600, end: float = 5, polls: int = 20) -> Run:
    """A run from `start` to `end` seconds ago; without counts one of polls that timed out."""
    common, cdc = counts or (None, None)
    return Run(ago(start), ago(end), polls, common, cdc, None if counts else TIMED_OUT)


def alert(about: Instance | None = None, *, state: State = State.FIRING, since: float = 120) -> Alert:
    """A critical alert about broken tasks that fires since it began."""
    about = about or instance()
    labels = {"alertname": "tasks-abnormal", "account": about.account, "region": about.region, "instance": about.name}
    return Alert(
        key=f"key-{about.account}-{about.id}",
        rule="tasks-abnormal",
        rule_version="1",
        instance=about.key,
        labels=labels,
        severity=Severity.CRITICAL,
        state=state,
        since=ago(since),
        state_since=ago(since),
        fired_at=None if state is State.PENDING else ago(since),
        cause=Cause.HELD,
        values={"common.abnormal": 2, "cdc.abnormal": 1, "abnormal": 3, "up": 1},
        values_at=ago(5),
        annotations={"summary": f"3 tasks abnormal on {about.name}"},
    )


def resolved(one: Alert, *, at: float = 30) -> Alert:
    """The alert after a good sample ended it."""
    return replace(one, state=State.RESOLVED, resolved_at=ago(at), cause=Cause.CLEARED)


def letter(one: Alert, *, id: str = "letter-1", receiver: str = "ops-chat") -> Letter:  # noqa: A002 - the field's name
    """The first message about an alert; it waits."""
    view = AlertView(one.key, one.all_labels, one.annotations, one.severity, True, Change.NEW, one.since)
    said = Notification(id, receiver, '{}:{alertname="tasks-abnormal"}', {}, Reason.FIRST, ago(100), (view,))
    return Letter(id, receiver, 0, "feishu", said, ago(100), ago(100))


async def fill(
    store: Store,
    seen: Sequence[tuple[Instance, Sequence[Run]]] = (),
    *,
    alert_rows: Sequence[Alert] = (),
    letters: Sequence[Letter] = (),
) -> None:
    """Writes instances with their runs, alerts and messages."""
    async with store.write() as tx:
        await instances.remember(tx, [one for one, _ in seen], at=ago(1000))
        rows = await instances.ids(tx)
        await history.begin(tx, [(rows[one.key], part) for one, runs in seen for part in runs])
        await alerts.save(tx, alert_rows)
        await outbox.add(tx, letters)


async def share(store: Store) -> None:
    """Two nodes share the database, of which one is not heard of any more; an account is polled by neither."""
    common = {"version": __version__, "accounts": ["prod", "test"], "leaving": False, "started_at": ago(7200)}
    rows = [
        {"id": "n-1", "name": "fdi-1", "address": "http://10.0.0.1:8080", "until": ago(-12), **common},
        {"id": "n-2", "name": "fdi-2", "address": "http://10.0.0.2:8080", "until": ago(1), **common},
    ]
    held = {"": "n-1", "dev": "n-0", "prod": "n-2", "test": "n-1"}
    async with store.write() as tx:
        await tx.execute(node.insert(), rows)
        leases = [{"account": name, "holder": one, "epoch": 1, "since": NOW} for name, one in held.items()]
        await tx.execute(lease.insert(), leases)


async def _heed(posts: Sequence[Post]) -> int:
    """Takes whatever is posted, and does nothing with it."""
    return 0


@asynccontextmanager
async def opened(data: Path, speech: Speech | None = None, **more: Any) -> AsyncIterator[tuple[Site, Client]]:
    """A site on a new store in `data`, with a client that asks it as a browser on this machine would."""
    async with open_store(data) as store:
        site = Site(store, Meters(), Pulse(), lambda: NOW, Nudge(), post=_heed, **more)
        if speech is not None:
            site = replace(site, speech=lambda: speech)
        async with TestClient(TestServer(make_app(site))) as client:
            yield site, client


async def refused(answer: ClientResponse) -> tuple[int, str]:
    """The status of an error of our own API, and what it says."""
    assert answer.content_type == "application/problem+json"
    found = await answer.json()
    assert (found["type"], found["status"]) == ("about:blank", answer.status)
    return answer.status, str(found["detail"])


async def page(client: Client, path: str = "/") -> str:
    """The text of a page that has to be there."""
    answer = await client.get(path)
    assert answer.status == 200
    return await answer.text()
