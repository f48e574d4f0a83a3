"""DingTalk: the signature in the address, who is called, and the token of an internal application's robot."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from notifier_kinds import BY_NAME
from notifier_samples import CANARY, NOW, message, receiving, tools
from pydantic import ValidationError

from monitor.message import Message
from monitor.notification import Reason
from monitor.notifiers import Notifier, Outcome, Tools
from monitor.notifiers.dingtalk import DingtalkOptions, sign

SECRET = "SEC000000000000000000000"


def test_the_signature_is_that_of_the_documentation() -> None:
    stamp = "1577262236757"
    digest = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    assert sign(stamp, SECRET) == base64.b64encode(digest).decode()


async def test_the_address_carries_milliseconds_and_a_signature_that_is_quoted_once() -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        return web.json_response({"errcode": 0})

    async with receiving(handler) as (address, kit):
        await BY_NAME["dingtalk"].notifier(address, kit).send(message())
    query = parse_qs(urlsplit(asked[0]).query)
    stamp = str(int(NOW.timestamp() * 1000))
    assert query == {"access_token": [CANARY], "timestamp": [stamp], "sign": [sign(stamp, f"{CANARY}-sign")]}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"webhook": "https://example.com", "app_key": "a"},
        {"app_key": "a", "app_secret": "b", "robot_code": "c"},
        {"webhook": "https://example.com", "card": True, "at": ["all"]},
        {"webhook": "https://example.com", "at": ["<script>"]},
        {"webhook": "https://example.com", "keyword": "x" * 51},
    ],
)
def test_options_that_do_not_fit_together_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DingtalkOptions.model_validate(wrong)


def test_mobiles_and_users_are_told_apart() -> None:
    notifier = BY_NAME["dingtalk"].notifier(
        "https://a.example", tools(), at=["13800000000", "+86-13900000000", "user7"]
    )
    body = notifier.payload(message())
    assert body["at"] == {"atMobiles": ["13800000000", "+86-13900000000"], "atUserIds": ["user7"], "isAtAll": False}
    assert "@13800000000 @+86-13900000000 @user7" in body["markdown"]["text"]
    assert "at" not in notifier.payload(message(Reason.ALL_RESOLVED))


def test_a_card_without_a_link_is_markdown_as_a_card_must_have_a_button() -> None:
    notifier = BY_NAME["dingtalk-card"].notifier("https://a.example", tools())
    assert notifier.payload(message())["msgtype"] == "actionCard"
    said = message(Reason.REPEAT)
    bare = Message(said.notification, said.title, said.delta, said.entries, said.colour, said.footer)
    assert notifier.payload(bare)["msgtype"] == "markdown"


class App:
    """DingTalk's newer API: tokens, and what they open."""

    def __init__(self) -> None:
        self.tokens = 0
        self.good = "token-1"
        self.asked: list[tuple[str, Any]] = []
        self.life = 7200

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        if request.path == "/v1.0/oauth2/accessToken":
            self.tokens += 1
            return web.json_response({"accessToken": f"token-{self.tokens}", "expireIn": self.life})
        token = request.headers["x-acs-dingtalk-access-token"]
        self.asked.append((token, body))
        if token != self.good:
            return web.json_response({"code": "InvalidAuthentication", "message": f"bad {token}"}, status=400)
        return web.json_response({"processQueryKey": "q"})


def app_robot(address: str, kit: Tools, **more: Any) -> Notifier:
    return BY_NAME["dingtalk-app"].notifier(address, kit, **more)


async def test_an_application_asks_for_one_token_and_uses_it_until_shortly_before_its_end() -> None:
    app = App()
    clock = [NOW]
    async with receiving(app.answer) as (address, kit):
        notifier = app_robot(address, Tools(kit.session, lambda: clock[0]))
        for minutes in (0, 60, 54):
            clock[0] += timedelta(minutes=minutes)
            assert (await notifier.send(message())).outcome is Outcome.DELIVERED
        assert app.tokens == 1
        app.good = "token-2"
        clock[0] += timedelta(minutes=2)
        assert (await notifier.send(message())).outcome is Outcome.DELIVERED
    assert app.tokens == 2
    token, body = app.asked[0]
    assert token == "token-1"
    assert (body["robotCode"], body["openConversationId"], body["msgKey"]) == ("robot", "cid==", "sampleMarkdown")
    assert json.loads(body["msgParam"])["title"] == message().title


async def test_a_token_that_is_refused_is_renewed_once() -> None:
    app = App()
    async with receiving(app.answer) as (address, kit):
        notifier = app_robot(address, kit)
        app.good = "token-2"
        assert (await notifier.send(message())).outcome is Outcome.DELIVERED
        app.good = "never"
        verdict = await notifier.send(message())
    assert verdict.outcome is Outcome.REFUSED
    assert verdict.reason == "InvalidAuthentication: bad ***"
    assert app.tokens == 3


async def test_an_application_draws_buttons() -> None:
    notifier = app_robot("https://a.example", tools(), card=True)
    body = notifier.payload(message())
    assert body["msgKey"] == "sampleActionCard5"
    assert json.loads(body["msgParam"])["actionURL1"].startswith("https://fdi.example.com/links/")
    assert json.loads(body["msgParam"])["actionURL4"] == "https://fdi.example.com/alerts/a1"
