"""The example of a receiver of one's own: installed as its users do it, found by its entry point, and put to use."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import fences
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "fdi-monitor-ntfy"
POLICY = """
accounts:
  - {name: prod, region: cn-north-4, auth: {token: none}}
rules:
  - {name: broken, when: abnormal > 0, severity: critical}
receivers:
  - name: phone
    ntfy: {server: "SERVER", topic: fdi, token: tk-canary-81}
  - name: screen
    console: {}
route: {receiver: phone, routes: [{receiver: screen}]}
"""


SNAIL = """
from monitor.notifiers import Options


class Snail:
    Options = Options

    def __init__(self, options, tools):
        pass

    def payload(self, message):
        raise KeyError("shell")

    async def send(self, message):
        return "on its way"
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example, with a plugin that breaks when it is loaded, and with one that breaks at work."""
    folder = tmp_path_factory.mktemp("packages")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    source = tmp_path_factory.mktemp("source") / "example"
    source.mkdir()
    for file in EXAMPLE.iterdir():
        if file.is_file():
            (source / file.name).write_bytes(file.read_bytes())
    subprocess.run(
        [*install, "--no-deps", "--no-build-isolation", "--target", str(folder), str(source)], check=True, timeout=50
    )
    broken = folder / "pigeon-1.0.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon\nVersion: 1.0\n")
    (broken / "entry_points.txt").write_text("[fdi_monitor.notifiers]\npigeon = pigeon:Pigeon\nsnail = snail:Snail\n")
    (folder / "pigeon.py").write_text("raise RuntimeError('no grain')\n")
    (folder / "snail.py").write_text(SNAIL)
    return folder


async def fdi_monitor(packages: Path, folder: Path, *arguments: str) -> tuple[int | None, str]:
    """The exit code and all that was printed, with the packages in reach."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FDI_MONITOR_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "monitor", *arguments),
        cwd=folder,
        env={**environment, "PYTHONPATH": os.pathsep.join((str(packages), str(ROOT)))},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 50)
    return process.returncode, printed.decode()


def policy(folder: Path, server: str) -> None:
    (folder / "rules").mkdir()
    (folder / "rules" / "all.yaml").write_text(POLICY.replace("SERVER", server))


async def test_the_example_is_a_kind_like_any_other(packages: Path, tmp_path: Path) -> None:
    seen: list[tuple[dict[str, str], Any]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((dict(request.headers), await request.json()))
        return web.json_response({"id": "x"})

    app = web.Application()
    app.router.add_post("/", handler)
    async with TestServer(app) as server:
        policy(tmp_path, str(server.make_url("")).rstrip("/"))
        code, printed = await fdi_monitor(packages, tmp_path, "notify", "phone", "--rules", "rules")
    assert code == 0, printed
    assert "phone (ntfy): delivered" in printed
    assert "tk-canary-81" not in printed
    [(headers, body)] = seen
    assert headers["Authorization"] == "Bearer tk-canary-81"
    assert (body["topic"], body["title"]) == ("fdi", "[TEST info] test · example")
    assert "nothing is wrong" in body["message"]


async def test_a_broken_plugin_is_reported_and_harms_nobody(packages: Path, tmp_path: Path) -> None:
    policy(tmp_path, "https://ntfy.example.com")
    code, printed = await fdi_monitor(packages, tmp_path, "check", "rules")
    assert code == 0, printed
    assert "the receiver kind pigeon (pigeon:Pigeon) cannot be loaded: RuntimeError: no grain" in printed
    told, _ = await fdi_monitor(packages, tmp_path, "notify", "screen", "--rules", "rules")
    assert told == 0


async def test_a_plugin_that_breaks_at_work_breaks_its_own_message_alone(packages: Path, tmp_path: Path) -> None:
    policy(tmp_path, "https://ntfy.example.com")
    file = tmp_path / "rules" / "all.yaml"
    both = POLICY.replace("    console: {}\n", "    snail: {}\n    console: {}\n").replace(
        "SERVER", "https://x.example"
    )
    await asyncio.to_thread(file.write_text, both)
    code, printed = await fdi_monitor(packages, tmp_path, "notify", "screen", "--rules", "rules")
    assert code == 1
    assert "screen (snail): unreachable: the notifier itself failed: TypeError: send() of a notifier gives" in printed
    assert "screen (console): delivered" in printed


async def test_the_schema_knows_the_example(packages: Path, tmp_path: Path) -> None:
    _, printed = await fdi_monitor(packages, tmp_path, "schema")
    properties = json.loads(printed)["$defs"]["ReceiverForm"]["properties"]
    assert "ntfy" in properties
    assert "pigeon" not in properties


def test_the_documents_show_the_example_as_it_is_and_it_is_short() -> None:
    code = (EXAMPLE / "fdi_monitor_ntfy.py").read_text(encoding="utf-8")
    assert len(code.splitlines()) <= 40
    shown = [block.text for block in fences.blocks("python", page="docs/receivers.md")]
    assert code in shown
