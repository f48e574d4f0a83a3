"""Listening on a port, and the reasons for which that fails."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession
from webrows import NOW

from monitor.errors import UsageError
from monitor.meters import Meters, Pulse
from monitor.nudge import Nudge
from monitor.store.database import open_store
from monitor.web.server import make_app, serve
from monitor.web.site import Site


@contextmanager
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


async def refused(data: Path, host: str, port: int) -> str:
    """The words with which listening there is refused."""
    async with open_store(data) as store:
        app = make_app(Site(store, Meters(), Pulse(), lambda: NOW, Nudge()))
        with pytest.raises(UsageError) as caught:
            async with serve(app, host, port):
                pass
    return str(caught.value)


async def test_port_zero_gives_the_port_that_was_found(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store, ClientSession() as session:
        app = make_app(Site(store, Meters(), Pulse(), lambda: NOW, Nudge()))
        async with serve(app, "127.0.0.1", 0) as port:
            assert port > 0
            async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
                assert await answer.text() == "ok\n"
        with socket.create_server(("127.0.0.1", port)):
            """The port is free again."""


async def test_a_port_in_use_is_said_with_what_to_do(tmp_path: Path) -> None:
    with taken() as port:
        words = await refused(tmp_path, "127.0.0.1", port)
    assert words.startswith(f"port {port} on 127.0.0.1 is in use.")
    assert "FDI_MONITOR_WEB__PORT" in words


@pytest.mark.parametrize("host", ["192.0.2.1", "no such name", "a..b"])
async def test_a_host_that_is_not_this_machine_is_said_with_what_to_do(tmp_path: Path, host: str) -> None:
    words = await refused(tmp_path, host, 0)
    assert words.startswith(f"the pages cannot be served on {host}, port 0: ")
    assert "FDI_MONITOR_WEB__HOST" in words
