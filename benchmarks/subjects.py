"""This service over a simulated cloud, and Alertmanager, as real processes that can be ended and started again.

Both tell one webhook, which notes every request and answers as it is told to.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import yaml
from aiohttp import web

from benchmarks.peers import ALERTMANAGER, free_port
from monitor.clock import now
from monitor.simulator import Scenario, Simulator, SimulatorOptions

NAME = "orders"
ACCOUNT = ("poll_every", "quota", "concurrency")


async def wait(probe: Callable[[], bool], within: float = 40.0) -> bool:
    """Whether it became true within so many seconds."""
    end = asyncio.get_running_loop().time() + within
    while True:
        if probe() or asyncio.get_running_loop().time() > end:
            return probe()
        await asyncio.sleep(0.05)


@dataclass(slots=True)
class Hook:
    """A receiver. It refuses the first `refuses` requests with 429 and `Retry-After: 2`, and takes `slow` seconds."""

    refuses: int = 0
    slow: float = 0.0
    url: str = ""
    tries: list[tuple[float, str, bool]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """Notes when, what, and whether it was taken."""
        body = await request.json()
        taken = self.refuses <= 0
        self.refuses -= 1
        self.tries.append((asyncio.get_running_loop().time(), str(body["status"]), taken))
        await asyncio.sleep(self.slow)
        return web.Response() if taken else web.Response(status=429, headers={"Retry-After": "2"})

    def taken(self, status: str) -> int:
        """How many messages of that status were taken."""
        return sum(took and said == status for _, said, took in self.tries)

    def gap(self) -> float:
        """Seconds between the first two requests."""
        return self.tries[1][0] - self.tries[0][0]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Hook]:
        """Listens while the block runs."""
        app = web.Application()
        app.router.add_post("/", self.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        try:
            yield self
        finally:
            await runner.cleanup()


class Subject(Protocol):
    """What is done to either."""

    url: str

    async def start(self) -> None: ...

    def end(self, number: signal.Signals) -> None: ...

    async def fires(self) -> None: ...

    async def resolves(self) -> None: ...


class Running:
    """A process with a log, that can be ended and started again."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def spawn(self, command: list[str], **environment: str) -> None:
        """Starts it."""
        with (self.folder / "log").open("ab") as log:
            environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.folder), **environment}
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env=environ)

    @property
    def pid(self) -> int:
        """Its process id, 0 while it does not run."""
        return self._process.pid if self._process else 0

    def end(self, number: signal.Signals) -> None:
        """Ends it by a signal."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(20)
            self._process = None


def account(sim: Simulator, name: str = "prod", **more: Any) -> dict[str, Any]:
    """The simulated cloud as an account of the policy, polled every second; the keys are in the environment."""
    known = sim.credentials
    return {
        "name": name,
        "region": known.region,
        "endpoint": known.url,
        "iam_endpoint": known.url,
        "project_id": known.project_id,
        "auth": {"aksk": {"access_key": "${AK}", "secret_key": "${SK}"}},
        "poll_every": "1s",
        **more,
    }


class Ours(Running):
    """This service. What fires is in the simulated cloud, which it polls every second."""

    def __init__(self, folder: Path, hook: Hook, interval: str, sim: Simulator, **account_and_route: Any) -> None:
        """What is given beside overrides keys of the account and of the route. It does not look for flapping, as the
        other does not."""
        super().__init__(folder)
        self.sim = sim
        self.settings: dict[str, str] = {}
        """Further settings of the process."""
        polled = account(sim, discover={})
        route = {"receiver": "hook", "group_wait": "1s", "group_interval": interval, "repeat_interval": "1h"}
        for key, value in account_and_route.items():
            (polled if key in ACCOUNT else route)[key] = value
        policy = {
            "accounts": [polled],
            "rules": [{"name": "abnormal", "when": "abnormal > 0", "severity": "critical", "flapping": False}],
            "receivers": [{"name": "hook", "webhook": {"url": hook.url, "timeout": "30s"}}],
            "route": route,
        }
        (folder / "rules").mkdir()
        (folder / "rules" / "policy.yaml").write_text(yaml.safe_dump(policy), encoding="utf-8")

    async def start(self) -> None:
        """Returns when it runs."""
        before = self._addresses()
        known, root = self.sim.credentials, str(Path(__file__).parents[1])
        self.spawn(
            [sys.executable, "-m", "monitor", "run", "--rules", "rules"],
            AK=known.access_key,
            SK=known.secret_key,
            PYTHONPATH=root,
            FDI_MONITOR_DATA="data",
            FDI_MONITOR_WEB__PORT="0",
            FDI_MONITOR_LOG__FORMAT="json",
            **self.settings,
        )
        await wait(lambda: len(self._addresses()) > len(before))
        self.url = self._addresses()[-1]

    def _addresses(self) -> list[str]:
        file = self.folder / "log"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        told = [json.loads(line) for line in lines if line.startswith("{")]
        return [str(line["pages"]) for line in told if line.get("event") == "running"]

    async def fires(self) -> None:
        """A task breaks."""
        self.sim.cloud.put(NAME, {"common": {"abnormal": 1}})

    async def resolves(self) -> None:
        """It recovers."""
        self.sim.cloud.put(NAME, {"common": {"abnormal": 0}})


class Theirs(Running):
    """Alertmanager, with a sender that posts each change once."""

    def __init__(
        self, folder: Path, hook: Hook, interval: str, *, cluster: tuple[int, Sequence[int]] | None = None
    ) -> None:
        """`cluster`: the port at which it gossips, and those of its peers; alone without."""
        super().__init__(folder)
        own, others = cluster or (None, ())
        self._cluster = [f"--cluster.listen-address={f'127.0.0.1:{own}' if own else ''}"]
        self._cluster += [f"--cluster.peer=127.0.0.1:{other}" for other in others]
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        config = {
            "route": {"receiver": "hook", "group_wait": "1s", "group_interval": interval, "repeat_interval": "1h"},
            "receivers": [{"name": "hook", "webhook_configs": [{"url": hook.url}]}],
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        self._began = now()

    async def start(self) -> None:
        """Returns when it is ready."""
        listen = [f"--web.listen-address=127.0.0.1:{self._port}", *self._cluster]
        self.spawn([ALERTMANAGER, "--config.file=config.yaml", "--storage.path=data", *listen])
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"{self.url}/-/ready") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.1)

    async def fires(self) -> None:
        """The sender posts the alert."""
        await self._post(now() + timedelta(hours=1))

    async def resolves(self) -> None:
        """The sender posts its end."""
        await self._post(now())

    async def _post(self, ends: Any) -> None:
        alert = {
            "labels": {"alertname": "abnormal", "instance": NAME},
            "startsAt": self._began.isoformat(),
            "endsAt": ends.isoformat(),
        }
        async with aiohttp.ClientSession() as session, session.post(f"{self.url}/api/v2/alerts", json=[alert]) as told:
            told.raise_for_status()


@asynccontextmanager
async def subject(which: str, folder: Path, hook: Hook, *, interval: str) -> AsyncIterator[Ours | Theirs]:
    """The one that is asked for, started; it ends with the block. `interval` is its `group_interval`."""
    options = SimulatorOptions(instances=1, scenario=Scenario())
    async with hook.open(), Simulator(options) as sim:
        one = Ours(folder, hook, interval, sim) if which == "this service" else Theirs(folder, hook, interval)
        try:
            await asyncio.wait_for(one.start(), 60)
            yield one
        finally:
            one.end(signal.SIGKILL)


async def silence(one: Subject) -> None:
    """Makes a silence of an hour through Alertmanager's API, which both have."""
    body = {
        "matchers": [{"name": "instance", "value": "elsewhere", "isRegex": False, "isEqual": True}],
        "startsAt": now().isoformat(),
        "endsAt": (now() + timedelta(hours=1)).isoformat(),
        "createdBy": "trust",
        "comment": "kept?",
    }
    async with aiohttp.ClientSession() as session, session.post(f"{one.url}/api/v2/silences", json=body) as answer:
        answer.raise_for_status()


async def asked(url: str) -> Any:
    """What a page answers in JSON."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.json()
