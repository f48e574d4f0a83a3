"""A drill over the API: what it puts into the outbox, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from webrows import NOW, opened

from monitor.matchers import EVERYTHING
from monitor.notification import Reason
from monitor.routing import Route
from monitor.store import alerts, groups, outbox
from monitor.store.outbox import Standing
from monitor.web.site import Speech

KINDS = {"ops": ("feishu", "webhook"), "oncall": ("pagerduty",)}
SPEECH = Speech(
    Route("{}", "ops", EVERYTHING, (), timedelta(), timedelta(), timedelta()), ("ops", "oncall"), kinds=KINDS
)


async def test_every_kind_of_every_receiver_is_told_and_what_keeps_alerts_open_hears_of_the_end(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        answer = await client.post("/api/fdi/v1/drills", json={})
        begun = await answer.json()
        async with site.store.read() as tx:
            queued = (await outbox.recent(tx, most=9))[::-1]
            assert (await alerts.known(tx), await groups.everything(tx)) == ([], []), "no alert of the service moves"
    assert [(one["receiver"], one["kind"], one["state"], one["seconds"]) for one in begun["messages"]] == [
        ("ops", "feishu", "waiting", None),
        ("ops", "webhook", "waiting", None),
        ("oncall", "pagerduty", "waiting", None),
    ]
    assert [(one["step"], one["verdict"]) for one in begun["steps"]] == [
        ("rule", "abnormal > 0: the alert fires"),
        ("group", "{}"),
        ("outbox", "3 messages"),
    ]
    assert (begun["delivered"], begun["seconds"], begun["scheduled"]) == (False, None, False)
    assert [(one.kind, one.position, bool(one.notification.firing)) for one in queued] == [
        ("feishu", 0, True),
        ("webhook", 1, True),
        ("pagerduty", 0, True),
        ("pagerduty", 0, False),
    ]
    assert {one.notification.reason for one in queued} == {Reason.DRILL}
    assert queued[2].notification.group_key == queued[3].notification.group_key, "the end waits for the beginning"


async def test_what_became_of_it_is_told_with_its_latency(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        answer = await client.post("/api/fdi/v1/drills", json={"receivers": ["oncall", "oncall"]})
        begun = await answer.json()
        [sent] = begun["messages"]
        async with site.store.write() as tx:
            one = (await outbox.of_messages(tx, [sent["id"]]))[0]
            later = NOW + timedelta(seconds=1.5)
            done = replace(one, state=Standing.SENT, attempts=1, settled_at=later, verdict="delivered", reason="202")
            await outbox.settle(tx, done)
        told = await (await client.get(f"/api/fdi/v1/drills/{begun['id']}")).json()
        assert await (await client.get("/api/fdi/v1/drills")).json() == {"drills": [told]}
    assert (told["delivered"], told["seconds"], told["failed"], told["steps"]) == (True, 1.5, {}, begun["steps"])
    assert told["messages"] == [
        {
            "id": sent["id"],
            "receiver": "oncall",
            "kind": "pagerduty",
            "state": "sent",
            "verdict": "delivered",
            "reason": "202",
            "attempts": 1,
            "seconds": 1.5,
            "delivered": True,
        }
    ]


async def test_a_receiver_that_there_is_not_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        for body, status, words in (
            ('{"receivers": ["ops", "nobody"]}', 404, "the policy has no receiver 'nobody' (receivers: ops, oncall)"),
            ('{"receiver": "ops"}', 400, "receiver: Extra inputs are not permitted"),
            ("drill!", 400, "Invalid JSON"),
        ):
            answer = await client.post("/api/fdi/v1/drills", data=body)
            assert answer.status == status
            assert (await answer.json())["detail"].startswith(words)
        assert (await client.get("/api/fdi/v1/drills/x")).status == 404
        async with site.store.read() as tx:
            assert await outbox.recent(tx, most=1) == []
