"""The image's health check, run as the engine would run it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

[COMMAND] = re.findall(
    r"^HEALTHCHECK .*\\\n +CMD (\[.*\])$", (Path(__file__).parents[2] / "Dockerfile").read_text(), flags=re.MULTILINE
)


class _Answer(BaseHTTPRequestHandler):
    status = 200
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def healthcheck(port: int) -> int:
    python, *arguments = json.loads(COMMAND)
    assert python == "python"
    environment = {**os.environ, "FDI_MONITOR_WEB__PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False).returncode


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (302, 1)])
def test_the_health_check_believes_only_a_200(status: int, code: int) -> None:
    class Answer(_Answer):
        asked: list[str] = []  # noqa: RUF012 - one list for the one server

    Answer.status = status
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            assert healthcheck(server.server_port) == code
        finally:
            server.shutdown()
            thread.join()
    assert Answer.asked == ["/healthz"]


def test_the_health_check_fails_when_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert healthcheck(taken.getsockname()[1]) == 1
