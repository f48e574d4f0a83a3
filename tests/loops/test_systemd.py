"""What a service manager hears, over a real datagram socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from monitor.meters import Pulse
from monitor.systemd import READY, Systemd

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0" + address[1:] if address.startswith("@") else address)
        ear.setblocking(False)
        yield ear


def heard(ear: socket.socket) -> list[str]:
    words = []
    while True:
        try:
            words.append(ear.recv(100).decode())
        except BlockingIOError:
            return words


@pytest.mark.parametrize("abstract", [False, True])
def test_it_is_told_over_a_file_and_over_an_abstract_name(tmp_path: Path, abstract: bool) -> None:
    address = f"@fdi-{uuid4()}" if abstract else str(tmp_path / "notify")
    with manager(address) as ear:
        Systemd({"NOTIFY_SOCKET": address}, pid=1).tell(READY)
        assert heard(ear) == ["READY=1"]


def test_without_a_manager_nobody_is_told_and_one_that_is_gone_is_said_once(tmp_path: Path) -> None:
    Systemd({}, pid=1).tell(READY)
    gone = Systemd({"NOTIFY_SOCKET": str(tmp_path / "nowhere")}, pid=1)
    with capture_logs() as lines:
        gone.tell(READY)
        gone.tell(READY)
    assert [line["event"] for line in lines] == ["systemd could not be told"]


async def words(tmp_path: Path, pulse: Pulse, at: datetime, **environ: str) -> list[str]:
    """What the watchdog says within 0.1 s."""
    address = str(tmp_path / "notify")
    with manager(address) as ear:
        systemd = Systemd({"NOTIFY_SOCKET": address, **environ}, pid=7)
        task = asyncio.create_task(systemd.watch(pulse, lambda: at))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait([task])
        return heard(ear)


async def test_the_watchdog_is_fed_only_while_every_loop_makes_progress(tmp_path: Path) -> None:
    pulse = Pulse()
    pulse.expect("courier", within=timedelta(seconds=30), at=START)
    fed = await words(tmp_path / ".", pulse, START + timedelta(seconds=30), WATCHDOG_USEC="40000", WATCHDOG_PID="7")
    assert len(fed) >= 3
    assert set(fed) == {"WATCHDOG=1"}
    (tmp_path / "notify").unlink()
    with capture_logs() as lines:
        assert await words(tmp_path, pulse, START + timedelta(seconds=31), WATCHDOG_USEC="40000") == []
    assert [line["late"] for line in lines] == [["courier"]]


@pytest.mark.parametrize("environ", [{}, {"WATCHDOG_USEC": "40000", "WATCHDOG_PID": "8"}, {"WATCHDOG_USEC": "soon"}])
async def test_a_watchdog_that_is_not_asked_for_is_not_fed(tmp_path: Path, environ: dict[str, str]) -> None:
    assert await words(tmp_path, Pulse(), START, **environ) == []
