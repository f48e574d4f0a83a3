"""Feishu and Lark bots: the card, its signature, its size, and the codes of the answers."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from notifier_samples import CANARY, NOW, ORDERS, crowded, message, receiving, tools
from pydantic import SecretStr

from monitor.notifiers import Outcome, Verdict
from monitor.notifiers.card import escape, fitting
from monitor.notifiers.dialect import encoded
from monitor.notifiers.feishu import BODY_LIMIT, Feishu, FeishuOptions, Lark, sign


async def answered(body: Any, *, status: int = 200, secret: str = "") -> tuple[Verdict, bytes]:
    received = b""

    async def handler(request: web.Request) -> web.Response:
        nonlocal received
        received = await request.read()
        return web.json_response(body, status=status)

    async with receiving(handler) as (address, kit):
        options = FeishuOptions(
            webhook=SecretStr(f"{address}/open-apis/bot/v2/hook/{CANARY}"), secret=SecretStr(secret)
        )
        return await Feishu(options, kit).send(message()), received


@pytest.mark.parametrize(
    ("body", "outcome", "wait"),
    [
        ({"code": 0, "msg": "success", "data": {}}, Outcome.DELIVERED, None),
        ({"StatusCode": 0, "StatusMessage": "success"}, Outcome.DELIVERED, None),
        ({"code": 11232, "msg": "frequency limited"}, Outcome.THROTTLED, timedelta(seconds=60)),
        ({"code": 9499, "msg": "Bad Request"}, Outcome.REFUSED, None),
        ({"code": 19021, "msg": "sign match fail"}, Outcome.REFUSED, None),
        ({"code": 19022, "msg": "Ip Not Allowed"}, Outcome.REFUSED, None),
        ({"code": 19024, "msg": "Key Words Not Found"}, Outcome.REFUSED, None),
        ({"code": 424242}, Outcome.REFUSED, None),
        ({"msg": "success"}, Outcome.UNREACHABLE, None),
        ({"code": "0"}, Outcome.UNREACHABLE, None),
        ([], Outcome.UNREACHABLE, None),
    ],
)
async def test_the_code_in_the_body_decides_not_http_200(body: Any, outcome: Outcome, wait: timedelta | None) -> None:
    verdict, _ = await answered(body)
    assert (verdict.outcome, verdict.wait) == (outcome, wait)


@pytest.mark.parametrize(
    ("code", "todo"),
    [
        (9499, "check that the address is that of a custom bot"),
        (19021, "check the bot's secret and this machine's clock"),
        (19022, "add it to the bot's IP list"),
        (19024, "write one of the bot's keywords as `keyword`"),
    ],
)
async def test_a_known_refusal_says_what_to_do(code: int, todo: str) -> None:
    verdict, _ = await answered({"code": code, "msg": "whatever"})
    assert todo in verdict.reason


async def test_an_unknown_refusal_quotes_the_answer_without_the_token() -> None:
    verdict, _ = await answered({"code": 7, "msg": f"no hook\n{CANARY}\x1b[31m" + "x" * 500})
    assert verdict.reason.startswith("code 7: no hook ***\ufffd[31mxxx")
    assert len(verdict.reason) < 250


async def test_http_400_with_a_code_is_read_and_without_one_refused() -> None:
    throttled, _ = await answered({"code": 11232}, status=400)
    refused, _ = await answered({}, status=400)
    assert (throttled.outcome, refused.outcome) == (Outcome.THROTTLED, Outcome.REFUSED)


async def test_http_500_is_unreachable_whatever_the_body_says() -> None:
    verdict, _ = await answered({"code": 0}, status=500)
    assert verdict.outcome is Outcome.UNREACHABLE


def hmac_sha256(key: bytes, text: bytes) -> bytes:
    """RFC 2104, spelled out."""
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + text).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


async def test_the_signature_stands_in_the_body_with_the_seconds_of_the_clock() -> None:
    secret = f"{CANARY}-密" * 9
    _, received = await answered({"code": 0}, secret=secret)
    body = json.loads(received)
    assert body["timestamp"] == str(int(NOW.timestamp())) == "1767578701"
    assert body["sign"] == base64.b64encode(hmac_sha256(f"1767578701\n{secret}".encode(), b"")).decode()
    assert list(body) == ["timestamp", "sign", "msg_type", "card"]


def test_the_signature_of_a_fixed_moment_and_secret() -> None:
    assert sign("1599360473", "demo") == base64.b64encode(hmac_sha256(b"1599360473\ndemo", b"")).decode()


async def test_without_a_secret_nothing_is_signed() -> None:
    _, received = await answered({"code": 0})
    assert list(json.loads(received)) == ["msg_type", "card"]


def test_lark_is_the_same_bot() -> None:
    options = FeishuOptions(webhook=SecretStr("https://example.com"))
    assert Lark(options, tools()).payload(message()) == Feishu(options, tools()).payload(message())
    assert Lark.Options is FeishuOptions


def texts(card: dict[str, Any]) -> list[str]:
    return [element["content"] for element in card["card"]["body"]["elements"] if element["tag"] == "markdown"]


def test_a_card_that_grows_too_large_tells_fewer_alerts_and_counts_the_others() -> None:
    body = Feishu(FeishuOptions(webhook=SecretStr("https://example.com")), tools()).payload(crowded("*" * 490, 14))
    told = [text for text in texts(body) if "&#42;" in text]
    assert 0 < len(told) < 10
    assert f"+{14 - len(told)} more" in texts(body)
    assert len(encoded(body)) <= BODY_LIMIT - 200


def test_size_is_counted_in_bytes_not_letters() -> None:
    assert len(texts(fitting(crowded("异" * 490, 10), 10_000))) < len(texts(fitting(crowded("x" * 490, 10), 10_000)))


def test_a_card_with_room_for_no_alert_still_says_how_many() -> None:
    assert texts(fitting(crowded("x", 3), 100))[1] == "+3 more"


async def test_a_signed_request_stays_within_the_limit() -> None:
    received = b""

    async def handler(request: web.Request) -> web.Response:
        nonlocal received
        received = await request.read()
        return web.json_response({"code": 0})

    async with receiving(handler) as (address, kit):
        options = FeishuOptions(webhook=SecretStr(address), secret=SecretStr("s" * 100))
        await Feishu(options, kit).send(crowded("_" * 480, 10))
    assert 15_000 < len(received) <= BODY_LIMIT


@given(summary=st.text(max_size=600), count=st.integers(1, 12), limit=st.integers(3_000, 20_000))
def test_any_text_fits_and_leaves_the_markup_whole(summary: str, count: int, limit: int) -> None:
    card = fitting(crowded(summary, count), limit)
    assert len(encoded(card)) <= limit
    for text in texts(card):
        assert text.count("**") % 2 == 0
        assert text.count("<font") == text.count("</font>")
        assert not re.search(r"&(?!#\d{2,3};)", text.replace("?a=b&c", ""))


def test_no_mention_or_link_can_be_smuggled_in() -> None:
    evil = "<at id=all></at> [click](https://evil.example) **bold** `code` ~~gone~~ &lt;"
    assert re.search(r"[<*\[\]`~]", escape(evil)) is None
    assert "&#38;lt;" in escape(evil)
    assert "<at" not in json.dumps(fitting(crowded(evil, 2), BODY_LIMIT))


def test_a_runbook_that_is_no_address_is_text_and_one_that_is_cannot_end_the_link() -> None:
    def runbook(value: str) -> str:
        alert = dataclasses.replace(ORDERS, annotations={"runbook": value})
        return texts(fitting(message(alerts=(alert, ORDERS)), BODY_LIMIT))[1].split("\n")[-1]

    assert runbook("javascript:alert(1)") == "runbook: javascript:alert(1)"
    assert runbook("https://a.example/x) [y](z") == "[runbook](https://a.example/x%29%20%5By%5D%28z)"
