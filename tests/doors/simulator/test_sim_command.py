"""The command `simulate` as a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

RUN = [sys.executable, "-c", "import sys; from monitor.cli import main; sys.exit(main(['simulate', *sys.argv[1:]]))"]


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    with subprocess.Popen([*RUN, "--port", "0", *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = dict(process.stdout.readline().rstrip("\n").split(": ", 1) for _ in range(12))
            yield process, lines
        finally:
            if process.poll() is None:
                process.kill()


def once(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *arguments], capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_address_and_credentials_serves_and_ends_well_on_a_signal(number: signal.Signals) -> None:
    with running("--instances", "3", "--quota", "100/1m", "--seed", "7") as (process, printed):
        with urllib.request.urlopen(printed["url"] + "/_sim/credentials") as reply:
            served = json.load(reply)
        with urllib.request.urlopen(printed["url"] + "/_sim/stats") as reply:
            stats = json.load(reply)
        process.send_signal(number)
        code = process.wait(10)
    assert printed == served
    assert {"access_key", "secret_key", "project_id", "domain", "user", "password", "chat"} <= set(printed)
    assert (stats["instances"], stats["quota"]) == (3, {"requests": 100, "seconds": 60.0})
    assert code == 0


def test_a_port_in_use_is_one_line_that_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = once("--port", str(port))
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert f"port {port} on 127.0.0.1 is in use" in result.stderr


def test_a_wrong_scenario_is_one_line_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    file.write_text("steps: [{at: soon, instance: orders}]")
    result = once("--scenario", str(file))
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        f"fdi-monitor: {file}: steps[0].at: 'soon' is not a duration: write 4s, 1m30s or a number of seconds"
    ]


def test_a_wrong_quota_is_wrong_use() -> None:
    result = once("--quota", "lots")
    assert result.returncode == 2
    assert "write requests per time" in result.stderr


def test_help_has_an_example() -> None:
    result = once("--help")
    assert result.returncode == 0
    assert "fdi-monitor simulate --port 18080" in result.stdout
