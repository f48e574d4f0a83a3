"""What real sockets can do to an answer: each of it ends as a sorted error in time."""

from __future__ import annotations

import asyncio
import gzip
import struct
import zlib

import pytest
from aiohttp.test_utils import unused_port
from fdi_kit import (
    AKSK,
    STATISTICS,
    TEMPORARY,
    TOKEN,
    TOKEN_TEXT,
    account,
    instance,
)
from fdi_sockets import NOW, OK, failed, poll, raw_server, says, with_length

from monitor.fdi import wire
from monitor.fdi.account import Credentials
from monitor.fdi.cloud import Cloud
from monitor.fdi.wire import MAX_BODY, MAX_HEADER, make_session
from monitor.model import Counts, FailureKind


@pytest.mark.parametrize(
    "raw",
    [
        with_length(STATISTICS),
        OK + b"\r\n" + STATISTICS,
        OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(STATISTICS), STATISTICS),
    ],
)
async def test_a_whole_answer_is_good_however_its_end_is_marked(raw: bytes) -> None:
    async with raw_server(says(raw)) as base:
        sample = await poll(base)
    assert (sample.common, sample.cdc) == (Counts(7, 1, 2, 30), Counts(3, 0, 0, 4))
    assert sample.latency.total_seconds() > 0


async def test_an_answer_in_many_pieces_is_put_together() -> None:
    raw = with_length(STATISTICS)
    async with raw_server(says(*(raw[at : at + 40] for at in range(0, len(raw), 40)), pause=0.001)) as base:
        assert (await poll(base)).up


@pytest.mark.parametrize(
    ("raw", "kind", "words"),
    [
        (b"", FailureKind.UNREACHABLE, "Server disconnected"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", FailureKind.GARBAGE, "does not speak HTTP"),
        (with_length(STATISTICS, len(STATISTICS) + 50), FailureKind.GARBAGE, "broke off"),
        (with_length(STATISTICS, len(STATISTICS) - 50), FailureKind.GARBAGE, "does not speak HTTP"),
        (OK + b"\r\n" + STATISTICS[:-20], FailureKind.GARBAGE, "not whole JSON"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n10\r\n{", FailureKind.GARBAGE, "broke off"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", FailureKind.GARBAGE, ""),
        (OK + b"Content-Encoding: gzip\r\n\r\nnot gzip at all", FailureKind.GARBAGE, ""),
        (
            OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(STATISTICS)[:-30],
            FailureKind.GARBAGE,
            "",
        ),
        (OK + b"Content-Length: abc\r\n\r\n{}", FailureKind.GARBAGE, "does not speak HTTP"),
        (OK + b"X-Long: " + b"x" * (MAX_HEADER + 10) + b"\r\n\r\n{}", FailureKind.GARBAGE, "does not speak HTTP"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", FailureKind.GARBAGE, "204"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 999\r\n\r\ncut", FailureKind.UNREACHABLE, "503: cut"),
    ],
)
async def test_a_broken_answer_is_sorted(raw: bytes, kind: FailureKind, words: str) -> None:
    async with raw_server(says(raw)) as base:
        got, reason = failed(await poll(base))
    assert got is kind
    assert words in reason


@pytest.mark.parametrize("auth", [TOKEN, TEMPORARY])
@pytest.mark.parametrize("head", [b"", OK + b"\r\n", b"HTTP/1.1 500 Oops\r\n\r\n", b"HTTP/1.1 200 OK\r\nBad Header "])
async def test_a_server_that_echoes_the_request_gets_no_secret_into_the_reason(auth: Credentials, head: bytes) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head + await reader.readuntil(b"\r\n\r\n"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        failed(await poll(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", auth))


async def test_a_server_that_greets_with_our_own_token_gets_it_not_into_the_reason() -> None:
    async with raw_server(says(TOKEN_TEXT.encode() + b"\r\n\r\n")) as base:
        assert failed(await poll(base))[0] is FailureKind.GARBAGE


async def test_an_answer_that_breaks_off_after_its_headers_still_bears_its_request_id() -> None:
    async with raw_server(says(with_length(STATISTICS, len(STATISTICS) + 50))) as base:
        sample = await poll(base)
    assert sample.failure is not None
    assert sample.failure.request_id == "r-raw"


async def test_a_connection_reset_in_the_middle_is_sorted() -> None:
    async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(with_length(STATISTICS)[:150])
        await writer.drain()
        sock = writer.get_extra_info("socket")
        sock.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER 0: close by reset

    async with raw_server(reset) as base:
        got, reason = failed(await poll(base))
    assert got in (FailureKind.GARBAGE, FailureKind.UNREACHABLE)
    assert reason


async def test_a_closed_port_and_an_unknown_host_are_unreachable() -> None:
    for base, words in (
        (f"http://127.0.0.1:{unused_port()}", "cannot reach 127.0.0.1"),
        ("http://no-such-host.invalid", "cannot reach no-such-host.invalid"),
    ):
        got, reason = failed(await poll(base))
        assert got is FailureKind.UNREACHABLE
        assert words in reason


async def test_a_server_that_hangs_costs_no_more_than_the_time_out() -> None:
    async with raw_server(says(b"", pause=30)) as base:
        sample = await poll(base, limit=0.1)
    assert failed(sample) == (FailureKind.TIMEOUT, "no whole answer within 0.1 s")
    assert 0.1 <= sample.latency.total_seconds() < 1


async def test_an_answer_that_drips_costs_no_more_than_the_time_out() -> None:
    drops = [bytes([byte]) for byte in STATISTICS]
    async with raw_server(says(with_length(b"", len(STATISTICS)), *drops, pause=0.02)) as base:
        sample = await poll(base, limit=0.15)
    assert failed(sample)[0] is FailureKind.TIMEOUT
    assert sample.latency.total_seconds() < 1


async def test_a_refusal_whose_body_never_ends_still_counts_as_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ERROR_PATIENCE", 0.1)
    head = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 500\r\nX-Request-Id: r-slow\r\n\r\n{"
    served: list[int] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(1)
        await says(head, pause=30)(reader, writer)

    async with raw_server(refuse) as base, make_session() as session:
        cloud = Cloud(account(AKSK, base=base, timeout=5), session, lambda: NOW)
        samples = await asyncio.gather(*(cloud.sample(instance()) for _ in range(5)))
    assert {failed(sample)[0] for sample in samples} == {FailureKind.AUTH}
    assert len(served) == 2


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_bomb_is_dropped_before_it_unfolds(encoding: str) -> None:
    wide = b" " * (64 << 20)
    packed = gzip.compress(wide) if encoding == "gzip" else zlib.compress(wide)
    raw = OK + f"Content-Encoding: {encoding}\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed
    async with raw_server(says(raw)) as base:
        got, reason = failed(await poll(base))
    assert got is FailureKind.GARBAGE
    assert f"larger than {MAX_BODY} bytes" in reason


async def test_a_body_without_end_is_dropped() -> None:
    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"\r\n")
        while True:
            writer.write(b"[" * 65_536)
            await writer.drain()

    async with raw_server(flood) as base:
        sample = await poll(base)
    assert failed(sample)[0] is FailureKind.GARBAGE
    assert sample.failure is not None
    assert sample.failure.request_id == "r-raw"


async def test_an_honest_compressed_answer_is_good() -> None:
    packed = gzip.compress(STATISTICS)
    raw = OK + f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed
    async with raw_server(says(raw)) as base:
        assert (await poll(base)).up


async def test_a_port_that_speaks_no_tls_is_told_as_that() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        got, reason = failed(await poll(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    assert got is FailureKind.UNREACHABLE
    assert "no trusted connection to 127.0.0.1" in reason


@pytest.mark.parametrize("status", [403, 407, 502])
async def test_a_proxy_that_refuses_is_told_as_that(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    async with raw_server(says(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())) as proxy:
        monkeypatch.setenv("https_proxy", proxy)
        monkeypatch.setenv("no_proxy", "")
        got, reason = failed(await poll("https://roma.invalid"))
    assert got is FailureKind.UNREACHABLE
    assert reason == f"the proxy does not let us through to roma.invalid: it answers {status}"
