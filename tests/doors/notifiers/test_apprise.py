"""Apprise: the real library against a real server, and what happens where it is missing or says no."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

import pytest
from aiohttp import web
from notifier_samples import CANARY, message, receiving, tools

from monitor.notification import Reason
from monitor.notifiers import Outcome, Verdict
from monitor.notifiers.apprise import Apprise, AppriseOptions

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # the library's, on 3.11


async def answered(*statuses: int, reason: Reason = Reason.FIRST, **given: Any) -> tuple[Verdict, list[Any]]:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(await request.json())
        return web.Response(status=int(request.path.strip("/").split("/")[0]))

    async with receiving(handler) as (address, kit):
        urls = [f"{address.replace('http', 'json')}/{status}/{CANARY}" for status in statuses]
        options = AppriseOptions.model_validate({"urls": urls, **given})
        return await Apprise(options, kit).send(message(reason)), seen


async def test_the_library_is_handed_title_text_and_type() -> None:
    verdict, [body] = await answered(200)
    assert verdict == Verdict(Outcome.DELIVERED)
    assert body["title"] == message().title
    assert body["type"] == "failure"
    assert body["message"].splitlines()[0] == "17 tasks abnormal on orders"
    _, [over] = await answered(200, reason=Reason.ALL_RESOLVED)
    assert over["type"] == "success"


async def test_no_is_worth_another_try_and_names_nothing() -> None:
    verdict, _ = await answered(500)
    assert verdict == Verdict(Outcome.UNREACHABLE, "not taken; Apprise does not say why")


async def test_some_taking_it_is_delivered_as_the_others_would_hear_it_twice() -> None:
    verdict, _ = await answered(200, 500)
    assert verdict == Verdict(Outcome.DELIVERED, "1 of 2 addresses did not take it")


async def test_an_address_that_apprise_does_not_know_is_a_refusal() -> None:
    options = AppriseOptions.model_validate({"urls": [f"pigeon://{CANARY}"]})
    verdict = await Apprise(options, tools()).send(message())
    assert verdict == Verdict(Outcome.REFUSED, "number 1 of `urls` is not an address that Apprise knows")


async def test_without_the_library_the_refusal_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    options = AppriseOptions.model_validate({"urls": ["json://localhost"]})
    verdict = await Apprise(options, tools()).send(message())
    assert verdict == Verdict(Outcome.REFUSED, "Apprise is not installed: pip install 'fdi-monitor[apprise]'")


async def test_an_address_that_hangs_is_given_up_in_time() -> None:
    released = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    async with receiving(handler) as (address, kit):
        options = AppriseOptions.model_validate({"urls": [address.replace("http", "json")], "timeout": "100ms"})
        verdict = await Apprise(options, kit).send(message())
        released.set()
    assert verdict == Verdict(Outcome.UNREACHABLE, "no answer within 0.1s")


async def test_no_address_stands_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await answered(500)
    said = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert said
    assert [line for line in said if CANARY in line] == []
