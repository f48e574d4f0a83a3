"""Servers on real sockets that answer as they like, and a poll of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web
from aiohttp.test_utils import TestServer
from fdi_kit import (
    CANARIES,
    TOKEN,
    account,
    instance,
)

from monitor.fdi.account import Credentials
from monitor.fdi.cloud import Cloud
from monitor.fdi.wire import make_session
from monitor.model import FailureKind, Sample

Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: r-raw\r\n"


@asynccontextmanager
async def raw_server(handle: Raw) -> AsyncIterator[str]:
    """A server that answers with bytes as they are; one request a connection."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await handle(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def says(*pieces: bytes, pause: float = 0) -> Raw:
    """A server that sends `pieces` with a pause after each, then closes."""

    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return handle


@asynccontextmanager
async def web_server(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    async with TestServer(app) as server:
        server_url = str(server.make_url(""))
        yield server_url.rstrip("/")


async def poll(base: str, auth: Credentials = TOKEN, *, limit: float = 5) -> Sample:
    async with make_session() as session:
        cloud = Cloud(account(auth, base=base, iam=base, timeout=limit), session, lambda: NOW)
        return await cloud.sample(instance())


def failed(sample: Sample) -> tuple[FailureKind, str]:
    assert sample.failure is not None
    assert not any(canary in sample.failure.reason for canary in CANARIES)
    return sample.failure.kind, sample.failure.reason


def with_length(body: bytes, length: int | None = None) -> bytes:
    return OK + f"Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body
