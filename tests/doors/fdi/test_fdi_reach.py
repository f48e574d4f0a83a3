"""Steps to an address over real sockets: what stands in the way is told by its name."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from yarl import URL

from monitor.errors import DoorError, Unreachable
from monitor.fdi.answers import TimedOut
from monitor.fdi.reach import reach

LOCALHOST = Path(__file__).parents[1] / "notifiers" / "localhost.pem"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@asynccontextmanager
async def listening(tls: ssl.SSLContext | None = None, says: bytes = b"") -> AsyncIterator[int]:
    """A server that says `says` to whoever connects and then waits for the end of it."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(says)
            await reader.read()
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.transport.abort()

    async with await asyncio.start_server(take, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]


def certified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOCALHOST)
    return context


async def failed(url: str, *, limit: float = 5) -> str:
    with pytest.raises(DoorError) as caught:
        await reach(URL(url), limit=limit)
    assert type(caught.value) is (TimedOut if "within" in caught.value.reason else Unreachable)
    return caught.value.reason


async def test_each_step_has_its_time() -> None:
    async with listening() as port:
        reached = await reach(URL(f"http://127.0.0.1:{port}/any"), limit=5)
    assert reached.where == f"127.0.0.1:{port}"
    assert [step for step, _ in reached.steps] == ["DNS", "TCP"]
    assert all(0 <= seconds < 5 for _, seconds in reached.steps)


async def test_with_https_the_certificate_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(certified()) as port:
        assert "its certificate is not trusted" in await failed(f"https://localhost:{port}")
        monkeypatch.setenv("SSL_CERT_FILE", str(LOCALHOST))
        reached = await reach(URL(f"https://localhost:{port}"), limit=5)
    assert [step for step, _ in reached.steps] == ["DNS", "TCP", "TLS"]
    assert str(reached).endswith(" ms")


async def test_a_server_without_tls_is_told() -> None:
    async with listening(says=b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert "does not speak TLS" in await failed(f"https://127.0.0.1:{port}")


async def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    async with listening() as port:
        assert "no TLS within 0.1 s" in await failed(f"https://127.0.0.1:{port}", limit=0.1)


async def test_an_unknown_name_is_told_with_what_to_check() -> None:
    reason = await failed("https://roma.no-such-region.invalid")
    assert reason.startswith("roma.no-such-region.invalid: the name is not known (")
    assert reason.endswith("check region and endpoint of the account, and this machine's DNS")


async def test_a_port_that_nobody_listens_on_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        reason = await failed(f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert "no connection (" in reason
    assert "firewall" in reason


async def test_a_proxy_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening() as port:
        monkeypatch.setenv("https_proxy", f"http://user:canary@127.0.0.1:{port}")
        reached = await reach(URL("https://roma.no-such-region.invalid"), limit=5)
    assert reached.where == f"through the proxy 127.0.0.1:{port}"
    assert [step for step, _ in reached.steps] == ["DNS", "TCP"]
    assert "canary" not in str(reached)
    assert "canary" not in await failed("https://roma.no-such-region.invalid")
