"""Alertmanagers: all members are told, one that takes it is enough, and what fires is said again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from notifier_samples import message, receiving, tools

from monitor.notification import Reason
from monitor.notifiers import Outcome, Verdict
from monitor.notifiers.alertmanager import Alertmanager, AlertmanagerOptions

MINUTE = timedelta(minutes=1)


async def answered(*statuses: int, reason: Reason = Reason.FIRST, **given: Any) -> tuple[Verdict, dict[str, Any]]:
    """The verdict where the members answer so, and what each was sent."""
    seen: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.Response:
        seen[request.path] = await request.json()
        return web.Response(status=int(request.path.split("/")[1]))

    async with receiving(handler) as (address, kit):
        urls = [f"{address}/{status}/{place}" for place, status in enumerate(statuses)]
        options = AlertmanagerOptions.model_validate({"urls": urls, **given})
        return await Alertmanager(options, kit).send(message(reason)), seen


async def test_every_member_is_sent_all_alerts() -> None:
    verdict, seen = await answered(200, 200, reason=Reason.SOME_RESOLVED)
    assert verdict == Verdict(Outcome.DELIVERED, "HTTP 200", again=MINUTE)
    assert sorted(seen) == ["/200/0/api/v2/alerts", "/200/1/api/v2/alerts"]
    first, second = seen.values()
    assert first == second
    firing, over = first
    assert firing["labels"]["instance"] == "billing_[eu]<1>"
    assert "endsAt" not in firing, "its end is for Alertmanager to guess, until it hears of it again"
    assert over["endsAt"] == "2026-01-05T02:04:57Z"
    assert firing["startsAt"] == "2026-01-05T02:01:00.25Z"


async def test_one_member_that_takes_it_is_enough_and_the_other_is_named() -> None:
    verdict, _ = await answered(200, 503)
    assert verdict.outcome is Outcome.DELIVERED
    assert verdict.reason == "1 of 2: HTTP 503 Service Unavailable"
    assert verdict.again == MINUTE


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((400, 503), Outcome.UNREACHABLE),
        ((400, 404), Outcome.REFUSED),
        ((429, 400), Outcome.THROTTLED),
    ],
)
async def test_where_none_takes_it_the_most_hopeful_answer_counts(statuses: tuple[int, int], outcome: Outcome) -> None:
    verdict, _ = await answered(*statuses)
    assert (verdict.outcome, verdict.again) == (outcome, None)


async def test_what_has_resolved_is_said_once() -> None:
    verdict, _ = await answered(200, reason=Reason.ALL_RESOLVED)
    assert verdict.again is None


async def test_how_often_it_is_said_again_is_the_policys() -> None:
    verdict, _ = await answered(200, every="20s")
    assert verdict.again == timedelta(seconds=20)


def test_the_payload_links_to_the_details() -> None:
    options = AlertmanagerOptions.model_validate({"urls": ["http://am:9093"]})
    [alert] = Alertmanager(options, tools()).payload(message())
    assert alert["generatorURL"] == "https://fdi.example.com/alerts/a1"
