"""The wire as it should be: headers, redirects, cookies, proxies, long tokens, the count of tries."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web
from fdi_kit import (
    AKSK,
    PASSWORD,
    STATISTICS,
    account,
    gateway_error,
    instance,
    statistics_body,
    token_reply,
)
from fdi_sockets import NOW, failed, poll, web_server, with_length
from pydantic import SecretStr
from yarl import URL

from monitor import __version__
from monitor.fdi.account import Token
from monitor.fdi.cloud import Cloud
from monitor.fdi.wire import make_session, proxy_for
from monitor.model import FailureKind


async def test_a_redirect_is_not_followed_even_to_a_good_answer() -> None:
    paths: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        paths.append(request.path)
        if request.path == "/good":
            return web.Response(body=STATISTICS, content_type="application/json")
        return web.Response(status=302, headers={"Location": "/good"})

    async with web_server(redirect) as base:
        got, reason = failed(await poll(base))
    assert got is FailureKind.GARBAGE
    assert "redirect" in reason
    assert "/good" not in paths


async def test_cookies_are_neither_kept_nor_sent_and_the_agent_says_who_we_are() -> None:
    seen: list[dict[str, str]] = []

    async def bake(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        answer = web.Response(body=STATISTICS, content_type="application/json")
        answer.set_cookie("session", "x")
        return answer

    async with web_server(bake) as base, make_session() as session:
        cloud = Cloud(account(base=base), session, lambda: NOW)
        assert all([(await cloud.sample(instance())).up for _ in range(2)])
    assert not any("Cookie" in headers for headers in seen)
    assert seen[1]["User-Agent"] == f"fdi-monitor/{__version__}"


async def test_tokens_of_100_kilobytes_pass_in_both_directions() -> None:
    token = "T" * 102_400
    shown: list[str] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if request.startswith(b"POST"):
            body = json.dumps(token_reply()).encode()
            head = f"HTTP/1.1 201 Created\r\nX-Subject-Token: {token}\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
        else:
            shown.append(request.decode().split("X-Auth-Token: ")[1].split("\r\n")[0])
            writer.write(with_length(STATISTICS))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=1 << 20)
    async with server:
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert (await poll(base, PASSWORD)).up
        assert (await poll(base, Token(SecretStr(token)))).up
    assert shown == [token, token]


async def test_a_bad_access_key_reaches_the_server_twice_however_many_polls_there_are() -> None:
    served: list[str] = []

    async def refuse(request: web.Request) -> web.Response:
        served.append(request.headers["Authorization"])
        await asyncio.sleep(0.02)
        return web.json_response(gateway_error(), status=401)

    async with web_server(refuse) as base, make_session() as session:
        cloud = Cloud(account(AKSK, base=base), session, lambda: NOW)
        for _ in range(3):
            samples = await asyncio.gather(*(cloud.sample(instance(f"i{number}")) for number in range(32)))
            assert {failed(sample)[0] for sample in samples} == {FailureKind.AUTH}
    assert len(served) == 2


async def test_after_a_failed_poll_the_next_one_is_good_again() -> None:
    async def moody(request: web.Request) -> web.StreamResponse:
        served.append(request.path)
        if len(served) % 2:
            answer = web.StreamResponse(headers={"Content-Length": "999"})
            await answer.prepare(request)
            await answer.write(b'{"common')
            assert request.transport is not None
            request.transport.close()
            return answer
        return web.json_response(statistics_body())

    served: list[str] = []
    async with web_server(moody) as base, make_session() as session:
        cloud = Cloud(account(base=base), session, lambda: NOW)
        assert [(await cloud.sample(instance())).up for _ in range(6)] == [False, True] * 3


async def test_requests_go_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[0])
        writer.write(with_length(STATISTICS))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    async with server:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        monkeypatch.setenv("no_proxy", "")
        assert (await poll("http://roma.invalid")).up
    assert asked[0].startswith("GET http://roma.invalid/v2/")


@pytest.mark.parametrize(
    ("proxy", "no_proxy", "expected"),
    [
        ("http://proxy:3128", "", "http://proxy:3128"),
        ("proxy:3128", "", "http://proxy:3128"),
        ("http://proxy:3128", "roma.test", None),
        ("", "", None),
    ],
)
def test_the_environment_says_which_proxy(
    monkeypatch: pytest.MonkeyPatch, proxy: str, no_proxy: str, expected: str | None
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", no_proxy)
    assert proxy_for(URL("http://roma.test/v2")) == expected


async def test_a_request_whose_turn_is_over_before_it_has_a_connection_waits_for_another() -> None:
    seen: list[float] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(asyncio.get_running_loop().time())
        return web.Response(body=STATISTICS, content_type="application/json")

    async with web_server(answer) as base, make_session() as session:
        cloud = Cloud(account(base=base), session, lambda: NOW)
        asked: list[int] = []

        def allowance(requests: int, _period: float) -> int:
            """As if the process stood still before it had its connection, and lost the account for a while."""
            asked.append(requests)
            return 0 if 1 < len(asked) < 4 else requests

        cloud.throttler.allowance = allowance
        begun = asyncio.get_running_loop().time()
        assert (await cloud.sample(instance())).up
        assert len(seen) == 1
        assert seen[0] - begun > 0.05
        assert len(asked) == 5
