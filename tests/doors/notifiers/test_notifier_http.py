"""Verdicts of notifiers over HTTP, against real sockets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from notifier_samples import CANARY, message, receiving, tools
from pydantic import SecretStr

from monitor.notifiers import Outcome, Verdict
from monitor.notifiers.feishu import Feishu, FeishuOptions
from monitor.notifiers.http import BODY_LIMIT, LONGEST_WAIT, THROTTLE_WAIT, retry_after
from monitor.notifiers.webhook import Webhook, WebhookOptions

SHORT = timedelta(milliseconds=100)


def expected(status: int) -> Outcome:
    """The table of the design, written down a second time."""
    if status in range(200, 300):
        return Outcome.DELIVERED
    if status == 429:
        return Outcome.THROTTLED
    if status == 408 or status >= 500:
        return Outcome.UNREACHABLE
    return Outcome.REFUSED


def answering(
    status: int = 200, body: bytes = b"", headers: dict[str, str] | None = None
) -> Callable[..., Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=status, body=body, headers=headers)

    return handler


async def posted(handler: Callable[..., Awaitable[web.StreamResponse]]) -> Verdict:
    async with receiving(handler) as (address, kit):
        return await Webhook(WebhookOptions(url=SecretStr(f"{address}/{CANARY}")), kit).send(message())


async def test_every_status_has_its_verdict() -> None:
    seen: dict[int, Outcome] = {}
    status = 200

    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status)

    async with receiving(handler) as (address, kit):
        notifier = Webhook(WebhookOptions(url=SecretStr(address)), kit)
        said = message()
        for status in range(200, 600):
            seen[status] = (await notifier.send(said)).outcome
    assert seen == {status: expected(status) for status in range(200, 600)}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (301, "HTTP 301 Moved Permanently: redirects are not followed, put the final address in place"),
        (401, "HTTP 401 Unauthorized: check the credentials of this receiver"),
        (404, "HTTP 404 Not Found: check the address of this receiver"),
        (418, "HTTP 418 I'm a Teapot"),
        (499, "HTTP 499"),
        (503, "HTTP 503 Service Unavailable"),
    ],
)
async def test_the_reason_names_the_status_and_what_to_do(status: int, reason: str) -> None:
    assert (await posted(answering(status))).reason == reason


@pytest.mark.parametrize(
    ("status", "hint", "wait"),
    [
        (429, "17", timedelta(seconds=17)),
        (429, "Mon, 05 Jan 2026 02:05:31 GMT", timedelta(seconds=30)),
        (429, "Mon, 05 Jan 2026 02:00:00 GMT", timedelta()),
        (429, "soon", THROTTLE_WAIT),
        (429, None, THROTTLE_WAIT),
        (503, "120", timedelta(minutes=2)),
        (503, None, None),
        (408, "3", timedelta(seconds=3)),
        (404, "120", None),
    ],
)
async def test_retry_after_is_heard(status: int, hint: str | None, wait: timedelta | None) -> None:
    verdict = await posted(answering(status, headers={"Retry-After": hint} if hint else {}))
    assert verdict.wait == wait


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("0", timedelta()),
        (" 5 ", timedelta(seconds=5)),
        ("99999999999999999999", LONGEST_WAIT),
        ("Mon, 05 Jan 2099 00:00:00 GMT", LONGEST_WAIT),
        ("Mon, 05 Jan 2026 02:06:01", timedelta(minutes=1)),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        ("Mon, 99 Jan 2026 99:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_a_day(text: str, wait: timedelta | None) -> None:
    assert retry_after(text, datetime(2026, 1, 5, 2, 5, 1, tzinfo=UTC)) == wait


async def test_a_redirect_is_never_followed_and_the_secret_stays_here() -> None:
    followed: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        followed.append(request.path)
        return web.Response(status=307, headers={"Location": f"/elsewhere/{CANARY}"})

    verdict = await posted(handler)
    assert verdict.outcome is Outcome.REFUSED
    assert followed == [f"/{CANARY}"]
    assert CANARY not in verdict.reason


async def test_a_huge_answer_is_read_in_part_and_does_not_hold_up() -> None:
    sent = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
                sent += 65536
        except ConnectionError:
            return response

    assert (await posted(handler)).outcome is Outcome.DELIVERED
    assert BODY_LIMIT <= sent < 64 * BODY_LIMIT


@pytest.mark.parametrize(
    "body", [bytes(range(256)), b"\xff" * 100_000, b"[" * 60_000, b"", b"ok", b"null", b"[0]", b'{"code":true}']
)
async def test_an_answer_that_is_not_the_documented_one_is_unreachable_where_the_body_decides(body: bytes) -> None:
    async with receiving(answering(body=body)) as (address, kit):
        verdict = await Feishu(FeishuOptions(webhook=SecretStr(address)), kit).send(message())
    assert verdict == Verdict(Outcome.UNREACHABLE, "HTTP 200 without a code")


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def socket_that(talk: Talk) -> AsyncIterator[str]:
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}/{CANARY}"
    finally:
        server.close()
        await server.wait_closed()


async def tried(address: str, timeout: timedelta = timedelta(seconds=5)) -> Verdict:  # noqa: ASYNC109 - an option's value
    async with aiohttp.ClientSession() as session:
        notifier = Webhook(WebhookOptions(url=SecretStr(address), timeout=timeout), tools(session))
        return await notifier.send(message())


async def test_a_reset_connection_is_unreachable() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async with socket_that(talk) as address:
        verdict = await tried(address)
    assert verdict.outcome is Outcome.UNREACHABLE
    assert verdict.reason.startswith("the connection broke (")


async def test_a_truncated_body_is_unreachable() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    async with socket_that(talk) as address:
        assert (await tried(address)).outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\xff\x00\xff", b"HTTP/1.1 abc OK\r\n\r\n"])
async def test_an_answer_that_is_not_http_is_unreachable(answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with socket_that(talk) as address:
        assert (await tried(address)).outcome is Outcome.UNREACHABLE


async def test_switching_protocols_is_unreachable() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        await writer.drain()
        writer.close()

    async with socket_that(talk) as address:
        assert (await tried(address)).outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize("prefix", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"])
async def test_a_hanging_receiver_is_given_up_in_time(prefix: bytes) -> None:
    released = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(prefix)
        await released.wait()
        writer.close()

    async with socket_that(talk) as address:
        began = asyncio.get_running_loop().time()
        verdict = await tried(address, SHORT)
        took = asyncio.get_running_loop().time() - began
        released.set()
    assert verdict == Verdict(Outcome.UNREACHABLE, "no answer within 0.1s")
    assert took < 2


async def test_a_closed_port_is_unreachable(unused_tcp_port: int) -> None:
    verdict = await tried(f"http://127.0.0.1:{unused_tcp_port}/{CANARY}")
    assert verdict.outcome is Outcome.UNREACHABLE
    assert verdict.reason.startswith("cannot connect: ")


async def test_a_plain_port_behind_https_is_unreachable() -> None:
    async with receiving(answering()) as (address, _):
        verdict = await tried(address.replace("http:", "https:"))
    assert verdict == Verdict(Outcome.UNREACHABLE, "no TLS connection to this receiver's host")


async def test_cancelling_a_try_is_not_a_verdict() -> None:
    released = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    async with receiving(handler) as (address, kit):
        task = asyncio.create_task(Webhook(WebhookOptions(url=SecretStr(address)), kit).send(message()))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        released.set()


async def test_secrets_show_in_no_verdict_log_or_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def echo(request: web.Request) -> web.Response:
        body = await request.text()
        status = int(request.path.split("/")[1])
        text = f'{{"code": 7, "msg": "no {request.path} {CANARY} {CANARY}-sign {request.headers.get("X-Key")}"}}'
        return web.Response(status=status, text=text + body * (status != 200), reason=f"no {request.path}")

    shown: list[str] = []
    async with receiving(echo) as (address, kit):
        for status in (200, 302, 400, 403, 404, 429, 500):
            url = SecretStr(f"{address}/{status}/{CANARY}")
            webhook = WebhookOptions(url=url, headers={"X-Key": SecretStr(CANARY)})
            feishu = FeishuOptions(webhook=url, secret=SecretStr(f"{CANARY}-sign"))
            for notifier in (Webhook(webhook, kit), Feishu(feishu, kit)):
                shown += [repr(notifier), str(await notifier.send(message()))]
            shown += [repr(webhook), str(webhook), repr(feishu), webhook.model_dump_json(), feishu.model_dump_json()]
    shown += [str(await tried(f"http://127.0.0.1:1/{CANARY}")), str(await tried(f"http://a..b/{CANARY}"))]
    shown += [str(await tried(f"http://{'x' * 70}.example/{CANARY}"))]
    assert "no " in "".join(shown)
    assert [text for text in shown if CANARY in text] == []
    logged = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert [line for line in logged if CANARY in line] == []
